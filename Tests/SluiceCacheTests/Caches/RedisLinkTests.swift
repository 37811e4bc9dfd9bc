import SluiceLoadGenerator
import SluiceTestSupport
import Synchronization
import Testing

@testable import SluiceCache

/// Many tasks, few connections, and a Redis that is far away, slow, or gone.
@Suite(.serialized) struct RedisLinkTests {
  private func cache(
    _ port: Int, _ change: (inout RedisCache.Settings) -> Void = { _ in }
  ) throws -> RedisCache {
    var settings = RedisCache.Settings(url: "redis://127.0.0.1:\(port)")
    settings.l1Entries = nil
    settings.connectTimeout = .seconds(5)
    settings.commandTimeout = .seconds(5)
    change(&settings)
    return try RedisCache(settings)
  }

  @Test("200 reads at once from a Redis that is 50 ms away take one way there, and not fifty")
  func manyCommandsAreUnderWayAtOnce() async throws {
    let server = try RedisServer()
    let far = try Forwarder(to: Int(server.port), delay: .milliseconds(50))
    let cache = try cache(far.port)
    for number in 0..<8 { await cache.set("k\(number)", to: .int(number)) }
    // On a loaded machine one of a few tries has the cores for itself.
    var best = Duration.seconds(100)
    for _ in 0..<5 where best > .milliseconds(60) {
      let times = await withTaskGroup(of: Duration.self) { group in
        for number in 0..<200 {
          group.addTask {
            let start = ContinuousClock.now
            #expect(await cache.value(for: "k\(number % 8)") == .int(number % 8))
            return .now - start
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      best = min(best, times.sorted()[100])
    }
    #expect(best >= .milliseconds(50))
    #expect(best <= .milliseconds(60))
    #expect(far.accepted <= 2)
  }

  @Test("a deadline fires at its time, waiting for a turn included, and late answers are nobody else's")
  func deadlines() async throws {
    let server = try RedisServer()
    let far = try Forwarder(to: Int(server.port), delay: .milliseconds(400))
    let cache = try cache(far.port) { $0.commandTimeout = .seconds(5) }
    await cache.set("k", to: 1)
    let slow = try self.cache(far.port) {
      $0.commandTimeout = .milliseconds(200)
      $0.connections = 1
      $0.retryAfter = .zero
    }
    // The connection is there, so that its making is not what is measured.
    _ = await slow.lookup("k")
    var worst = Duration.zero
    for attempt in 0..<3 where attempt == 0 || worst > .milliseconds(230) {
      let times = await withTaskGroup(of: Duration.self) { group in
        for _ in 0..<200 {
          group.addTask {
            let start = ContinuousClock.now
            let found = await slow.lookup("k")
            #expect(found.value == nil)
            return .now - start
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      worst = times.max() ?? .zero
      #expect((times.min() ?? .zero) >= .milliseconds(199))
    }
    #expect(worst <= .milliseconds(230))
    #expect(slow.lastFailure?.context["reason"] == "timeout")
  }

  @Test(
    "a slow answer costs its own operation the deadline, the connection goes on, and the late answer is nobody else's"
  )
  func aSlowAnswerIsNotADeadServer() async throws {
    let server = try RedisServer()
    let far = try Forwarder(to: Int(server.port), delay: .milliseconds(300))
    let cache = try cache(far.port) {
      $0.commandTimeout = .milliseconds(700)
      $0.connections = 1
    }
    await cache.set("a", to: "first")
    await cache.set("b", to: "second")
    // The answer to this one arrives while the write below waits: something has come since the write left.
    async let read = cache.value(for: "b")
    try await Task.sleep(for: .milliseconds(100))
    server.pause()
    async let write = cache.set("a", to: "third")
    #expect(await read == "second")
    #expect(await !write)
    server.resume()
    for _ in 0..<3 {
      #expect(await cache.value(for: "a") == "third")
      #expect(await cache.value(for: "b") == "second")
    }
    #expect(far.accepted == 1)
    #expect(cache.lastFailure == nil)
  }

  @Test(
    "a cancelled task is back at once, its connection serves the others, and what it asked is nobody's answer"
  )
  func cancellation() async throws {
    let server = try RedisServer()
    let far = try Forwarder(to: Int(server.port), delay: .milliseconds(400))
    let cache = try cache(far.port) { $0.connections = 1 }
    await cache.set("k", to: 1)
    var best = Duration.seconds(1)
    for _ in 0..<5 where best > .milliseconds(5) {
      let tasks = (0..<100).map { _ in Task { await cache.lookup("k") } }
      try await Task.sleep(for: .milliseconds(50))
      let start = ContinuousClock.now
      for task in tasks { task.cancel() }
      for task in tasks {
        guard case .miss(.failed(let error)) = await task.value else {
          Issue.record("an answer before its time")
          continue
        }
        #expect(error.context["reason"] == "cancelled")
      }
      best = min(best, .now - start)
    }
    #expect(best <= .milliseconds(5))
    #expect(await cache.value(for: "k") == 1)
    // Nothing is wrong with Redis.
    #expect(cache.lastFailure == nil)
    #expect(far.accepted == 1)
  }

  @Test("a task that is cancelled before it asks asks nothing")
  func cancelledBefore() async throws {
    let server = try RedisServer()
    let cache = try cache(Int(server.port))
    await cache.set("k", to: 1)
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      return await cache.set("k", to: 2)
    }
    task.cancel()
    #expect(await !task.value)
    #expect(await cache.value(for: "k") == 1)
  }

  @Test("a read that a broken connection swallowed is asked again, unseen; a write is not")
  func retries() async throws {
    let server = try RedisServer()
    let far = try Forwarder(to: Int(server.port), delay: .milliseconds(300))
    let cache = try cache(far.port) { $0.connections = 1 }
    await cache.set("k", to: 1)
    async let read = cache.lookup("k")
    try await Task.sleep(for: .milliseconds(100))
    far.cut()
    #expect(await read == .hit(1))
    #expect(far.accepted == 2)
    #expect(cache.lastFailure == nil)
    async let write = cache.store("k", 2, ttl: nil)
    try await Task.sleep(for: .milliseconds(100))
    far.cut()
    guard case .failure(let error) = await write else {
      Issue.record("nobody can know whether it came to pass")
      return
    }
    #expect(error.context["reason"] == "closed")
    // It has, once, and the next operation finds a new connection.
    #expect(await cache.value(for: "k") == 2)
  }

  @Test("a Redis with a password, an own database and RESP3")
  func introduction() async throws {
    let server = try RedisServer(password: "se cret")
    var settings = RedisCache.Settings(url: "redis://127.0.0.1:\(server.port)/7")
    settings.password = "se cret"
    settings.connectTimeout = .seconds(5)
    settings.commandTimeout = .seconds(5)
    for speaksRESP3 in [false, true] {
      settings.speaksRESP3 = speaksRESP3
      let cache = try RedisCache(settings)
      #expect(await cache.set("k", to: ["a": 1.5]))
      #expect(await cache.value(for: "k") == ["a": 1.5])
      #expect(await cache.value(for: "nothing") == nil)
      #expect(await cache.invalidate(pattern: "nothing*") == 0)
    }
    #expect(try server.client(database: 7).command("EXISTS", "k") == .integer(1))
    #expect(try server.client().command("EXISTS", "k") == .integer(0))
    settings.password = "wrong"
    let stranger = try RedisCache(settings)
    let error = await #expect(throws: CacheError.self) { try await stranger.connect() }
    #expect(error?.context["reason"] == "refused")
    #expect(error?.message.contains("se cret") == false)
  }

  @Test("a cache that is dropped closes its connections")
  func dropping() async throws {
    let server = try RedisServer()
    let redis = try server.client()
    do {
      let cache = try cache(Int(server.port))
      for number in 0..<10 { await cache.set("k\(number)", to: 1) }
    }
    try await poll("only the test is connected") {
      (try redis.command("CLIENT", "LIST").text ?? "").split(separator: "\n").count <= 1
    }
  }
}
