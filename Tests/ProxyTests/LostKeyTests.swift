import Foundation
import SluiceCommands
import SluiceProxy
import SluiceRouting
import Testing

/// Law 3: an update is repeated only on what it was made from. A stack that is equal may still lose a key at any moment, to an
/// expiry or an eviction, and then an update makes something else there: half a hash, a counter that starts at 1.
///
/// Here the loss is a deletion behind the proxy's back, so that it happens exactly between two commands.
@Suite(.serialized) struct LostKeyTests {
  /// What makes the keys, and the update whose reply an absent key may also have led to.
  struct Update: Sendable {
    let made: [String]
    let update: String
    /// The key that one stack loses.
    var lost = "k"
    /// What is compared afterwards.
    var key = "k"
    /// Whether the primary's loss can show: an update that finds nothing and does nothing is not repeated.
    var showsAtPrimary = true
  }

  static let updates: [Update] = [
    Update(made: ["HSET k a 1"], update: "HSET k b 2"),
    Update(made: ["HSET k a 1"], update: "HMSET k b 2"),
    Update(made: ["HSET k a 1"], update: "HSETNX k b 2"),
    Update(made: ["HSET k a 1"], update: "HINCRBY k n 3"),
    Update(made: ["HSET k a 1"], update: "HINCRBYFLOAT k n 0.5"),
    Update(made: ["HSET k a 1 n 2"], update: "HINCRBYFLOAT k n 0.5"),
    Update(made: ["SADD k a"], update: "SADD k b"),
    Update(made: ["SADD k a", "SADD s b"], update: "SMOVE s k b"),
    Update(made: ["ZADD k 1 a"], update: "ZADD k 2 b"),
    Update(made: ["ZADD k 1 a"], update: "ZINCRBY k 2 b"),
    Update(made: ["ZADD k 0 a 0 b"], update: "ZREMRANGEBYLEX k - (b"),
    Update(made: ["GEOADD k 1 1 a"], update: "GEOADD k 2 2 b"),
    Update(made: ["RPUSH k a"], update: "RPUSH k b"),
    Update(made: ["RPUSH k a"], update: "LPUSH k b"),
    Update(made: ["RPUSH k a b"], update: "LSET k 1 c", showsAtPrimary: false),
    Update(made: ["RPUSH k a", "RPUSH l b"], update: "RPOPLPUSH l k"),
    Update(made: ["RPUSH k a", "RPUSH l b"], update: "LMOVE l k LEFT LEFT"),
    Update(made: ["XADD k 1-1 a 1"], update: "XADD k * b 2"),
    Update(made: ["XADD k 1-1 a 1"], update: "XGROUP CREATE k g 0 MKSTREAM"),
    Update(made: ["SET k 0 EX 900"], update: "INCR k"),
    Update(made: ["SET k 0 EX 900"], update: "INCRBY k 7"),
    Update(made: ["SET k 0 EX 900"], update: "DECR k"),
    Update(made: ["SET k 0 EX 900"], update: "DECRBY k 7"),
    Update(made: ["SET k 0 EX 900"], update: "INCRBYFLOAT k 0.5"),
    Update(made: ["SET k  EX 900"], update: "APPEND k text"),
    Update(made: ["SET k a EX 900"], update: "SETBIT k 100 1"),
    Update(made: ["SET k a EX 900"], update: "SETRANGE k 4 text"),
    Update(made: ["SET k a EX 900"], update: "BITFIELD k SET u8 32 1"),
    Update(made: ["SET k abcd"], update: "SETBIT k 0 1"),
    Update(made: ["SET k abcd"], update: "SETBIT k 31 1", showsAtPrimary: false),
    Update(made: ["SET k abcd"], update: "SETRANGE k 1 x"),
    Update(made: ["SET k abcd"], update: "SETRANGE k 3 x", showsAtPrimary: false),
    Update(made: ["SET k abcd"], update: "BITFIELD k SET u1 0 1"),
    Update(made: ["SET k abcd"], update: "BITFIELD k SET u1 31 1", showsAtPrimary: false),
    Update(made: ["SET k a EX 900"], update: "SET k b KEEPTTL"),
    Update(made: ["PFADD k a"], update: "PFADD k b"),
    Update(made: ["PFADD s a", "PFADD t b"], update: "PFMERGE k s t", lost: "s"),
    Update(made: ["SET s ab", "SET t cd"], update: "BITOP OR k s t", lost: "s"),
    Update(made: ["SADD s a b", "SADD t c"], update: "SUNIONSTORE k s t", lost: "s"),
    Update(made: ["SADD s a b", "SADD t b"], update: "SDIFFSTORE k s t", lost: "t"),
    Update(made: ["SADD s a b", "SADD t b"], update: "SINTERSTORE k s t", lost: "s"),
    Update(made: ["ZADD s 1 a", "ZADD t 1 a"], update: "ZUNIONSTORE k 2 s t", lost: "s"),
    Update(made: ["ZADD s 1 a", "ZADD t 1 a"], update: "ZINTERSTORE k 2 s t", lost: "s"),
    Update(made: ["ZADD s 1 a 1 b", "ZADD t 1 a"], update: "ZDIFFSTORE k 2 s t", lost: "t"),
    Update(made: ["ZADD s 1 a 1 b"], update: "ZRANGESTORE k s 0 -1", lost: "s"),
    Update(made: ["GEOADD s 1 1 a"], update: "GEOSEARCHSTORE k s FROMLONLAT 1 1 BYRADIUS 9 km", lost: "s"),
    Update(made: ["GEOADD s 1 1 a"], update: "GEORADIUS s 1 1 9 km STORE k", lost: "s"),
    Update(
      made: ["GEOADD s 1 1 a"], update: "GEORADIUSBYMEMBER s a 9 km STORE k", lost: "s", showsAtPrimary: false
    ),
    Update(made: ["RPUSH s 2 1"], update: "SORT s STORE k", lost: "s"),
    Update(made: ["SET s a"], update: "COPY s k", lost: "s", showsAtPrimary: false),
    Update(made: ["SET s a"], update: "RENAME s k", lost: "s", showsAtPrimary: false),
    Update(made: ["SET s a"], update: "RENAMENX s k", lost: "s", showsAtPrimary: false),
    Update(made: ["SET k a EX 9"], update: "EXPIRE k 900", showsAtPrimary: false),
    Update(made: ["SET k a EX 9"], update: "PEXPIRE k 900000", showsAtPrimary: false),
    Update(made: ["SET k a EX 9"], update: "EXPIREAT k 9999999999", showsAtPrimary: false),
    Update(made: ["SET k a EX 9"], update: "PEXPIREAT k 9999999999000 GT", showsAtPrimary: false),
    Update(made: ["SET k a EX 9"], update: "GETEX k EX 900", showsAtPrimary: false),
    Update(made: ["SET k a EX 9"], update: "GETEX k PERSIST", showsAtPrimary: false),
    Update(made: ["SET k a EX 9"], update: "PERSIST k", showsAtPrimary: false),
  ]

