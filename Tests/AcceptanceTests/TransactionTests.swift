import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// `MULTI` … `EXEC` is carried as one block, where its keys are; its effects are on both stacks afterwards.
  @Suite struct TransactionTests {
    private func ask(_ client: RedisClient, _ lines: [String]) throws -> [Reply] {
      for line in lines { try client.append(line.split(separator: " ").map { Array($0.utf8) }) }
      return try lines.map { _ in try client.reply() }
    }

    @Test(
      "every kind of write in a block does on both stacks what it did on one", arguments: [1, 2],
      ["dualwrite", "shadow", "live"])
    func block(threads: Int, stage: String) throws {
      let stacks = try TwoStacks(stage: stage, percent: 100, threads: threads)
      let client = try stacks.sluice.client()
      let (legacy, new) = (try stacks.legacy.client(), try stacks.new.client())
      for round in 0..<30 {
        let replies = try ask(
          client,
          [
            "MULTI", "INCR n", "SET nx:\(round) 1 NX", "SET nx:\(round) 2 NX", "SADD s a b c d e", "SPOP s 2",
            "LPUSH l \(round)",
            "HINCRBYFLOAT h f 0.1", "GET n", "EXPIRE n 1000", "PING", "INCR l",
            "EVAL return(redis.call('incr',KEYS[1])) 1 n",
            "ECHO end", "EXEC",
          ])
        #expect(replies[0] == .status("OK"))
        #expect(replies[1...13].allSatisfy { $0 == .status("QUEUED") }, "\(replies)")
        guard case .array(let answers) = replies[14], answers.count == 13 else {
          throw TestFailure("\(replies)")
        }
        #expect(answers[0] == .integer(Int64(2 * round + 1)) && answers[2] == .null, "\(answers)")
        #expect(answers[7] == .string(Array("\(2 * round + 1)".utf8)) && answers[9] == .status("PONG"))
        // What fails inside fails alone, as in Redis.
        guard case .error(let text) = answers[10] else { throw TestFailure("\(answers)") }
        #expect(text.hasPrefix("WRONGTYPE") && answers[11] == .integer(Int64(2 * round + 2)))
      }
      try eventually("\(stage), \(threads): the same on both") {
        for key in ["n", "s", "l", "h"] {
          let read = ["n": "GET n", "s": "SMEMBERS s", "l": "LRANGE l 0 -1", "h": "HGETALL h"][key] ?? ""
          let (left, right) = (try ask(legacy, [read]), try ask(new, [read]))
          guard "\(left)".sorted() == "\(right)".sorted(), left != [.null], left != [.array([])] else {
            return false
          }
        }
        return try ask(legacy, ["TTL n"]) != [.integer(-1)] && ask(new, ["TTL n"]) != [.integer(-1)]
      }
      #expect(try ask(client, ["MULTI", "EXEC"]).last == .array([]))
    }

    @Test("what is wrong in a block is Redis's error, and nothing of it is carried out")
    func wrong() throws {
      let stacks = try TwoStacks(stage: "dualwrite")
      let client = try stacks.sluice.client()
      let direct = try stacks.legacy.client()
      for lines in [
        ["MULTI", "SET a 1", "NOPE x", "EXEC"], ["MULTI", "SET a", "SET a 1", "EXEC"], ["EXEC"], ["DISCARD"],
        ["MULTI", "MULTI", "DISCARD"], ["MULTI", "SET a 1", "DISCARD"], ["MULTI", "SAVE", "SET a 1", "EXEC"],
        ["MULTI", "EVAL s x", "EXEC"], ["MULTI-EXEC 0 x"], ["MULTI", "MULTI-EXEC 1 a b", "EXEC"],
      ] {
        let (through, past) = (try ask(client, lines), try ask(direct, lines))
        #expect(through == past, "\(lines)")
        #expect(try direct.command("EXISTS", "a") == .integer(0), "\(lines)")
      }
      for lines in [
        ["MULTI", "SET a 1", "FLUSHALL", "EXEC"], ["MULTI", "SET a 1", "PUBLISH c x", "EXEC"],
        ["MULTI", "SET a 1", "SELECT 3", "EXEC"],
        ["MULTI", "SET a 1", "EVAL return 0 0", "EXEC"], ["MULTI", "SET a 1", "BLPOP l 1", "EXEC"],
      ] {
        guard case .error(let text)? = try ask(client, lines).last else {
          throw TestFailure("\(lines) was carried out")
        }
        #expect(text.hasPrefix("EXECABORT sluice: "), "\(text)")
        #expect(try direct.command("EXISTS", "a") == .integer(0), "\(lines)")
      }
    }

    @Test("keys of both stacks: EXECABORT, with the cure, and nothing is done", arguments: [1, 2])
    func bothSides(threads: Int) throws {
      let stacks = try TwoStacks(stage: "live", percent: 50, threads: threads)
      let client = try stacks.sluice.client()
      let sets = (0..<40).map { "SET k\($0) 1" }
      guard case .error(let text)? = try ask(client, ["MULTI"] + sets + ["EXEC"]).last else {
        throw TestFailure("it was carried out")
      }
      #expect(text.hasPrefix("EXECABORT sluice: ") && text.contains("hash tag"), "\(text)")
      #expect(
        try ask(client, ["EXISTS " + (0..<40).map { "k\($0)" }.joined(separator: " ")]) == [.integer(0)])
      let tagged = (0..<40).map { "SET {user}:\($0) 1" }
      guard case .array(let answers)? = try ask(client, ["MULTI"] + tagged + ["EXEC"]).last else {
        throw TestFailure("it was refused")
      }
      #expect(answers == Array(repeating: .status("OK"), count: 40))
      #expect("\(try stacks.sluice.status())".contains("cross_stack"))
    }

    private func splitting(threads: Int, fallback: String = "reads_and_writes") throws -> TwoStacks {
      var options = SluiceProcess.Options(stage: "live", percent: 50, threads: threads)
      options.yaml = "transactions: {split: true}\nfallback: \(fallback)\n"
      return try TwoStacks(options)
    }

    @Test("transactions.split: one block on each stack, and every answer in its place", arguments: [1, 2])
    func split(threads: Int) throws {
      let stacks = try splitting(threads: threads)
      let client = try stacks.sluice.client()
      let lines = (0..<40).flatMap { ["SET k\($0) \($0)", "GET k\($0)", "PING"] }
      guard case .array(let answers)? = try ask(client, ["MULTI"] + lines + ["EXEC"]).last else {
        throw TestFailure("it was refused")
      }
      #expect(
        answers
          == (0..<40).flatMap { [.status("OK"), .string(Array("\($0)".utf8)), .status("PONG")] as [Reply] })
      for stack in [stacks.legacy, stacks.new] {
        try eventually("all are there") {
          try ask(stack.client(), ["EXISTS " + (0..<40).map { "k\($0)" }.joined(separator: " ")]) == [
            .integer(40)
          ]
        }
      }
      // One command with keys on both is taken apart as it is outside, and answers as one.
      let keys = (0..<40).map { "k\($0)" }
      let pairs = keys.map { "\($0) x" }.joined(separator: " ")
      let block = [
        "MSET \(pairs)", "SET k0 y", "MGET \(keys.joined(separator: " ")) none",
        "EXISTS \(keys.joined(separator: " ")) none",
        "EXPIRE k3 100", "DEL k1 k2 k3 k4 k5 k6 k7 k8 k9 k10",
      ]
      guard case .array(let carried)? = try ask(client, ["MULTI"] + block + ["EXEC"]).last else {
        throw TestFailure("it was refused")
      }
      let values = keys.map { Reply.string(Array(($0 == "k0" ? "y" : "x").utf8)) } + [.null]
      #expect(
        carried == [.status("OK"), .status("OK"), .array(values), .integer(40), .integer(1), .integer(10)])
      for stack in [stacks.legacy, stacks.new] {
        try eventually("both have done it") {
          try ask(stack.client(), ["MGET k0 k1 k11 k39"]) == [
            .array([.string(Array("y".utf8)), .null, .string(Array("x".utf8)), .string(Array("x".utf8))])
          ]
        }
      }
      // One that cannot be taken apart is no more than one command.
      let others = keys.map { "\($0) z" }.joined(separator: " ")
      guard case .error(let text)? = try ask(client, ["MULTI", "SET k0 w", "MSETNX \(others)", "EXEC"]).last
      else {
        throw TestFailure("it was carried out")
      }
      #expect(text.hasPrefix("EXECABORT sluice: "), "\(text)")
      #expect(try ask(client, ["GET k0"]) == [.string(Array("y".utf8))])
      let status = try stacks.sluice.status()
      #expect(status.flag("transactions.split") == true && status.number("transactions.carried_split") == 2)
    }

    @Test(
      "transactions.split: a stack that refuses its block answers for its own commands", arguments: [1, 2])
    func splitRefused(threads: Int) throws {
      let stacks = try splitting(threads: threads)
      let client = try stacks.sluice.client()
      _ = try stacks.new.client().command("CONFIG", "SET", "maxmemory", "1")
      guard
        case .array(let answers)? = try ask(client, ["MULTI"] + (0..<40).map { "SET k\($0) 1" } + ["EXEC"])
          .last
      else { throw TestFailure("it was refused") }
      let legacy = try stacks.legacy.client()
      var refused = 0
      for (index, answer) in answers.enumerated() {
        if case .error(let text) = answer {
          refused += 1
          #expect(text.hasPrefix("EXECABORT"), "\(text)")
        } else {
          #expect(answer == .status("OK"))
          #expect(try legacy.command("GET", "k\(index)").text == "1")
        }
      }
      #expect(answers.count == 40 && refused > 0 && refused < 40, "\(refused)")
    }

    @Test("transactions.split: where a stack is down nothing of it is begun", arguments: [1, 2])
    func splitDown(threads: Int) throws {
      let stacks = try splitting(threads: threads, fallback: "off")
      let client = try stacks.sluice.client()
      stacks.new.kill()
      try eventually("it is seen") { try stacks.sluice.status().text("stacks.new.health") != "up" }
      guard
        case .error(let text)? = try ask(client, ["MULTI"] + (0..<40).map { "SET k\($0) 1" } + ["EXEC"]).last
      else { throw TestFailure("it was carried out") }
      #expect(text.hasPrefix("STACKDOWN"), "\(text)")
      #expect(try stacks.legacy.client().command("DBSIZE") == .integer(0))
    }

    @Test("counters in blocks keep count through flips, and both stacks agree", arguments: [1, 2])
    func flips(threads: Int) throws {
      let stacks = try TwoStacks(stage: "dualwrite", threads: threads)
      let client = try stacks.sluice.client()
      var count = 0
      for stage in [
        ["shadow"], ["live", "100"], ["live", "0"], ["rampdown"], ["live", "50"], ["dualwrite"],
      ] {
        try stacks.sluice.control(["STAGE"] + stage)
        for _ in 0..<50 {
          let replies = try ask(client, ["MULTI", "INCR {c}n", "RPUSH {c}l \(count)", "EXEC"])
          count += 1
          #expect(
            replies.last == .array([.integer(Int64(count)), .integer(Int64(count))]), "\(stage): \(replies)")
        }
      }
      try eventually("both agree") {
        try stacks.legacy.client().command("GET", "{c}n").text == "\(count)"
          && stacks.new.client().command("GET", "{c}n").text == "\(count)"
          && stacks.new.client().command("LLEN", "{c}l") == .integer(Int64(count))
      }
    }
  }
}
