import Foundation
import SluiceFigures
import SluiceProxy
import SluiceRouting
import Testing

/// A difference is asked again before it is called one; and each way in which the two answers could differ without a lie,
/// as an interleaving of scripted stacks.
@Suite(.serialized) struct RecheckTests {
  private static let routing = RoutingSnapshot.at(.shadow)

  /// The proxy's connection to a stack, and what to say there.
  private struct Asked {
    let socket: TestSocket
    /// The next commands are the questions of a recheck: the key's time, then the read.
    func answer(time: String = ":-1\r\n", _ reply: String) throws {
      #expect(try socket.command() == ["PTTL", "a"])
      #expect(try socket.command() == ["GET", "a"])
      try socket.send(time + reply)
    }
  }

  /// A read whose two answers differ; what follows is its recheck.
  private static func differing(
    _ bench: Bench, _ stacks: Script, _ first: String = "$1\r\n1\r\n", _ second: String = "$1\r\n2\r\n"
  ) throws {
    let client = try bench.client()
    try client.send(command: "GET", "a")
    #expect(try stacks.legacy.command() == ["GET", "a"])
    try stacks.legacy.send(first)
    #expect(try client.reply() == first)
    #expect(try stacks.new.command() == ["GET", "a"])
    try stacks.new.send(second)
  }

  /// The one verdict there is, when it is in.
  private static func verdict(_ bench: Bench) -> CompareFigures {
    _ = eventually { bench.figures().compare.sum > 0 }
    return bench.figures().compare
  }

  private static func run(
    _ settings: ProxySettings = ProxySettings(), timeout: Int64 = 60_000_000_000,
    _ body: @escaping @Sendable (Bench, Script) throws -> Void
  ) async throws {
    try await Bench.runScripted(settings, routing: routing, timeout: timeout, body)
  }

  @Test func aDifferenceThatGoesAwayIsSuperseded() async throws {
    try await RecheckTests.run { bench, stacks in
      try RecheckTests.differing(bench, stacks)
      // Both are asked again, the primary first.
      #expect(try stacks.legacy.command() == ["PTTL", "a"])
      #expect(try stacks.legacy.command() == ["GET", "a"])
      bench.settle()
      #expect(try stacks.new.commandsNow() == [])
      try stacks.legacy.send(":-1\r\n$1\r\n2\r\n")
      try Asked(socket: stacks.new).answer("$1\r\n2\r\n")
      let compare = RecheckTests.verdict(bench)
      #expect(compare.superseded == 1 && compare.compared == 1 && bench.divergences.isEmpty)
    }
  }

  @Test func aDifferenceThatStaysIsADivergence() async throws {
    try await RecheckTests.run { bench, stacks in
      try RecheckTests.differing(bench, stacks)
      try Asked(socket: stacks.legacy).answer("$1\r\n1\r\n")
      try Asked(socket: stacks.new).answer("$1\r\n2\r\n")
      #expect(RecheckTests.verdict(bench).diverged == 1)
      #expect(bench.divergences.map(\.kind) == [.value])
    }
  }

  @Test func nothingIsClaimedWhenAStackIsLostMeanwhile() async throws {
    try await RecheckTests.run { bench, stacks in
      try RecheckTests.differing(bench, stacks)
      try Asked(socket: stacks.legacy).answer("$1\r\n1\r\n")
      _ = try stacks.new.command()
      stacks.new.reset()
      let compare = RecheckTests.verdict(bench)
      #expect(compare.dropped == 1 && compare.compared == 0 && bench.divergences.isEmpty)
    }
  }

  /// A write between the primary's answer and the mirror's: the mirror is asked ahead of it.
  @Test func aWriteMeanwhileIsBehindTheQuestionOnBothStacks() async throws {
    try await RecheckTests.run { bench, stacks in
      try RecheckTests.differing(bench, stacks)
      let writer = try bench.client()
      try writer.send(command: "SET", "a", "3")
      #expect(try stacks.legacy.command() == ["PTTL", "a"])
      #expect(try stacks.legacy.command() == ["GET", "a"])
      #expect(try stacks.legacy.command() == ["SET", "a", "3"])
      try stacks.legacy.send(":-1\r\n$1\r\n2\r\n+OK\r\n")
      #expect(try writer.reply() == "+OK\r\n")
      try Asked(socket: stacks.new).answer("$1\r\n2\r\n")
      #expect(try stacks.new.command() == ["SET", "a", "3"])
      try stacks.new.send("+OK\r\n")
      #expect(RecheckTests.verdict(bench).superseded == 1)
    }
  }

