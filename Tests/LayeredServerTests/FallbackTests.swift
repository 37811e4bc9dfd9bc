import Foundation
import SluiceLayeredServer
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Synchronization
import Testing

/// `on_connection_error: memory`: the endpoint goes and comes back, and nothing old is ever answered.
@Suite struct FallbackTests {
  @Test(
    "While the endpoint is away the memory answers; what it was told makes the endpoint's copies go",
    arguments: ["", "p:"])
  func outage(prefix: String) async throws {
    let redis = try RedisServer(extra: ["--save", "", "--dbfilename", "kept.rdb"])
    try await LayeredStack.with(redis: redis, Layers { Self.settings(&$0, prefix) }) { stack in
      let client = try stack.client()
      for key in ["kept", "changed", "gone", "counted"] { try client.run(["SET", key, "1"]) }
      let before = try Self.run(client)
      redis.pause()
      try await Self.until(stack, "memory answers") { $0.memorySince != nil }
      let other = try stack.client()
      #expect(try Self.run(other) != before)
      // A key not written meanwhile is a miss.
      #expect(try other.run(["GET", "kept"]) == .null)
      try other.run(["SET", "changed", "2"])
      #expect(try other.run(["GET", "changed"]).text == "2")
      try other.run(["DEL", "gone"])
      #expect(try other.run(["INCR", "counted"]) == .integer(1))
      redis.resume()
      try await Self.until(stack, "the endpoint answers") { $0.memorySince == nil }
      // Who was served by the memory is sent away, to see that it meets another stack.
      #expect(throws: RedisError.self) { try other.run(["GET", "kept"]) }
      let back = try stack.client()
      #expect(try Self.run(back) != before)
      #expect(try back.run(["GET", "kept"]).text == "1")
      // What the memory was told is a miss now: it may be forgotten, not lied about.
      for key in ["changed", "gone", "counted"] { #expect(try back.run(["GET", key]) == .null, "\(key)") }
      let status = await stack.server.status()
      // A machine that stands still for a moment is an outage as well.
      #expect(status.losses >= 1 && status.recoveries == status.losses && status.staleKeys == 0)
    }
  }

  @Test("FLUSHALL during the outage empties the endpoint's part, and no more", arguments: ["", "p:"])
  func flushed(prefix: String) async throws {
    let redis = try RedisServer()
    try await LayeredStack.with(redis: redis, Layers { Self.settings(&$0, prefix) }) { stack in
      try stack.client().run(["SET", "k", "1"])
      try stack.direct().run(["SET", "other", "1"])
      redis.pause()
      try await Self.until(stack, "memory answers") { $0.memorySince != nil }
      try stack.client().run(["FLUSHALL"])
      redis.resume()
      try await Self.until(stack, "the endpoint answers") { $0.memorySince == nil }
      #expect(try stack.client().run(["GET", "k"]) == .null)
      #expect(try stack.direct().run(["GET", "other"]) == (prefix.isEmpty ? .null : .string([49])))
    }
  }

  @Test("An endpoint that is not there at the start is found when it comes")
  func late() async throws {
    let redis = try RedisServer()
    redis.kill()
    try await LayeredStack.with(redis: redis, Layers { Self.settings(&$0, "") }) { stack in
      try await Self.until(stack, "memory answers") { _ in
        try stack.client().run(["SET", "k", "1"]) == .status("OK")
      }
      try redis.start()
      try await Self.until(stack, "the endpoint answers") { $0.memorySince == nil && $0.recoveries >= 1 }
      try eventually("k is gone") { try stack.client().run(["GET", "k"]) == .null }
    }
  }

  @Test("A connection that ends alone is not an outage")
  func oneConnection() async throws {
    let redis = try RedisServer()
    try await LayeredStack.with(redis: redis, Layers { Self.settings(&$0, "") }) { stack in
      let client = try stack.client()
      try client.run(["SET", "k", "1"])
      let before = try Self.run(client)
      try stack.direct().run(["CLIENT", "KILL", "TYPE", "normal"])
      try eventually("the connection is closed") {
        do {
          _ = try client.run(["PING"])
          return false
        } catch {
          return true
        }
      }
      let again = try stack.client()
      #expect(try again.run(["GET", "k"]).text == "1")
      #expect(try Self.run(again) == before)
      #expect(await stack.server.status().losses == 0)
    }
  }

  @Test("With fail the connection ends as a plain endpoint's would, and a new one is told why")
  func fail() async throws {
    let redis = try RedisServer()
    try await LayeredStack.with(redis: redis, Layers { $0.l1 = .init(entries: 10) }) { stack in
      let client = try stack.client()
      try client.run(["SET", "k", "1"])
      redis.kill()
      try eventually("the connection is closed") {
        do {
          _ = try client.run(["PING"])
          return false
        } catch {
          return true
        }
      }
      guard case .error(let text) = try stack.client().run(["PING"]) else { throw TestFailure("it answered") }
      #expect(text.contains("cannot be used: Connection refused"), "\(text)")
      try redis.start()
      try eventually("it answers again") { try stack.client().run(["GET", "k"]) == .null }
    }
  }

  @Test("Stops, kills and restarts under load: no reader sees a value older than one acknowledged before")
  func chaos() async throws {
    let redis = try RedisServer()
    try await LayeredStack.with(
      redis: redis,
      Layers {
        Self.settings(&$0, "")
        $0.l1 = .init(entries: 20)
        $0.compression = .init(threshold: 64, level: 1)
      }
    ) { stack in
      let endpoint = RedisEndpoint(.unix(path: stack.server.socketPath))
      let owners = KeyOwners(4, at: endpoint, padding: 150)
      defer { owners.stop() }
      for fault in 0..<6 {
        try owners.goOn(300)
        if fault % 2 == 0 { redis.pause() } else { redis.kill() }
        try await Self.until(stack, "memory answers") { $0.memorySince != nil }
        try owners.goOn(300)
        if fault % 2 == 0 { redis.resume() } else { try redis.start() }
        try await Self.until(stack, "the endpoint answers") { $0.memorySince == nil }
      }
      owners.stop()
      #expect(owners.trouble == [])
      let status = await stack.server.status()
      // A machine that stands still for a moment is an outage as well.
      #expect(status.losses >= 6 && status.recoveries == status.losses)
    }
  }

  /// By which a lane tells whether it meets the values that it knows.
  private static func run(_ client: RedisClient) throws -> String {
    let info = try client.run(["INFO", "server"]).text ?? ""
    let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("run_id:") }
    return String(try #require(line))
  }

  private static func settings(_ settings: inout LayeredSettings, _ prefix: String) {
    settings.onConnectionError = .memory
    settings.commandTimeout = 400_000_000
    settings.connectTimeout = 400_000_000
    settings.backoffMaximum = 100_000_000
    settings.keyPrefix = Array(prefix.utf8)
  }

  /// Keeps the stack busy, for it learns of a dead endpoint by what it owes, and polls.
  private static func until(
    _ stack: LayeredStack, _ what: String, _ condition: (LayeredStatus) throws -> Bool
  ) async throws {
    let deadline = MonotonicClock.now() + 20_000_000_000
    while true {
      _ = try? stack.client().run(["GET", "probe"])
      let status = await stack.server.status()
      if (try? condition(status)) == true { return }
      guard MonotonicClock.now() < deadline else { throw TestFailure("not in time: \(what) (\(status))") }
      try await Task.sleep(for: .milliseconds(5))
    }
  }
}
