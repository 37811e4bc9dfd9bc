import Foundation
import SluiceCopying
import SluiceFigures
import SluicePacing
import SluiceProxy
import SluiceRouting
import Testing

/// Small keys that go over in batches: by the same laws as one by one.
@Suite(.serialized) struct KeyBatchTests {
  private static let dualwrite = RoutingSnapshot.at(.dualwrite)

  private func expectQuestions(_ stack: TestSocket, _ keys: String...) throws {
    for key in keys {
      #expect(try stack.command() == ["PEXPIRETIME", key])
      #expect(try stack.command() == ["GETRANGE", key, "0", "16384"])
    }
  }

  @Test func eachStringIsBroughtWhereNewHasNone() async throws {
    try await Bench.runScripted(routing: KeyBatchTests.dualwrite) { bench, stacks in
      let letters = bench.beginSmall(.string, "a", "b", "gone", "odd", "empty", "hash")
      try expectQuestions(stacks.legacy, "a", "b", "gone", "odd", "empty", "hash")
      #expect(try stacks.new.commandsNow() == [], "nothing before an answer")
      try stacks.legacy.send(
        ":1900000000000\r\n$2\r\naa\r\n:-1\r\n$2\r\nbb\r\n:-2\r\n$0\r\n\r\n:-1\r\n-ERR no\r\n"
          + ":-1\r\n$0\r\n\r\n:-1\r\n-WRONGTYPE no\r\n")
      #expect(try stacks.new.command() == ["SET", "a", "aa", "NX", "PXAT", "1900000000000"])
      #expect(try stacks.new.command() == ["SET", "b", "bb", "NX"])
      try stacks.new.send("+OK\r\n$-1\r\n")
      #expect(letters.finish() == Array("cpa--t".utf8))
      #expect(bench.figures().copies.value == 1, "what was there was not copied")
    }
  }

  @Test func aLongStringIsLeftToItsFill() async throws {
    try await Bench.runScripted(routing: KeyBatchTests.dualwrite) { bench, stacks in
      let letters = bench.beginSmall(.string, "k", "l")
      try expectQuestions(stacks.legacy, "k", "l")
      let (short, long) = (String(repeating: "x", count: 16384), String(repeating: "x", count: 16385))
      try stacks.legacy.send(":-1\r\n$16384\r\n\(short)\r\n:-1\r\n$16385\r\n\(long)\r\n")
      #expect(try stacks.new.command() == ["SET", "k", short, "NX"])
      try stacks.new.send("+OK\r\n")
      #expect(letters.finish() == Array("c-".utf8))
    }
  }

  @Test func otherTypesGoByTheirDump() async throws {
    try await Bench.runScripted(routing: KeyBatchTests.dualwrite) { bench, stacks in
      let letters = bench.beginSmall(.hash, "a", "b", "gone")
      for key in ["a", "b", "gone"] {
        #expect(try stacks.legacy.command() == ["PEXPIRETIME", key])
        #expect(try stacks.legacy.command() == ["DUMP", key])
      }
      try stacks.legacy.send(
        ":1900000000000\r\n$12\r\ndump-of-aaaa\r\n:-1\r\n$12\r\ndump-of-bbbb\r\n:-2\r\n$-1\r\n")
      #expect(try stacks.new.command() == ["RESTORE", "a", "1900000000000", "dump-of-aaaa", "ABSTTL"])
      #expect(try stacks.new.command() == ["RESTORE", "b", "0", "dump-of-bbbb"])
      try stacks.new.send("+OK\r\n-BUSYKEY Target key name already exists.\r\n")
      #expect(letters.finish() == Array("cpa".utf8))
      #expect(bench.figures().copies.dump == 1)
    }
  }