  /// The key expires after the primary has answered and before the mirror has.
  @Test(arguments: [
    (":40\r\n", ":-2\r\n", "$1\r\n1\r\n", "$-1\r\n"), (":-2\r\n", ":40\r\n", "$-1\r\n", "$1\r\n1\r\n"),
    (":1\r\n", ":1\r\n", "$1\r\n1\r\n", "$-1\r\n"),
  ])
  func anExpiryBetweenTheAnswersIsNoDivergence(
    legacyTime: String, newTime: String, legacy: String, new: String
  ) async throws {
    try await RecheckTests.run { bench, stacks in
      try RecheckTests.differing(bench, stacks, legacy, new)
      try Asked(socket: stacks.legacy).answer(time: legacyTime, legacy)
      try Asked(socket: stacks.new).answer(time: newTime, new)
      let compare = RecheckTests.verdict(bench)
      #expect(compare.superseded == 1 && compare.diverged == 0, "\(compare)")
    }
  }

  /// Redis looks at the words of `BITCOUNT k a b` only where the key is there: an error on one stack and 0 on the other say that the
  /// key is on one of them.
  @Test(
    arguments: [
      (":20\r\n", ":-2\r\n", nil), (":-1\r\n", ":-2\r\n", .missingInNew),
      (":-1\r\n", ":-1\r\n", .errorInLegacy),
    ] as [(String, String, DivergenceKind?)])
  func anErrorAboutTheWordsIsComparedAsSuch(time: String, other: String, kind: DivergenceKind?) async throws {
    try await RecheckTests.run { bench, stacks in
      let client = try bench.client()
      let refusal = "-ERR value is not an integer or out of range\r\n"
      try client.send(command: "BITCOUNT", "a", "x", "y")
      #expect(try stacks.legacy.command().first == "BITCOUNT")
      try stacks.legacy.send(refusal)
      #expect(try client.reply() == refusal)
      #expect(try stacks.new.command().first == "BITCOUNT")
      try stacks.new.send(":0\r\n")
      for (stack, answer) in [(stacks.legacy, time + refusal), (stacks.new, other + ":0\r\n")] {
        #expect(try stack.command() == ["PTTL", "a"])
        #expect(try stack.command() == ["BITCOUNT", "a", "x", "y"])
        try stack.send(answer)
      }
      #expect(RecheckTests.verdict(bench).superseded == (kind == nil ? 1 : 0))
      #expect(bench.divergences.map(\.kind) == (kind.map { [$0] } ?? []))
    }
  }

  @Test func aKeyThatHadTimeLeftIsMissing() async throws {
    var settings = ProxySettings()
    settings.ttlTolerance = 2_000_000_000
    try await RecheckTests.run(settings) { bench, stacks in
      try RecheckTests.differing(bench, stacks, "$1\r\n1\r\n", "$-1\r\n")
      try Asked(socket: stacks.legacy).answer(time: ":600000\r\n", "$1\r\n1\r\n")
      try Asked(socket: stacks.new).answer(time: ":-2\r\n", "$-1\r\n")
      #expect(RecheckTests.verdict(bench).diverged == 1)
      #expect(bench.divergences.map(\.kind) == [.missingInNew])
    }
  }

  /// The mirror refuses a write that is ahead of the question, the key is repaired, and only then the mirror's answer arrives: the
  /// doubt has come and gone, and the answer is from before the repair.
  @Test func aDoubtThatCameAndWentIsRemembered() async throws {
    try await RecheckTests.run { bench, stacks in
      let client = try bench.client()
      try client.send(command: "GET", "a")
      try client.send(command: "SET", "a", "3")
      #expect(try stacks.legacy.command() == ["GET", "a"])
      #expect(try stacks.legacy.command() == ["SET", "a", "3"])
      try stacks.legacy.send("$1\r\n1\r\n+OK\r\n")
      #expect(try client.reply() == "$1\r\n1\r\n")
      #expect(try client.reply() == "+OK\r\n")
      #expect(try stacks.new.command() == ["GET", "a"])
      #expect(try stacks.new.command() == ["SET", "a", "3"])
      try stacks.new.send("$1\r\n2\r\n")
      try Asked(socket: stacks.legacy).answer("$1\r\n3\r\n")
      #expect(try stacks.new.command() == ["PTTL", "a"])
      #expect(try stacks.new.command() == ["GET", "a"])
      try stacks.new.send("-OOM no\r\n:-1\r\n")
      try stacks.legacy.expectCopyQuestion(about: "a")
      try stacks.legacy.send("$4\r\ndump\r\n:-1\r\n")
      #expect(try stacks.new.command() == ["UNLINK", "a"])
      #expect(try stacks.new.command().first == "RESTORE")
      #expect(bench.health().map(\.newSuspects) == [0])
      try stacks.new.send("$1\r\n2\r\n" + TestSocket.replaced)
      let compare = RecheckTests.verdict(bench)
      #expect(compare.dropped == 1 && compare.diverged == 0, "\(compare)")
    }
  }

