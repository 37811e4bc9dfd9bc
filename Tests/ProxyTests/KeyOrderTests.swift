import Foundation
import SluiceFigures
import SluiceProxy
import SluiceRouting
import Testing

/// Repairs and checks that an operator asks for.
@Suite(.serialized) struct KeyOrderTests {
  private static let dualwrite = RoutingSnapshot.at(.dualwrite)

  @Test func aRepairMakesTheMirrorWhatThePrimaryIs() async throws {
    try await Bench.runScripted(routing: KeyOrderTests.dualwrite) { bench, stacks in
      let outcome = bench.begin(.repair, "k", "gone", "large")
      let keys = ["k", "gone", "large"]
      for key in keys { try stacks.legacy.expectSizeQuestion(about: key) }
      try stacks.legacy.send(String(repeating: TestSocket.short, count: 3))
      for key in keys {
        #expect(try stacks.legacy.command() == ["DUMP", key])
        #expect(try stacks.legacy.command() == ["PEXPIRETIME", key])
      }
      try stacks.legacy.send("$4\r\ndump\r\n:1900000000000\r\n$-1\r\n:-2\r\n$4\r\nmuch\r\n:-1\r\n")
      // Nobody doubted them: if the proxy ended now, nobody would know that they are gone.
      try stacks.new.expectReplacedAtOnce("RESTORE", "k", "1900000000000", "dump", "REPLACE", "ABSTTL")
      #expect(try stacks.new.command() == ["UNLINK", "gone"])
      try stacks.new.expectReplacedAtOnce("RESTORE", "large", "0", "much", "REPLACE")
      let refused = "+OK\r\n+QUEUED\r\n-OOM command not allowed\r\n-EXECABORT no\r\n"
      try stacks.new.send(TestSocket.replacedAtOnce + ":1\r\n" + refused)
      #expect(try stacks.new.command() == ["UNLINK", "large"], "what is absent cannot lie")
      #expect(
        outcome.finish() == [
          .copied, .absent, .refused("no copy from legacy to new: OOM command not allowed"),
        ])
    }
  }

  @Test func aRepairOfTheCohortGoesToLegacy() async throws {
    try await Bench.runScripted(routing: .at(.live, 100)) { bench, stacks in
      let outcome = bench.begin(.repair, "k")
      try stacks.new.expectCopyQuestion(about: "k")
      try stacks.new.send("$4\r\ndump\r\n:-1\r\n")
      try stacks.legacy.expectReplacedAtOnce("RESTORE", "k", "0", "dump", "REPLACE")
      try stacks.legacy.send(TestSocket.replacedAtOnce)
      #expect(outcome.finish() == [.copied])
    }
  }

  /// What a stack answers to `TYPE`, `PEXPIRETIME` and the read of the value.
  struct Answers: Sendable {
    var kind: String
    var expiry = "-1"
    var value: String
    var text: String { "+\(kind)\r\n:\(expiry)\r\n\(value)" }
  }

  static let none = Answers(kind: "none", expiry: "-2", value: "$-1\r\n")
  static let text = Answers(kind: "string", value: "$1\r\nv\r\n")
  static let set = Answers(kind: "set", value: "*2\r\n$1\r\na\r\n$1\r\nb\r\n")
  static let far = 1_900_000_000_000

  static let cases: [(legacy: Answers, new: Answers, outcome: KeyOutcome)] = [
    (text, text, .equal), (none, none, .equal),
    (text, none, .different(.missingInNew)), (none, text, .different(.missingInLegacy)),
    (text, set, .different(.type)),
    (text, Answers(kind: "string", value: "$1\r\nw\r\n"), .different(.value)),
    (set, Answers(kind: "set", value: "*2\r\n$1\r\nb\r\n$1\r\na\r\n"), .equal),
    (set, Answers(kind: "set", value: "*2\r\n$1\r\nb\r\n$1\r\nc\r\n"), .different(.value)),
    (text, Answers(kind: "string", expiry: "\(far)", value: "$1\r\nv\r\n"), .different(.ttl)),
    (
      Answers(kind: "string", expiry: "\(far)", value: "$1\r\nv\r\n"),
      Answers(kind: "string", expiry: "\(far + 900)", value: "$1\r\nv\r\n"), .equal
    ),
    (
      Answers(kind: "string", expiry: "\(far)", value: "$1\r\nv\r\n"),
      Answers(kind: "string", expiry: "\(far + 1001)", value: "$1\r\nv\r\n"), .different(.ttl)
    ),
    // Gone on one server a moment before it is on the other.
    (Answers(kind: "string", expiry: "1", value: "$1\r\nv\r\n"), none, .equal),
    (Answers(kind: "string", value: "-ERR no\r\n"), text, .refused("ERR no")),
  ]

  @Test(arguments: cases.indices)
  func aCheckSaysWhatDiffers(number: Int) async throws {
    let (legacy, new, expected) = KeyOrderTests.cases[number]
    try await Bench.runScripted(routing: KeyOrderTests.dualwrite) { bench, stacks in
      let outcome = bench.begin(.check, "k")
      #expect(try stacks.legacy.command() == ["TYPE", "k"])
      try stacks.legacy.send("+\(legacy.kind)\r\n")
      for (stack, answers) in [(stacks.legacy, legacy), (stacks.new, new)] {
        #expect(try stack.command() == ["TYPE", "k"])
        #expect(try stack.command() == ["PEXPIRETIME", "k"])
        #expect(try stack.command() == (legacy.kind == "set" ? ["SMEMBERS", "k"] : ["GET", "k"]))
        if stack === stacks.legacy { #expect(try stacks.new.commandsNow() == []) }
        try stack.send(answers.text)
      }
      #expect(outcome.finish() == [expected])
    }
  }

  @Test func aWriteBetweenTheTwoStacksCannotFakeADifference() async throws {
    try await Bench.runScripted(routing: KeyOrderTests.dualwrite) { bench, stacks in
      let outcome = bench.begin(.check, "k")
      #expect(try stacks.legacy.command() == ["TYPE", "k"])
      try stacks.legacy.send("+string\r\n")
      for word in ["TYPE", "PEXPIRETIME", "GET"] { #expect(try stacks.legacy.command() == [word, "k"]) }
      let client = try bench.client()
      try client.send(command: "SET", "k", "young")
      #expect(try stacks.legacy.command() == ["SET", "k", "young"])
      try stacks.legacy.send("+string\r\n:-1\r\n$1\r\nv\r\n+OK\r\n")
      for word in ["TYPE", "PEXPIRETIME", "GET"] { #expect(try stacks.new.command() == [word, "k"]) }
      #expect(try stacks.new.command() == ["SET", "k", "young"], "behind the questions")
      try stacks.new.send("+string\r\n:-1\r\n$1\r\nv\r\n+OK\r\n")
      #expect(outcome.finish() == [.equal])
    }
  }

  @Test func aSuspectIsSaidToBeOne() async throws {
    try await Bench.runScripted(routing: KeyOrderTests.dualwrite) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "SET", "k", "v")
      #expect(try stacks.legacy.command() == ["SET", "k", "v"])
      let outcome = bench.begin(.check, "k")
      #expect(try stacks.legacy.command() == ["TYPE", "k"])
      try stacks.legacy.send("+OK\r\n+string\r\n")
      for word in ["TYPE", "PEXPIRETIME", "GET"] { #expect(try stacks.legacy.command() == [word, "k"]) }
      try stacks.legacy.send("+string\r\n:-1\r\n$1\r\nv\r\n")
      #expect(try stacks.new.command() == ["SET", "k", "v"])
      for word in ["TYPE", "PEXPIRETIME", "GET"] { #expect(try stacks.new.command() == [word, "k"]) }
      try stacks.new.send("-OOM command not allowed\r\n+none\r\n:-2\r\n$-1\r\n")
      #expect(outcome.finish() == [.doubtful])
    }
  }
}