  @Test func aCopyStandsWhereItsValueStandsInTheLog() async throws {
    try await Bench.runScripted(routing: KeyBatchTests.dualwrite) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "SET", "k", "old")
      #expect(try stacks.legacy.command() == ["SET", "k", "old"])
      let letters = bench.beginSmall(.string, "k")
      try expectQuestions(stacks.legacy, "k")
      try client.send(command: "DEL", "k")
      #expect(try stacks.legacy.command() == ["DEL", "k"])
      try stacks.legacy.send("+OK\r\n:-1\r\n$3\r\nold\r\n:1\r\n")
      #expect(try stacks.new.command() == ["SET", "k", "old"])
      #expect(try stacks.new.command() == ["SET", "k", "old", "NX"])
      #expect(try stacks.new.command() == ["DEL", "k"], "a deletion behind it does not come back")
      try stacks.new.send("+OK\r\n$-1\r\n:1\r\n")
      #expect(letters.finish() == Array("p".utf8))
    }
  }

  @Test func theCohortIsLeftToTheFillThatAsksNewFirst() async throws {
    try await Bench.runScripted(routing: .at(.live, 100)) { bench, stacks in
      #expect(bench.beginSmall(.string, "k", "l").finish() == Array("--".utf8))
      let asked = try stacks.legacy.commandsNow() + stacks.new.commandsNow()
      #expect(asked == [])
    }
  }

  @Test func aFlipInBetweenEndsIt() async throws {
    try await Bench.runScripted(routing: KeyBatchTests.dualwrite) { bench, stacks in
      let letters = bench.beginSmall(.string, "k")
      try expectQuestions(stacks.legacy, "k")
      let flip = bench.beginAdopting(.at(.live, 100, version: 9))
      try stacks.legacy.send(":-1\r\n$2\r\nkk\r\n")
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
      let letters = bench.beginSmall(.string, "k", "l")
      try expectQuestions(stacks.legacy, "k", "l")
      try stacks.legacy.send("+OK\r\n")
      #expect(try stacks.new.command() == ["SET", "k", "v"])
      try stacks.new.send("-OOM command not allowed\r\n")
      #expect(eventually { bench.health()[0].newSuspects == 1 })
      try stacks.legacy.send(":-1\r\n$2\r\nkk\r\n:-1\r\n$2\r\nll\r\n")
      #expect(try stacks.new.command() == ["SET", "l", "ll", "NX"])
      try stacks.new.send("+OK\r\n")
      #expect(letters.finish() == Array("-c".utf8))
    }
  }

  @Test func aCopyThatNobodyKnowsTheEndOfMakesASuspect() async throws {
    try await Bench.runScripted(routing: KeyBatchTests.dualwrite) { bench, stacks in
      let letters = bench.beginSmall(.string, "k")
      try expectQuestions(stacks.legacy, "k")
      try stacks.legacy.send(":-1\r\n$2\r\nkk\r\n")
      #expect(try stacks.new.command() == ["SET", "k", "kk", "NX"])
      stacks.new.close()
      #expect(letters.finish() == Array("-".utf8))
      #expect(bench.health()[0].newSuspects == 1)
    }
  }

  @Test func whileClientsAreServedAHandfulGoesAtATime() async throws {
    try await Bench.runScripted(routing: KeyBatchTests.dualwrite) { bench, stacks in
      let first = bench.beginSmall(.string, "first")
      try expectQuestions(stacks.legacy, "first")
      try stacks.legacy.send(":-2\r\n$0\r\n\r\n")
      #expect(first.finish() == Array("a".utf8))
      let client = try bench.client()
      try client.send(command: "GET", "k")
      #expect(try stacks.legacy.command() == ["GET", "k"])
      try stacks.legacy.send("$-1\r\n")
      #expect(try client.reply() == "$-1\r\n")
      let keys = (0..<100).map { "k\($0)" }
      let letters = bench.beginSmall(.string, keys)
      var asked = 0
      while asked < keys.count {
        let some = try stacks.legacy.commandsNow().count / 2
        #expect(some <= BatchGait.handful)
        asked += some
        try stacks.legacy.send(String(repeating: ":-2\r\n$0\r\n\r\n", count: some))
      }
      #expect(letters.finish() == Array(String(repeating: "a", count: keys.count).utf8))
    }
  }
}