  @Test func aDoubtBetweenQuestionAndAnswerLeavesNothingToClaim() async throws {
    try await RecheckTests.run { bench, stacks in
      let client = try bench.client()
      // The write is ahead of everything on both stacks, and the mirror has not answered it.
      try client.send(command: "SET", "a", "1")
      #expect(try stacks.legacy.command() == ["SET", "a", "1"])
      try stacks.legacy.send("+OK\r\n")
      #expect(try client.reply() == "+OK\r\n")
      #expect(try stacks.new.command() == ["SET", "a", "1"])
      try client.send(command: "GET", "a")
      #expect(try stacks.legacy.command() == ["GET", "a"])
      try stacks.legacy.send("$1\r\n1\r\n")
      #expect(try client.reply() == "$1\r\n1\r\n")
      #expect(try stacks.new.command() == ["GET", "a"])
      // Refused, and so the read finds what was there before. It is a suspect now: nothing needs to be asked.
      try stacks.new.send("-OOM no\r\n$1\r\n0\r\n")
      let compare = RecheckTests.verdict(bench)
      #expect(compare.dropped == 1 && compare.diverged == 0, "\(compare)")
    }
  }

  /// A flip there and back between the two answers.
  @Test func aFlipMeanwhileLeavesNothingToClaim() async throws {
    try await RecheckTests.run { bench, stacks in
      try RecheckTests.differing(bench, stacks)
      try Asked(socket: stacks.legacy).answer("$1\r\n1\r\n")
      #expect(try stacks.new.command() == ["PTTL", "a"])
      _ = bench.adopt(.at(.live, 100, version: 2))
      _ = bench.adopt(.at(.shadow, version: 3))
      #expect(try stacks.new.command() == ["GET", "a"])
      try stacks.new.send(":-1\r\n$1\r\n2\r\n")
      let compare = RecheckTests.verdict(bench)
      #expect(compare.ignoredBy[.overtaken] == 1 && compare.sum == 1, "\(compare)")
    }
  }

  /// A miss that is filled from legacy is not compared with it, and is counted all the same.
  @Test func aFilledMissIsIgnored() async throws {
    var settings = ProxySettings()
    settings.warmOnMiss = true
    try await Bench.runScripted(settings, routing: .at(.live, 100)) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "GET", "a")
      #expect(try stacks.new.command() == ["GET", "a"])
      try stacks.new.send("$-1\r\n")
      try stacks.expectFill(of: "a")
      try stacks.legacy.send("$-1\r\n:-2\r\n")
      #expect(try client.reply() == "$-1\r\n")
      let compare = RecheckTests.verdict(bench)
      #expect(compare.ignored == 1 && compare.sum == 1, "\(compare)")
    }
  }

  /// A stack that owes the answer to a compared read is cut off, and that read is a divergence: what was lost with it is not.
  @Test func anAnswerThatNeverComesIsATimeout() async throws {
    try await RecheckTests.run(timeout: 400_000_000) { bench, stacks in
      let client = try bench.client()
      for key in ["a", "b"] {
        try client.send(command: "GET", key)
        #expect(try stacks.legacy.command() == ["GET", key])
        try stacks.legacy.send("$1\r\n1\r\n")
        #expect(try client.reply() == "$1\r\n1\r\n")
      }
      #expect(eventually { bench.figures().compare.diverged == 1 })
      let found = bench.divergences
      #expect(found.map(\.kind) == [.timeout] && found.first?.key == Array("a".utf8))
      #expect(found.first?.legacy?.length == 7 && found.first?.legacy?.bytes == nil)
      #expect(found.first?.new == nil)
      #expect(bench.figures().compare.dropped == 1 && bench.figures().divergences[.timeout] == 1)
    }
  }
}

extension RecheckTests {
  /// With several lanes, a read of keys of two of them is asked while all others wait. When it is to be asked again they no longer
  /// do, so nothing can be said.
  @Test func keysOfSeveralLanesAreNotAskedAgain() async throws {
    var settings = ProxySettings()
    settings.threads = 2
    try await Bench.runRedis(settings, routing: .at(.shadow)) { bench, legacy, new in
      let keys = (0..<32).map { "k\($0)" }
      let planted = try new.client()
      for key in keys { _ = try planted.ask("SADD", key, key) }
      let client = try bench.client()
      _ = try client.ask(["SUNION"] + keys)
      #expect(eventually { bench.figures().compare.dropped == 1 })
      #expect(bench.figures().compare.diverged == 0)
      // The keys of one lane can be ordered, and are.
      _ = try client.ask("SUNION", "{one}a", "{one}b")
      _ = try planted.ask("SADD", "{one}a", "1")
      _ = try client.ask("SUNION", "{one}a", "{one}b")
      #expect(eventually { bench.figures().compare.diverged == 1 })
      #expect(bench.divergences.map(\.kind) == [.missingInLegacy])
    }
  }
}

extension CompareFigures {
  /// All reads that were chosen for comparison.
  fileprivate var sum: UInt64 { matched + ignored + superseded + diverged + dropped }
}
