import SluiceProxy
import SluiceRouting
import Testing

/// Behind an update whose reply does not tell what it found both stacks are asked what they hold of the key (`PriorDoubt`), at one
/// place in the log.
@Suite(.serialized) struct ProofTests {
  /// A new field, on both stacks; returns when legacy has been asked for its proof.
  private static func addField(_ client: TestSocket, _ stacks: Script) throws {
    try client.send(command: "HSET", "h", "f", "1")
    #expect(try stacks.legacy.command() == ["HSET", "h", "f", "1"])
    try stacks.legacy.send(":1\r\n")
    #expect(try client.reply() == ":1\r\n")
    #expect(try stacks.new.command() == ["HSET", "h", "f", "1"])
    #expect(try stacks.legacy.command() == ["HLEN", "h"])
  }

  /// Legacy has another field that new has lost: the key is asked for its copy.
  private static func answer(_ stacks: Script) throws {
    try stacks.legacy.send(":2\r\n")
    #expect(try stacks.new.command() == ["HLEN", "h"])
    try stacks.new.send(":1\r\n:1\r\n")
    try stacks.legacy.expectCopyQuestion(about: "h")
  }

  @Test func theMirrorIsAskedWhereThePrimaryHasAnswered() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try ProofTests.addField(client, stacks)
      // A write that legacy has before the question is ahead of it on new too.
      try client.send(command: "SET", "h", "v")
      #expect(try stacks.legacy.command() == ["SET", "h", "v"])
      try stacks.legacy.send(":2\r\n+OK\r\n")
      #expect(try client.reply() == "+OK\r\n")
      #expect(try stacks.new.command() == ["HLEN", "h"])
      #expect(try stacks.new.command() == ["SET", "h", "v"])
      try stacks.new.send(":1\r\n:2\r\n+OK\r\n")
      bench.settle()
      #expect(bench.health().map(\.newSuspects) == [0])
      #expect(try stacks.legacy.commandsNow() == [], "nothing is copied")
    }
  }

  @Test func aMirrorThatHoldsLessGetsACopy() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try ProofTests.addField(client, stacks)
      try ProofTests.answer(stacks)
      try stacks.legacy.send("$4\r\ndump\r\n:-1\r\n")
      try stacks.new.expectReplaced("RESTORE", "h", "0", "dump", "REPLACE")
      try stacks.new.send(TestSocket.replaced)
      #expect(eventually { bench.health().map(\.newSuspects) == [0] })
    }
  }

  /// A source that neither has any more may have expired between the two commands: what came of it is not the same then.
  @Test func aSourceThatBothLackIsNoProof() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      for (found, isCopied) in [(2, false), (1, true)] {
        try client.send(command: "PFMERGE", "d", "s")
        #expect(try stacks.legacy.command() == ["PFMERGE", "d", "s"])
        try stacks.legacy.send("+OK\r\n")
        #expect(try client.reply() == "+OK\r\n")
        #expect(try stacks.legacy.command() == ["EXISTS", "d", "s"])
        try stacks.legacy.send(":\(found)\r\n")
        #expect(try stacks.new.command() == ["PFMERGE", "d", "s"])
        #expect(try stacks.new.command() == ["EXISTS", "d", "s"])
        try stacks.new.send("+OK\r\n:\(found)\r\n")
        bench.settle()
        #expect(bench.health().map(\.newSuspects) == [isCopied ? 2 : 0])
      }
      #expect(try stacks.legacy.command()[0] == "TYPE")
    }
  }

  /// Pipelined behind an update, a command may have taken the key away before the proof is asked for.
  @Test func whatIsMadeOfAnUpdateThatIsNotProvedYetIsCopied() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "HSET", "h", "f", "1")
      try client.send(command: "RENAME", "h", "d")
      #expect(try stacks.legacy.command() == ["HSET", "h", "f", "1"])
      #expect(try stacks.legacy.command() == ["RENAME", "h", "d"])
      try stacks.legacy.send(":1\r\n+OK\r\n")
      #expect(try client.reply() == ":1\r\n")
      #expect(try client.reply() == "+OK\r\n")
      #expect(try stacks.new.command() == ["HSET", "h", "f", "1"])
      try stacks.new.send(":1\r\n")
      #expect(try stacks.legacy.command() == ["HLEN", "h"])
      #expect(try stacks.legacy.command()[0] == "TYPE")
      bench.settle()
      #expect(try stacks.new.commandsNow() == [])
    }
  }

  /// What was moved is in the reply, and what is left is counted behind it.
  @Test func aMoveBehindAnOpenProofIsRepeated() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "RPOPLPUSH", "a", "b")
      try client.send(command: "RPOPLPUSH", "b", "c")
      #expect(try stacks.legacy.command() == ["RPOPLPUSH", "a", "b"])
      #expect(try stacks.legacy.command() == ["RPOPLPUSH", "b", "c"])
      try stacks.legacy.send("$1\r\nx\r\n$1\r\nx\r\n")
      #expect(try stacks.new.command() == ["RPOPLPUSH", "a", "b"])
      #expect(try stacks.new.command() == ["RPOPLPUSH", "b", "c"])
      #expect(try stacks.legacy.command() == ["LLEN", "b"])
      #expect(try stacks.legacy.command() == ["LLEN", "c"])
      bench.settle()
      #expect(bench.health().map(\.newSuspects) == [0])
    }
  }

  /// A part of a source makes a part of the result, and as many elements are all of them; with two such sources nobody can tell.
  @Test func aUnionBehindOneOpenProofIsToldByItsCount() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      for (updated, isRepeated) in [(["a"], true), (["b", "c"], false)] {
        for key in updated { try client.send(command: "SADD", key, "m") }
        try client.send(command: ["SUNIONSTORE", "u", "x"] + updated)
        for _ in 0...updated.count { _ = try stacks.legacy.command() }
        try stacks.legacy.send(String(repeating: ":1\r\n", count: updated.count + 1))
        for key in updated { #expect(try stacks.new.command() == ["SADD", key, "m"]) }
        if isRepeated { #expect(try stacks.new.command() == ["SUNIONSTORE", "u", "x", "a"]) }
        bench.settle()
        #expect(bench.health()[0].newSuspects == (isRepeated ? 0 : 4))
        // The proof of the first round is over before the second begins.
        guard isRepeated else { return }
        #expect(try stacks.legacy.command() == ["SCARD", "a"])
        try stacks.legacy.send(":1\r\n")
        try stacks.new.send(":1\r\n:1\r\n")
        #expect(try stacks.new.command() == ["SCARD", "a"])
        try stacks.new.send(":1\r\n")
        bench.settle()
      }
    }
  }

  /// A question whose place is between the update and its proof is asked once more behind it.
  @Test func aDifferenceThatTheProofFindsIsNoDivergence() async throws {
    try await Bench.runScripted(routing: .at(.shadow)) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "HGET", "h", "f")
      #expect(try stacks.legacy.command() == ["HGET", "h", "f"])
      try stacks.legacy.send("$1\r\n1\r\n")
      #expect(try client.reply() == "$1\r\n1\r\n")
      #expect(try stacks.new.command() == ["HGET", "h", "f"])
      try client.send(command: "HSET", "h", "g", "2")
      #expect(try stacks.legacy.command() == ["HSET", "h", "g", "2"])
      try stacks.new.send("$-1\r\n")
      #expect(try stacks.legacy.command() == ["PTTL", "h"])
      #expect(try stacks.legacy.command() == ["HGET", "h", "f"])
      try stacks.legacy.send(":1\r\n:-1\r\n$1\r\n1\r\n")
      #expect(try client.reply() == ":1\r\n")
      for question in [["HSET", "h", "g", "2"], ["PTTL", "h"], ["HGET", "h", "f"]] {
        #expect(try stacks.new.command() == question)
      }
      try stacks.new.send(":1\r\n:-1\r\n$-1\r\n")
      for question in [["HLEN", "h"], ["PTTL", "h"], ["HGET", "h", "f"]] {
        #expect(try stacks.legacy.command() == question)
      }
      try stacks.legacy.send(":2\r\n:-1\r\n$1\r\n1\r\n")
      for question in [["HLEN", "h"], ["PTTL", "h"], ["HGET", "h", "f"]] {
        #expect(try stacks.new.command() == question)
      }
      try stacks.new.send(":1\r\n:-1\r\n$-1\r\n")
      #expect(eventually { bench.figures().compare.dropped == 1 })
      #expect(bench.figures().compare.diverged == 0 && bench.divergences.isEmpty)
    }
  }

  /// A flip waits for the proof and for the copy: nobody reads half a hash, and nothing is forgotten.
  @Test func aFlipWaitsForTheProofAndForTheCopy() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try ProofTests.addField(client, stacks)
      let flip = bench.beginAdopting(.at(.live, 100, version: 2))
      try client.send(command: "HGETALL", "h")
      bench.settle()
      try ProofTests.answer(stacks)
      bench.settle()
      #expect(try stacks.new.commandsNow() == [])
      try stacks.legacy.send("$4\r\ndump\r\n:-1\r\n")
      try stacks.new.expectReplaced("RESTORE", "h", "0", "dump", "REPLACE")
      bench.settle()
      #expect(try stacks.new.commandsNow() == [])
      try stacks.new.send(TestSocket.replaced)
      #expect(flip.finish().map(\.cutOff) == [[]])
      #expect(try stacks.new.command() == ["HGETALL", "h"])
      try stacks.new.send("*0\r\n")
      #expect(try client.reply() == "*0\r\n")
    }
  }

  /// Its deadline ends that too: what is not copied by then is deleted before it is asked for, and comes back if legacy answers in time.
  @Test func aFlipDoesNotWaitForACopyForEver() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try ProofTests.addField(client, stacks)
      try ProofTests.answer(stacks)
      #expect(bench.adopt(.at(.live, 100, version: 2), deadline: 20_000_000).map(\.cutOff) == [[]])
      try client.send(command: "HGETALL", "h")
      #expect(try stacks.new.command() == ["UNLINK", "h"])
      #expect(try stacks.new.command() == ["EXISTS", "h"])
      try stacks.new.send(":1\r\n:0\r\n")
      #expect(try stacks.new.command() == ["HGETALL", "h"])
      try stacks.new.send("*0\r\n")
      #expect(try client.reply() == "*0\r\n")
    }
  }

  @Test func aQuestionThatIsLostLeavesTheKeyDoubtful() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try ProofTests.addField(client, stacks)
      try stacks.new.send(":1\r\n")
      bench.settle()
      stacks.legacy.close()
      #expect(eventually { bench.health().map(\.newSuspects) == [1] })
    }
  }

  /// A slow stack that gains keys is not waited for; of its own keys, for which it is asked as the primary, nothing is doubtful.
  @Test func aQuestionToThePrimaryIsNoDoubtOfIt() async throws {
    let live = RoutingSnapshot.at(.live)
    let (own, other) = (live.keys(1, on: .legacy)[0], live.keys(1, on: .new)[0])
    try await Bench.runScripted(routing: live) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "HSET", own, "f", "1")
      #expect(try stacks.legacy.command() == ["HSET", own, "f", "1"])
      try stacks.legacy.send(":1\r\n")
      #expect(try client.reply() == ":1\r\n")
      #expect(try stacks.legacy.command() == ["HLEN", own])
      try client.send(command: "SET", other, "v")
      #expect(try stacks.new.command() == ["HSET", own, "f", "1"])
      #expect(try stacks.new.command() == ["SET", other, "v"])
      try stacks.new.send(":1\r\n+OK\r\n")
      #expect(try client.reply() == "+OK\r\n")
      #expect(try stacks.legacy.command() == ["SET", other, "v"])
      _ = bench.adopt(live.withLatch(true, version: 2), deadline: 50_000_000)
      #expect(bench.health().map(\.legacySuspects) == [1], "the key that new has lost alone")
    }
  }
}
