import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Scripts run where their keys are, and the keys that they declare are copied behind them.
  @Suite struct ScriptTests {
    private func ask(_ client: RedisClient, _ words: [String]) throws -> Reply {
      try client.command(words.map { Array($0.utf8) })
    }

    private static let release =
      "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"

    @Test("a lock that is taken by SET NX is released by its holder's script alone, on both stacks")
    func lock() throws {
      for stage in ["dualwrite", "shadow", "live"] {
        let stacks = try TwoStacks(stage: stage, percent: 100)
        let client = try stacks.sluice.client()
        #expect(try client.command("SET", "lock", "mine", "NX") == .status("OK"))
        #expect(try client.command("EVAL", Self.release, "1", "lock", "another's") == .integer(0))
        #expect(try client.command("EVAL", Self.release, "1", "lock", "mine") == .integer(1))
        try eventually("\(stage): gone from both") {
          try stacks.legacy.client().command("EXISTS", "lock") == .integer(0)
            && stacks.new.client().command("EXISTS", "lock") == .integer(0)
        }
      }
    }

    @Test(
      "what a script did, at random, by its clock or until its error, is the same on both stacks",
      arguments: [1, 2])
    func effects(threads: Int) throws {
      let stacks = try TwoStacks(stage: "dualwrite", threads: threads)
      let client = try stacks.sluice.client()
      #expect(try ask(client, ["SADD", "s"] + (0..<20).map { "\($0)" }) == .integer(20))
      let scripts: [[String]] = [
        ["local a = redis.call('incr', KEYS[1]) redis.call('expire', KEYS[1], 100) return a", "1", "n"],
        ["return redis.call('spop', KEYS[1], 3)", "1", "s"],
        ["redis.call('rpush', KEYS[1], redis.call('time')[2]) return 1", "1", "l"],
        // It ends in an error, and has written before.
        ["redis.call('set', KEYS[1], 'half') return redis.call('incr', KEYS[2])", "2", "a", "s"],
      ]
      for script in scripts { _ = try ask(client, ["EVAL"] + script) }
      let (legacy, new) = (try stacks.legacy.client(), try stacks.new.client())
      for (question, key) in [("GET", "n"), ("SMEMBERS", "s"), ("LRANGE", "l"), ("GET", "a")] {
        let words = [question, key] + (question == "LRANGE" ? ["0", "-1"] : [])
        let right = try ask(legacy, words)
        #expect(right != .null && right != .array([]), "\(key)")
        try eventually("\(key) is the same on new") {
          "\(try ask(new, words))".sorted() == "\(right)".sorted()
        }
      }
      guard case .integer(let life) = try new.command("TTL", "n") else {
        throw TestFailure("no time to live")
      }
      #expect(life > 90)
    }

    @Test("a script that declares no key reads and computes, and writes nothing")
    func undeclared() throws {
      let stacks = try TwoStacks(stage: "dualwrite")
      let client = try stacks.sluice.client()
      _ = try client.command("SET", "k", "v")
      let sum = "return #ARGV + redis.call('exists', 'k')"
      #expect(try client.command("EVAL", sum, "0", "a", "b") == .integer(3))
      // It came with its body, and is known from now on.
      let sha = try stacks.legacy.client().command("SCRIPT", "LOAD", sum).text ?? ""
      #expect(try client.command("EVALSHA", sha, "0") == .integer(1))
      #expect(try "\(client.command("EVALSHA", "abc", "0"))".contains("NOSCRIPT"))
      #expect(try "\(client.command("FCALL", "f", "0"))".contains("Function not found"))
      for body in ["return redis.call('set', 'k', 'w')", "return redis.call('del', 'k')"] {
        #expect(try "\(client.command("EVAL", body, "0"))".contains("read-only"))
      }
      #expect(try "\(ask(client, ["MULTI"])) \(ask(client, ["EVAL", sum, "0"]))".contains("QUEUED"))
      #expect(try "\(ask(client, ["EXEC"]))".contains("EXECABORT sluice: a script that declares no key"))
      for stack in [stacks.legacy, stacks.new] {
        try eventually("nothing was written") { try stack.client().command("GET", "k").text == "v" }
      }
      #expect(try "\(stacks.sluice.status())".contains("script_without_keys"))
    }

    @Test("while keys are on both stacks, a script that declares no key is refused")
    func undeclaredInLive() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      let client = try stacks.sluice.client()
      #expect(try "\(client.command("EVAL", "return 1", "0"))".contains("while keys are on both stacks"))
      try stacks.sluice.control("STAGE", "live", "100", "FORCE", "of this test")
      #expect(try client.command("EVAL", "return 1", "0") == .integer(1))
    }

    @Test("where a server cannot run a script read-only, one that declares no key is refused, and counted")
    func undeclaredOnAnOldServer() throws {
      let stacks = try TwoStacks(stage: "dualwrite", on: (.redis62, .redis70))
      let client = try stacks.sluice.client()
      for words in [["EVAL", "return redis.call('set', 'k', 'v')", "0"], ["EVALSHA", "abc", "0"]] {
        #expect(try "\(ask(client, words))".contains("declares no key"), "\(words)")
      }
      #expect(try stacks.legacy.client().command("DBSIZE") == .integer(0))
      #expect(try "\(stacks.sluice.status())".contains("script_without_keys"))
    }

    @Test("who has loaded a script is never told NOSCRIPT: not by the other stack, and not after a restart")
    func loaded() throws {
      let stacks = try TwoStacks(stage: "off")
      let client = try stacks.sluice.client()
      let body = "return redis.call('incr', KEYS[1])"
      let sha = try client.command("SCRIPT", "LOAD", body).text ?? ""
      #expect(sha.count == 40)
      #expect(try client.command("SCRIPT", "EXISTS", sha) == .array([.integer(1)]))
      #expect(try stacks.new.client().command("SCRIPT", "EXISTS", sha) == .array([.integer(1)]))
      // One that came with its body is known as well.
      let other = "return redis.call('decr', KEYS[1])"
      #expect(try client.command("EVAL", other, "1", "m") == .integer(-1))
      let otherSHA = try stacks.legacy.client().command("SCRIPT", "LOAD", other).text ?? ""
      func newKnowsBoth() throws -> Bool {
        try stacks.new.client().command("SCRIPT", "EXISTS", sha, otherSHA)
          == .array([.integer(1), .integer(1)])
      }
      try eventually("new has been told both") { try newKnowsBoth() }
      try stacks.sluice.control("STAGE", "dualwrite")
      #expect(try client.command("EVALSHA", sha, "1", "n") == .integer(1))
      try stacks.sluice.control("STAGE", "live", "100")
      #expect(try client.command("EVALSHA", sha, "1", "n") == .integer(2))

      stacks.new.kill()
      try stacks.new.start()
      try eventually("new is back, and knows both") { try newKnowsBoth() }
      #expect(try client.command("SCRIPT", "FLUSH") == .status("OK"))
      #expect(try "\(client.command("EVALSHA", sha, "1", "n"))".contains("NOSCRIPT"))
    }

    @Test("functions are loaded on both stacks, and called where their keys are")
    func functions() throws {
      let stacks = try TwoStacks(stage: "dualwrite")
      let client = try stacks.sluice.client()
      let library =
        "#!lua name=l\nredis.register_function('put', function(k, a) return redis.call('set', k[1], a[1]) end)"
      #expect(try client.command("FUNCTION", "LOAD", library).text == "l")
      #expect(try client.command("FCALL", "put", "1", "k", "v") == .status("OK"))
      try eventually("new has it") { try stacks.new.client().command("GET", "k").text == "v" }
      #expect(try stacks.new.client().command("FCALL", "put", "1", "direct", "v") == .status("OK"))
      try stacks.sluice.control("STAGE", "live", "100")
      #expect(try client.command("FCALL", "put", "1", "k", "w") == .status("OK"))
      #expect(try client.command("FUNCTION", "DELETE", "l") == .status("OK"))
      #expect(try "\(stacks.new.client().command("FCALL", "put", "1", "k", "w"))".contains("not found"))
    }

    @Test("keys of both stacks are refused")
    func bothSides() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      let client = try stacks.sluice.client()
      let keys = (0..<40).map { "k\($0)" }
      let reply = try ask(
        client, ["EVAL", "for i, k in ipairs(KEYS) do redis.call('set', k, 1) end", "\(keys.count)"] + keys)
      #expect("\(reply)".contains("CROSSSTACK"))
      #expect(try ask(client, ["EXISTS"] + keys) == .integer(0))
    }
  }
}
