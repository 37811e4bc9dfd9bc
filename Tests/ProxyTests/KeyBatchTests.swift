import Foundation
import SluiceFigures
import SluiceProxy
import SluiceRouting
import Testing

/// Small keys that go over in batches: by the same laws as one by one.
@Suite(.serialized) struct KeyBatchTests {
  private static let dualwrite = RoutingSnapshot.at(.dualwrite)

  private func expectQuestions(_ stack: TestSocket, _ keys: String...) throws {
    for key in keys {
      #expect(try stack.command() == ["PEXPIRETIME", key])
      #expect(try stack.command() == ["DUMP", key])
    }
  }

  @Test func eachKeyIsBroughtWhereNewHasNone() async throws {
    try await Bench.runScripted(routing: KeyBatchTests.dualwrite) { bench, stacks in
      let letters = bench.beginSmall("a", "b", "gone", "odd")
      try expectQuestions(stacks.legacy, "a", "b", "gone", "odd")
      #expect(try stacks.new.commandsNow() == [], "nothing before an answer")
      try stacks.legacy.send(
        ":1900000000000\r\n$12\r\ndump-of-aaaa\r\n:-1\r\n$12\r\ndump-of-bbbb\r\n:-2\r\n$-1\r\n:-1\r\n-ERR no\r\n"
      )
      #expect(try stacks.new.command() == ["RESTORE", "a", "1900000000000", "dump-of-aaaa", "ABSTTL"])
      #expect(try stacks.new.command() == ["RESTORE", "b", "0", "dump-of-bbbb"])
      try stacks.new.send("+OK\r\n-BUSYKEY Target key name already exists.\r\n")
      #expect(letters.finish() == Array("cpa-".utf8))
      #expect(bench.figures().copies.dump == 1, "what was there was not copied")
    }
  }

  @Test func aCopyStandsWhereItsDumpStandsInTheLog() async throws {
    try await Bench.runScripted(routing: KeyBatchTests.dualwrite) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "SET", "k", "old")
      #expect(try stacks.legacy.command() == ["SET", "k", "old"])
      let letters = bench.beginSmall("k")
      try expectQuestions(stacks.legacy, "k")
      try client.send(command: "DEL", "k")
      #expect(try stacks.legacy.command() == ["DEL", "k"])
      try stacks.legacy.send("+OK\r\n:-1\r\n$12\r\ndump-of-kkkk\r\n:1\r\n")
      #expect(try stacks.new.command() == ["SET", "k", "old"])
      #expect(try stacks.new.command() == ["RESTORE", "k", "0", "dump-of-kkkk"])
      #expect(try stacks.new.command() == ["DEL", "k"], "a deletion behind it does not come back")
      try stacks.new.send("+OK\r\n-BUSYKEY there\r\n:1\r\n")
      #expect(letters.finish() == Array("p".utf8))
    }
  }

  @Test func theCohortIsLeftToTheFillThatAsksNewFirst() async throws {
    try await Bench.runScripted(routing: .at(.live, 100)) { bench, stacks in
      #expect(bench.beginSmall("k", "l").finish() == Array("--".utf8))
      let asked = try stacks.legacy.commandsNow() + stacks.new.commandsNow()
      #expect(asked == [])
    }
  }

  @Test func aFlipInBetweenEndsIt() async throws {
    try await Bench.runScripted(routing: KeyBatchTests.dualwrite) { bench, stacks in
      let letters = bench.beginSmall("k")
      try expectQuestions(stacks.legacy, "k")
      let flip = bench.beginAdopting(.at(.live, 100, version: 9))
      try stacks.legacy.send(":-1\r\n$12\r\ndump-of-kkkk\r\n")
      #expect(letters.finish() == Array("-".utf8))
      _ = flip.finish()
      #expect(try stacks.new.commandsNow() == [])
    }
  }

  @Test func aKeyThatMayBeWrongIsLeftToItsRepair() async throws {
    try await Bench.runScripted(routing: KeyBatchTests.dualwrite) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "SET", "k", "v")
      #expect(try stacks.legacy.command() == ["SET", "k", "v"])
      let letters = bench.beginSmall("k", "l")
      try expectQuestions(stacks.legacy, "k", "l")
      try stacks.legacy.send("+OK\r\n")
      #expect(try stacks.new.command() == ["SET", "k", "v"])
      try stacks.new.send("-OOM command not allowed\r\n")
      #expect(eventually { bench.health()[0].newSuspects == 1 })
      try stacks.legacy.send(":-1\r\n$12\r\ndump-of-kkkk\r\n:-1\r\n$12\r\ndump-of-llll\r\n")
      #expect(try stacks.new.command() == ["RESTORE", "l", "0", "dump-of-llll"])
      try stacks.new.send("+OK\r\n")
      #expect(letters.finish() == Array("-c".utf8))
    }
  }

  @Test func aCopyThatNobodyKnowsTheEndOfMakesASuspect() async throws {
    try await Bench.runScripted(routing: KeyBatchTests.dualwrite) { bench, stacks in
      let letters = bench.beginSmall("k")
      try expectQuestions(stacks.legacy, "k")
      try stacks.legacy.send(":-1\r\n$12\r\ndump-of-kkkk\r\n")
      #expect(try stacks.new.command() == ["RESTORE", "k", "0", "dump-of-kkkk"])
      stacks.new.close()
      #expect(letters.finish() == Array("-".utf8))
      #expect(bench.health()[0].newSuspects == 1)
    }
  }
}
