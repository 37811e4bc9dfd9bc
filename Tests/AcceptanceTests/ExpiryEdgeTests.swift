import Foundation
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Updates that meet the expiry of their key: on one server they may find it, and on the other one a moment later not.
  @Suite struct ExpiryEdgeTests {
    /// What makes a key, and what adds to it.
    private static let pairs = [
      (["HSET", "f", "1"], ["HSET", "g", "2"]), (["SADD", "a"], ["SADD", "b"]),
      (["ZADD", "1", "a"], ["ZADD", "2", "b"]), (["PFADD", "a"], ["PFADD", "b"]),
      (["SET", "a"], ["SETBIT", "90", "1"]), (["SET", "0"], ["INCR"]),
      (["XADD", "*", "f", "1"], ["XADD", "*", "g", "2"]),
      (["RPUSH", "a"], ["RPUSH", "b"]), (["SET", "a"], ["EXPIRE", "600"]), (["HSET", "f", "1"], ["PERSIST"]),
    ]
    private static let keys = 40

    @Test("whatever an update found, both servers hold the same afterwards", arguments: [1, 2])
    func updates(threads: Int) throws {
      let stacks = try UpkeepStacks(stage: "dualwrite", threads: threads)
      let client = try stacks.sluice.client()
      for round in 0..<150 {
        let (make, update) = Self.pairs[round % Self.pairs.count]
        let names = (0..<Self.keys).map { "\(round):\($0)" }
        // A few milliseconds: enough to make all of them, and short enough to wait for at work.
        let deadline = Date().timeIntervalSince1970 * 1000 + 5
        for name in names {
          try client.append(Self.command(make, name))
          try client.append("PEXPIREAT", name, "\(Int(deadline))")
        }
        for _ in 0..<2 * Self.keys { _ = try client.reply() }
        while Date().timeIntervalSince1970 * 1000 < deadline - 0.5 {}
        for name in names { try client.append(Self.command(update, name)) }
        for _ in names { _ = try client.reply() }
      }
      try stacks.expectEqualDigests()
    }

    private static func command(_ words: [String], _ key: String) -> [[UInt8]] {
      ([words[0], key] + words.dropFirst()).map { Array($0.utf8) }
    }
  }
}
