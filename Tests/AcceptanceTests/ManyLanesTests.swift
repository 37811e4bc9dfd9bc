import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Two threads: keys of one command belong to different lanes.
  @Suite struct ManyLanesTests {
    private static let keys = (0..<300).map { "key:\($0)" }

    private func call(_ client: RedisClient, _ words: [String]) throws -> Reply {
      try client.command(words.map { Array($0.utf8) })
    }

    @Test(
      "commands over several keys are whole and in order", arguments: ["off", "shadow", "live", "complete"])
    func split(_ stage: String) throws {
      let stacks = try TwoStacks(stage: stage, percent: 50, threads: 2)
      let client = try stacks.sluice.client()
      #expect(try call(client, ["MSET"] + Self.keys.flatMap { [$0, "v-\($0)"] }) == .status("OK"))
      let mixed = Self.keys.reversed().flatMap { [$0, "nothing:\($0)"] }
      let expected = Self.keys.reversed().flatMap { [Reply.string(Array("v-\($0)".utf8)), .null] }
      #expect(try call(client, ["MGET"] + mixed) == .array(expected))
      // A key that is named twice counts twice where Redis counts it twice.
      #expect(try call(client, ["EXISTS"] + Self.keys + Self.keys) == .integer(600))
      #expect(try call(client, ["DEL"] + Self.keys + Self.keys) == .integer(300))
      #expect(try client.command("DBSIZE") == .integer(0))
    }

    @Test(
      "commands that cannot be split hold the lanes and run whole",
      arguments: ["off", "dualwrite", "shadow", "complete"])
    func exclusive(_ stage: String) throws {
      let stacks = try TwoStacks(stage: stage, threads: 2)
      let client = try stacks.sluice.client()
      for index in 0..<20 {
        let (a, b, c) = ("a\(index)", "b\(index)", "c\(index)")
        #expect(try client.command("SADD", a, "1", "2") == .integer(2))
        #expect(try client.command("SADD", b, "2", "3") == .integer(2))
        #expect(try client.command("SUNIONSTORE", c, a, b) == .integer(3))
        #expect(try client.command("SCARD", c) == .integer(3))
        #expect(try client.command("RENAME", c, "renamed:\(index)") == .status("OK"))
        #expect(try client.command("EXISTS", c, "renamed:\(index)") == .integer(1))
        #expect(try client.command("MSETNX", "x\(index)", "1", "y\(index)", "2") == .integer(1))
        #expect(try client.command("MSETNX", "x\(index)", "9", "z\(index)", "9") == .integer(0))
        #expect(try client.command("PFADD", "h1\(index)", "a") == .integer(1))
        #expect(try client.command("PFADD", "h2\(index)", "b") == .integer(1))
        #expect(try client.command("PFCOUNT", "h1\(index)", "h2\(index)") == .integer(2))
      }
      #expect(try client.command("DBSIZE") == .integer(20 * 7))
      #expect(try client.command("FLUSHALL") == .status("OK"))
      #expect(try client.command("DBSIZE") == .integer(0))
    }

    @Test("a pipeline over both lanes is answered in its order")
    func pipelineOrder() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50, threads: 2)
      let clients = try (0..<4).map { _ in try stacks.sluice.client() }
      for round in 0..<5 {
        for (number, client) in clients.enumerated() {
          for key in Self.keys {
            try client.append("SET", "\(number):\(key)", "\(round):\(key)")
            try client.append("GET", "\(number):\(key)")
            try client.append("ECHO", key)
            try client.append("MGET", "\(number):\(key)", "nothing")
          }
        }
        for client in clients {
          for key in Self.keys {
            let value = Reply.string(Array("\(round):\(key)".utf8))
            #expect(try client.reply() == .status("OK"))
            #expect(try client.reply() == value)
            #expect(try client.reply() == .string(Array(key.utf8)))
            #expect(try client.reply() == .array([value, .null]))
          }
        }
      }
      try stacks.expectAgreement()
    }

    @Test("FLUSHALL empties both stacks in every stage that writes to both", arguments: [1, 2])
    func flush(threads: Int) throws {
      for stage in ["dualwrite", "shadow", "live", "rampdown"] {
        let stacks = try TwoStacks(stage: stage, percent: 50, threads: threads)
        let client = try stacks.sluice.client()
        for key in Self.keys { try client.append("SET", key, "v") }
        try client.append("FLUSHALL")
        for _ in 0...Self.keys.count { #expect(try client.reply() == .status("OK")) }
        try eventually("\(stage): both stacks are empty") {
          try stacks.legacy.client().command("DBSIZE") == .integer(0)
            && stacks.new.client().command("DBSIZE") == .integer(0)
        }
        #expect(try client.command("SET", "after", "1") == .status("OK"), "\(stage)")
        #expect(try client.command("GET", "after") == .string(Array("1".utf8)), "\(stage)")
      }
    }
  }
}