  @Test func aKeyThatOneStackHasLostIsCopied() async throws {
    let (legacy, new) = (try RealRedis(), try RealRedis())
    defer {
      legacy.stop()
      new.stop()
    }
    try legacy.waitUntilReady()
    try new.waitUntilReady()
    try await Bench.run(
      legacy: .unix(legacy.socketPath, "legacy-stack"), new: .unix(new.socketPath, "new-stack"),
      routing: .at(.dualwrite)
    ) { bench in
      let (client, primary, mirror) = (try bench.client(), try legacy.client(), try new.client())
      for row in LostKeyTests.updates {
        let isEqual = {
          try primary.digest(of: row.key) == mirror.digest(of: row.key)
            && primary.ask("TTL", row.key).hasPrefix(":-") == mirror.ask("TTL", row.key).hasPrefix(":-")
        }
        for loser in row.showsAtPrimary ? [mirror, primary] : [mirror] {
          for command in row.made { try client.ask(command.words).isNoError() }
          #expect(try eventually { try mirror.ask("EXISTS", row.lost) == ":1\r\n" && isEqual() })
          // The proofs of those as well: one that found the loss would hide what the update makes of it.
          #expect(
            eventually { bench.health().allSatisfy { $0.legacyMirrorQueue == 0 && $0.newMirrorQueue == 0 } })
          #expect(try loser.ask("DEL", row.lost) == ":1\r\n")
          try client.ask(row.update.words).isNoError()
          try #require(
            try eventually { try isEqual() && bench.health().allSatisfy { $0.newSuspects == 0 } },
            "\(row.update), lost by the \(loser === mirror ? "mirror" : "primary")")
          _ = try client.ask("DEL", "k", "l", "s", "t")
          #expect(
            try eventually { try mirror.ask("DBSIZE") == ":0\r\n" && primary.ask("DBSIZE") == ":0\r\n" })
        }
      }
    }
  }

  /// Whoever adds an update has to say what its reply tells.
  @Test func everyUpdateIsAmongThem() {
    // Where the stream or its group is gone these answer with an error.
    let telling: Set = [
      "XREADGROUP", "XGROUP|CREATECONSUMER", "XGROUP|DELCONSUMER", "XGROUP|DESTROY", "XGROUP|SETID", "XSETID",
      "XCLAIM", "XAUTOCLAIM",
    ]
    let tested = Set(
      LostKeyTests.updates.map { row in
        let words = row.update.words
        return words[0] == "XGROUP" ? "XGROUP|\(words[1])" : words[0]
      })
    for spec in CommandTable.shared.specs
    where spec.isOfRedis70 && spec.mirror != .none && spec.mirror != .copy {
      guard spec.prior == .equal || spec.prior == .existing, !telling.contains(spec.name) else { continue }
      #expect(tested.contains(spec.name))
    }
  }
}

extension String {
  /// Cut at every space: two in a row have an empty word between them.
  fileprivate var words: [String] { components(separatedBy: " ") }

  @discardableResult fileprivate func isNoError() throws -> String {
    if hasPrefix("-") { throw TestFailure(self) }
    return self
  }
}

extension TestSocket {
  /// Of a key's value; two errors would be equal as well.
  fileprivate func digest(of key: String) throws -> String {
    try ask("DEBUG", "DIGEST-VALUE", key).isNoError()
  }
}
