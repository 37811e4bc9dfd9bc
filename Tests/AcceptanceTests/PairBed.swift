import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

/// Two servers that may differ, with a proxy in front of them, and values of every type.
final class PairBed {
  let pair: ServerPair
  let legacy: RedisServer
  let new: RedisServer
  let sluice: SluiceProcess

  /// - Parameter yaml: more of `sluice.yaml`.
  init(_ pair: ServerPair, yaml: String = "") throws {
    self.pair = pair
    legacy = try RedisServer(.port, pair.legacy)
    new = try RedisServer(.port, pair.new)
    var options = SluiceProcess.Options(stage: "off")
    options.flags = FlagText.make(stage: "off", compare: 0)
    options.yaml = yaml
    sluice = try SluiceProcess(legacy: legacy.url, new: new.url, options)
  }

  /// Puts values of every type into legacy, past the proxy: small ones, those with times, and some that are too large for one piece.
  func plant() throws {
    let client = try legacy.client()
    for number in 0..<12 {
      try client.append("SET", "s\(number)", "v\(number)")
      try client.append("SET", "e\(number)", "\(number)", "EX", "1000")
      try client.append(
        "HSET", "h\(number)", "f", "\(number)", "g", String(repeating: "x", count: 40 * number))
      try client.append("RPUSH", "l\(number)", "a", "\(number)", "b", "a")
      try client.append("SADD", "i\(number)", "1", "\(number + 2)")
      try client.append("SADD", "t\(number)", "m", "n\(number)")
      try client.append("ZADD", "z\(number)", "1.1", "a", "-inf", "b", "\(number).3", "c")
      for _ in 0..<7 { _ = try client.reply() }
    }
    try words(["PFADD", "hll"] + (0..<100).map { "\($0)" })
    try words(["SETBIT", "bits", "7777", "1"])
    try words(["SADD", "large:set"] + (0..<20_000).map { "m\($0)" })
    try words(["RPUSH", "large:list"] + (0..<20_000).map { "e\($0)" })
    try words(["HSET", "large:hash"] + (0..<20_000).flatMap { ["f\($0)", "v\($0)"] })
    try words(["ZADD", "large:zset"] + (0..<20_000).flatMap { ["\($0).25", "m\($0)"] })
    try words(["SET", "large:string", String(repeating: "0123456789", count: 150_000)])
    try words(["PEXPIRE", "large:set", "900000"])
    for number in 1...9000 { try client.append("XADD", "large:stream", "\(number)-1", "f", "\(number)") }
    for _ in 1...9000 { _ = try client.reply() }
    for number in 1...6 { try words(["XADD", "stream", "\(number)-1", "f", "\(number)"]) }
    for key in ["stream", "large:stream"] {
      try words(["XGROUP", "CREATE", key, "g", "0"])
      try words(["XGROUP", "CREATE", key, "idle", "3-1"])
      try words(["XREADGROUP", "GROUP", "g", "c", "COUNT", "4", "STREAMS", key, ">"])
      try words(["XREADGROUP", "GROUP", "g", "d", "COUNT", "1", "STREAMS", key, ">"])
      try words(["XACK", key, "g", "2-1"])
      // A pending entry whose entry is gone.
      try words(["XDEL", key, "3-1"])
    }
    try words(["XGROUP", "CREATE", "nothing", "g", "$", "MKSTREAM"])
    if [.redis82, .valkey91].contains(pair.legacy), [.redis82, .valkey91].contains(pair.new) {
      try words(["HSET", "fields", "a", "1", "b", "2"])
      try words(["HPEXPIRE", "fields", "900000", "FIELDS", "1", "a"])
      try words(["HSET", "large:fields"] + (0..<9000).flatMap { ["f\($0)", "v\($0)"] })
      try words(["HPEXPIRE", "large:fields", "900000", "FIELDS", "1", "f7"])
    }
  }

  private func words(_ words: [String]) throws {
    if case .error(let text) = try legacy.client().command(words.map { Array($0.utf8) }) {
      throw TestFailure("\(words[0]) \(words[1]): \(text)")
    }
  }

  /// What a key is expected to hold.
  enum Value: Equatable {
    case text(String)
    case list([String])
    case field(String)
  }

  /// Writes to keys of several types while one server stands still for longer than a command may take.
  func write(_ prefix: String, while server: RedisServer) throws -> [String: Value] {
    let client = try sluice.client()
    var expected: [String: Value] = [:]
    for number in 0..<30 { _ = try client.command("SET", "\(prefix):s\(number)", "old") }
    server.pause()
    defer { server.resume() }
    for number in 0..<30 {
      _ = try client.command("SET", "\(prefix):s\(number)", "new")
      _ = try client.command("INCR", "\(prefix):n\(number)")
      _ = try client.command("RPUSH", "\(prefix):l\(number)", "a", "b")
      _ = try client.command("HSET", "\(prefix):h\(number)", "f", "\(number)")
      expected["\(prefix):s\(number)"] = .text("new")
      expected["\(prefix):n\(number)"] = .text("1")
      expected["\(prefix):l\(number)"] = .list(["a", "b"])
      expected["\(prefix):h\(number)"] = .field("\(number)")
    }
    Thread.sleep(forTimeInterval: 1.5)
    return expected
  }

