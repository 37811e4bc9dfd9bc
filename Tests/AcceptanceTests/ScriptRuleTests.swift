import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// What a script touches that it does not declare is known by its rule.
  @Suite struct ScriptRuleTests {
    private static let put =
      "redis.call('set', KEYS[1] .. ':i', ARGV[1]) return redis.call('set', KEYS[1], ARGV[1])"
    private static let add = "return redis.call('incrby', KEYS[1], ARGV[1])"
    private static let count = "return redis.call('incr', 'count')"
    private static func clear(_ name: String) -> String {
      "for i, name in ipairs(redis.call('KEYS', '\(name):*')) do redis.call('DEL', name); end"
    }
    private static let rules = """
      scripts:
        - {sha1: 6b0128bf543d97b833ad5b4ca6524b37a4a70279, keys: ["{KEYS[1]}:i"]}
        - {sha1: 65b45e1e1b8b36c8c3e885080b88ae484e64fde6, mirror: repeat}
        - {sha1: d2f681371ee29cde9e541cc130ed9abcf1afdafc, mirror: primary-only}
      """

    private func stacks(stage: String, percent: Int = 0, threads: Int = 1) throws -> TwoStacks {
      var options = SluiceProcess.Options(stage: stage, percent: percent, threads: threads)
      options.yaml = Self.rules
      return try TwoStacks(options)
    }

    private func ask(_ client: RedisClient, _ words: [String]) throws -> Reply {
      try client.command(words.map { Array($0.utf8) })
    }

    @Test(
      "a key that is made of another one comes along, and on both sides nothing is done", arguments: [1, 2])
    func made(threads: Int) throws {
      let stacks = try stacks(stage: "dualwrite", threads: threads)
      let client = try stacks.sluice.client()
      for round in 0..<20 {
        #expect(try client.command("EVAL", Self.put, "1", "k\(round)", "v") == .status("OK"))
      }
      try eventually("both have all") { try stacks.new.client().command("DBSIZE") == .integer(40) }
      try stacks.sluice.control("STAGE", "live", "50", "FORCE", "of this test")
      var outcomes: Set<Bool> = []
      for round in 0..<20 {
        let sha = try stacks.legacy.client().command("SCRIPT", "LOAD", Self.put).text ?? ""
        let reply = try client.command("EVALSHA", sha, "1", "k\(round)", "w")
        outcomes.insert(reply == .status("OK"))
        let expected = reply == .status("OK") ? "w" : "v"
        if expected == "v" { #expect("\(reply)".contains("CROSSSTACK")) }
        for key in ["k\(round)", "k\(round):i"] {
          #expect(try client.command("GET", key).text == expected)
          try eventually("\(key) on both") {
            try stacks.legacy.client().command("GET", key).text == expected
              && stacks.new.client().command("GET", key).text == expected
          }
        }
      }
      #expect(outcomes == [true, false], "or this proves nothing")
      // Inside of a transaction as well.
      #expect(try client.command("MULTI") == .status("OK"))
      #expect(try client.command("EVAL", Self.put, "1", "{k}", "x") == .status("QUEUED"))
      #expect(try client.command("EXEC") == .array([.status("OK")]))
      try eventually("both have it") {
        try stacks.legacy.client().command("GET", "{k}:i").text == "x"
          && stacks.new.client().command("GET", "{k}:i").text == "x"
      }
    }

    @Test(
      "what is known to be deterministic is repeated, and what came out otherwise is copied",
      arguments: [1, 2])
    func repeated(threads: Int) throws {
      let stacks = try stacks(stage: "dualwrite", threads: threads)
      let client = try stacks.sluice.client()
      for _ in 0..<50 { _ = try client.command("EVAL", Self.add, "1", "n", "2") }
      let new = try stacks.new.client()
      try eventually("equal") { try new.command("GET", "n").text == "100" }
      #expect(!("\(try new.command("INFO", "commandstats").text ?? "")".contains("cmdstat_restore")))
      #expect(try "\(new.command("INFO", "commandstats").text ?? "")".contains("cmdstat_eval:calls=50"))
      _ = try new.command("SET", "n", "7")
      #expect(try client.command("EVAL", Self.add, "1", "n", "2") == .integer(102))
      try eventually("copied") { try new.command("GET", "n").text == "102" }
      #expect("\(try new.command("INFO", "commandstats").text ?? "")".contains("cmdstat_restore"))
    }

    @Test("what a script does by pattern is done on both, unless keys are on both", arguments: [1, 2])
    func pattern(threads: Int) throws {
      let stacks = try stacks(stage: "dualwrite", threads: threads)
      let client = try stacks.sluice.client()
      for number in 0..<30 {
        _ = try client.command("SET", "a:\(number)", "v")
        _ = try client.command("SET", "b:\(number)", "v")
      }
      #expect(try client.command("EVAL", Self.clear("a"), "0") == .null)
      for stack in [stacks.legacy, stacks.new] {
        try eventually("a is gone, b is not") { try stack.client().command("DBSIZE") == .integer(30) }
      }
      try stacks.sluice.control("STAGE", "live", "50", "FORCE", "of this test")
      #expect(try "\(client.command("EVAL", Self.clear("b"), "0"))".contains("CROSSSTACK"))
      #expect(try client.command("DBSIZE") == .integer(30))
      #expect(try "\(client.command("EVAL", Self.clear("b"), "0"))".contains("keys that begin with"))
      try stacks.sluice.control("STAGE", "live", "100", "FORCE", "of this test")
      #expect(try client.command("EVAL", Self.clear("b"), "0") == .null)
      for stack in [stacks.legacy, stacks.new] {
        try eventually("all is gone") { try stack.client().command("DBSIZE") == .integer(0) }
      }
    }

    @Test("names of ours are unknown to clients, on whichever loop they would end", arguments: [1, 2])
    func ours(threads: Int) throws {
      let stacks = try stacks(stage: "dualwrite", threads: threads)
      let client = try stacks.sluice.client()
      let frame = "*3\r\n$3\r\nSET\r\n$6\r\ninside\r\n$1\r\n1\r\n"
      for name in ["MULTI-EXEC", "MULTI-EXEC-RO", "SCRIPT-ON-BOTH", "script-copied", "SCRIPT-ON-PRIMARY"] {
        for count in 0..<6 {
          let words = [name, "\(count)"] + (0..<count).map { "k\($0)" } + [frame]
          #expect(try "\(ask(client, words))".contains("unknown command"), "\(words)")
        }
      }
      for stack in [stacks.legacy, stacks.new] {
        #expect(try stack.client().command("DBSIZE") == .integer(0))
      }
    }

    @Test("primary-only stays where it was, and status names what nobody has a rule for")
    func others() throws {
      let stacks = try stacks(stage: "dualwrite")
      let client = try stacks.sluice.client()
      #expect(try client.command("EVAL", Self.count, "0") == .integer(1))
      #expect(try client.command("EVAL", Self.count, "0") == .integer(2))
      _ = try client.command("EVAL", "return redis.call('set', KEYS[1] .. 'x', 1)", "1", "k")
      let status = try stacks.sluice.status()
      #expect(status.number("scripts.rules") == 3 && status.number("scripts.untold") == 0)
      #expect("\(status)".contains("it makes the names of keys"))
      #expect(try stacks.legacy.client().command("GET", "count").text == "2")
      #expect(try stacks.new.client().command("EXISTS", "count") == .integer(0))
    }
  }
}