  /// What clients of the proxy find.
  func expect(_ expected: [String: Value]) throws {
    let client = try sluice.client()
    var wrong: [String] = []
    for (key, value) in expected {
      let isRight =
        switch value {
        case .text(let text): try client.command("GET", key).text == text
        case .list(let elements):
          try client.command("LRANGE", key, "0", "-1") == .array(elements.map { .string(Array($0.utf8)) })
        case .field(let text): try client.command("HGET", key, "f").text == text
        }
      if !isRight { wrong.append(key) }
    }
    #expect(wrong.isEmpty, "\(wrong.count) of \(expected.count): \(wrong.sorted().prefix(5))")
  }

  /// Nothing is on its way any more, and nothing waits for its repair.
  func settle() throws {
    try eventually(within: .seconds(20), "it settles: \((try? sluice.status().description) ?? "")") {
      let status = try sluice.status()
      return ["legacy", "new"].allSatisfy {
        status.text("stacks.\($0).health") == "up" && status.number("stacks.\($0).suspects") == 0
          && status.number("stacks.\($0).mirror_queue") == 0
      }
    }
  }

  /// Both servers hold the same keys, values and times, groups and pending entries of streams too.
  func expectEqual(atLeast least: Int = 91) throws {
    let (left, right) = (try legacy.client(), try new.client())
    let keys = try names(left)
    #expect(try keys == names(right))
    #expect(keys.count >= least)
    for key in keys {
      let (one, other) = (try content(of: key, left), try content(of: key, right))
      #expect(one == other, "\(key)")
      guard case .integer(let time) = try left.command("PTTL", key),
        case .integer(let otherTime) = try right.command("PTTL", key)
      else { continue }
      #expect((time < 0) == (otherTime < 0) && abs(time - otherTime) < 2000, "\(key): \(time), \(otherTime)")
    }
  }

  /// What both servers hold is the same; either may lack keys.
  func expectEqualWhereBothHave() throws {
    let (left, right) = (try legacy.client(), try new.client())
    let others = Set(try names(right))
    for key in try names(left) where others.contains(key) {
      let (one, other) = (try content(of: key, left), try content(of: key, right))
      #expect(one == other, "\(key)")
    }
  }

  private func names(_ client: RedisClient) throws -> [String] {
    guard case .array(let keys) = try client.command("KEYS", "*") else { return [] }
    return keys.compactMap(\.text).sorted()
  }

  private func content(of key: String, _ client: RedisClient) throws -> [String] {
    let type = try client.command("TYPE", key).text ?? ""
    func texts(_ words: String...) throws -> [String] {
      try PairBed.flat(client.command(words.map { Array($0.utf8) }))
    }
    switch type {
    case "string": return try texts("GET", key)
    case "list": return try texts("LRANGE", key, "0", "-1")
    case "set": return try texts("SMEMBERS", key).sorted()
    case "zset":
      return try texts("ZRANGE", key, "0", "-1", "WITHSCORES").map { Double($0).map { "\($0)" } ?? $0 }
    case "hash":
      let found = try texts("HGETALL", key)
      let pairs = stride(from: 0, to: found.count - 1, by: 2).map { "\(found[$0])=\(found[$0 + 1])" }.sorted()
      guard key.contains("fields") else { return pairs }
      let timed = key == "fields" ? "a" : "f7"
      return pairs + (try texts("HPEXPIRETIME", key, "FIELDS", "2", timed, "b"))
    default:
      var parts = try texts("XRANGE", key, "-", "+")
      for group in ["g", "idle"] {
        parts.append(group)
        guard case .array(let pending) = try client.command("XPENDING", key, group, "-", "+", "100") else {
          continue
        }
        // Id, consumer and deliveries; the idle time goes on.
        for entry in pending {
          if case .array(let parts4) = entry {
            parts += [parts4[0], parts4[1], parts4[3]].flatMap(PairBed.flat)
          }
        }
        guard case .array(let consumers) = try client.command("XINFO", "CONSUMERS", key, group) else {
          continue
        }
        for consumer in consumers {
          if case .array(let fields) = consumer { parts += PairBed.flat(fields[1]) }
        }
      }
      guard case .array(let infos) = try client.command("XINFO", "GROUPS", key) else { return parts }
      for info in infos {
        guard case .array(let fields) = info else { continue }
        let names = fields.map { $0.text ?? "" }
        if let place = names.firstIndex(of: "last-delivered-id") { parts += PairBed.flat(fields[place + 1]) }
      }
      return parts
    }
  }

  private static func flat(_ reply: Reply) -> [String] {
    switch reply {
    case .array(let elements): elements.flatMap(flat)
    case .integer(let number): ["\(number)"]
    case .null: ["nil"]
    case .string, .status, .error: [reply.text ?? ""]
    }
  }
}
