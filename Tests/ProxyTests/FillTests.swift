import Foundation
import SluiceProxy
import SluiceRouting
import Testing

/// A fill brings to new what it lacks, overwrites nothing, and brings nothing back that was deleted.
@Suite(.serialized) struct FillTests {
  private static let live = RoutingSnapshot.at(.live, 100)
  private static let dualwrite = RoutingSnapshot.at(.dualwrite)

  @Test func aKeyThatNewLacksComesFromLegacyWithItsTime() async throws {
    try await Bench.runScripted(routing: FillTests.live) { bench, stacks in
      let outcome = bench.begin(.fill, "k")
      try stacks.expectFill(of: "k")
      try stacks.legacy.send("$4\r\ndump\r\n:1900000000000\r\n")
      #expect(try stacks.new.command() == ["RESTORE", "k", "1900000000000", "dump", "ABSTTL"], "no REPLACE")
      try stacks.new.send("+OK\r\n")
      #expect(outcome.finish() == [.copied])
    }
  }

  @Test func aKeyThatNewHasIsLeftAlone() async throws {
    try await Bench.runScripted(routing: FillTests.live) { bench, stacks in
      let outcome = bench.begin(.fill, "k")
      #expect(try stacks.new.command() == ["EXISTS", "k"])
      try stacks.new.send(":1\r\n")
      #expect(outcome.finish() == [.present])
      bench.settle()
      #expect(try stacks.legacy.commandsNow() == [])
    }
  }

  @Test(arguments: [
    ["SET", "k", "young"], ["DEL", "k"], ["MSET", "a", "1", "k", "2"], ["SORT", "k", "STORE", "k"],
  ])
  func aWriteWhileTheFillIsUnderWayEndsIt(write: [String]) async throws {
    try await Bench.runScripted(routing: FillTests.live) { bench, stacks in
      let outcome = bench.begin(.fill, "k")
      try stacks.expectFill(of: "k")
      let client = try bench.client()
      try client.send(command: write)
      #expect(try stacks.new.command() == write)
      #expect(outcome.finish() == [.overtaken])
      // The copy is older than the write: it must not arrive behind it.
      try stacks.legacy.send("$4\r\ndump\r\n:-1\r\n")
      bench.settle()
      #expect(try stacks.new.commandsNow() == [])
    }
  }

  @Test func aDeletionThatWasOnItsWayBeforeIsInTheCopy() async throws {
    try await Bench.runScripted(routing: FillTests.live) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "DEL", "k")
      #expect(try stacks.new.command() == ["DEL", "k"])
      let outcome = bench.begin(.fill, "k")
      #expect(try stacks.new.command() == ["EXISTS", "k"])
      #expect(try stacks.legacy.commandsNow() == [], "legacy has not heard of the deletion yet")
      try stacks.new.send(":1\r\n:0\r\n")
      #expect(try stacks.legacy.command() == ["DEL", "k"])
      try stacks.legacy.expectSizeQuestion(about: "k")
      try stacks.legacy.send(":1\r\n+none\r\n$-1\r\n")
      #expect(outcome.finish() == [.absent])
      #expect(try stacks.new.commandsNow() == [])
    }
  }

  @Test func aWriteBehindTheCopyIsMirroredToWhereItCameFrom() async throws {
    try await Bench.runScripted(routing: FillTests.live) { bench, stacks in
      let outcome = bench.begin(.fill, "k")
      try stacks.expectFill(of: "k")
      try stacks.legacy.send("$1\r\n5\r\n:-1\r\n")
      #expect(try stacks.new.command() == ["RESTORE", "k", "0", "5"])
      let client = try bench.client()
      try client.send(command: "INCR", "k")
      #expect(try stacks.new.command() == ["INCR", "k"])
      try stacks.new.send("+OK\r\n:6\r\n")
      #expect(try client.reply() == ":6\r\n")
      #expect(try stacks.legacy.command() == ["INCR", "k"])
      #expect(outcome.finish() == [.copied])
    }
  }

  @Test func aKeyThatExpiresMeanwhileIsNotBroughtBack() async throws {
    try await Bench.runScripted(routing: FillTests.live) { bench, stacks in
      let outcome = bench.begin(.fill, "k")
      try stacks.expectFill(of: "k")
      // It was there for the first question and gone for the second: what had a time must not come back without one.
      try stacks.legacy.send("$4\r\ndump\r\n:-2\r\n")
      #expect(outcome.finish() == [.absent])
      #expect(try stacks.new.commandsNow() == [])
    }
  }

  @Test func whatNewRefusesIsSaidAndNothingElseHappens() async throws {
    try await Bench.runScripted(routing: FillTests.live) { bench, stacks in
      for (answer, expected) in [
        ("-BUSYKEY Target key name already exists.\r\n", KeyOutcome.present),
        (
          "-OOM command not allowed\r\n",
          .refused("no copy from legacy to new: OOM command not allowed")
        ),
      ] {
        let outcome = bench.begin(.fill, "k")
        try stacks.expectFill(of: "k")
        try stacks.legacy.send("$4\r\ndump\r\n:-1\r\n")
        #expect(try stacks.new.command() == ["RESTORE", "k", "0", "dump"])
        try stacks.new.send(answer)
        #expect(outcome.finish() == [expected])
      }
      let outcome = bench.begin(.fill, "k")
      try stacks.expectFill(of: "k")
      // An older server knows no PEXPIRETIME: it tells what is left.
      try stacks.legacy.send("$4\r\ndump\r\n-ERR unknown command\r\n")
      #expect(try stacks.legacy.command() == ["DUMP", "k"])
      #expect(try stacks.legacy.command() == ["PTTL", "k"])
      let before = Int(Date().timeIntervalSince1970 * 1000)
      try stacks.legacy.send("$4\r\ndump\r\n:5000\r\n")
      let restore = try stacks.new.command()
      let expiry = Int(restore[2]) ?? 0
      #expect(expiry >= before + 5000 && expiry < before + 65_000 && restore.last == "ABSTTL")
      try stacks.new.send("+OK\r\n")
      #expect(outcome.finish() == [.copied])
      #expect(bench.health().map(\.newSuspects) == [0])
    }
  }

  @Test func aFlipInBetweenEndsIt() async throws {
    try await Bench.runScripted(routing: FillTests.live) { bench, stacks in
      let outcome = bench.begin(.fill, "k")
      #expect(try stacks.new.command() == ["EXISTS", "k"])
      _ = bench.adopt(.at(.live, 0, version: 2))
      _ = bench.adopt(.at(.live, 100, version: 3))
      try stacks.new.send(":0\r\n")
      #expect(outcome.finish() == [.overtaken])
      #expect(try stacks.legacy.commandsNow() == [])
    }
  }

  @Test func whileLegacyIsThePrimaryTheCopyStandsInTheLog() async throws {
    try await Bench.runScripted(routing: FillTests.dualwrite) { bench, stacks in
      let outcome = bench.begin(.fill, "k", "gone")
      for key in ["k", "gone"] { try stacks.legacy.expectSizeQuestion(about: key) }
      try stacks.legacy.send(TestSocket.short + TestSocket.short)
      for key in ["k", "gone"] {
        #expect(try stacks.legacy.command() == ["DUMP", key])
        #expect(try stacks.legacy.command() == ["PEXPIRETIME", key])
      }
      let client = try bench.client()
      try client.send(command: "SET", "k", "young")
      #expect(try stacks.legacy.command() == ["SET", "k", "young"])
      try stacks.legacy.send("$4\r\ndump\r\n:-1\r\n$-1\r\n:-2\r\n+OK\r\n")
      try stacks.new.expectReplacedAtOnce("RESTORE", "k", "0", "dump", "REPLACE")
      #expect(
        try stacks.new.command() == ["SET", "k", "young"], "behind the copy, which does not know of it")
      try stacks.new.send(TestSocket.replacedAtOnce + "+OK\r\n")
      #expect(outcome.finish() == [.copied, .absent])
      #expect(try stacks.new.commandsNow() == [], "a fill deletes nothing")
    }
  }

  @Test func aStageThatMirrorsNothingRefuses() async throws {
    try await Bench.runScripted(routing: .at(.off)) { bench, stacks in
      #expect(bench.begin(.fill, "k").finish() == [.refused("stage off does not mirror writes")])
      #expect(bench.begin(.repair, "k").finish() == [.refused("stage off does not mirror writes")])
      let asked = try stacks.legacy.commandsNow()
      #expect(asked == [])
    }
  }

  @Test func noMoreThanABoundedNumberIsUnderWay() async throws {
    try await Bench.runScripted(routing: FillTests.dualwrite) { bench, stacks in
      let proxy = bench.proxy
      let keys = (0..<200).map { Array("k\($0)".utf8) }
      let outcome = Awaited { await proxy.carryOut(.fill, on: keys) }
      #expect(try stacks.legacy.command() == ["TYPE", "k0"])
      bench.settle()
      let asked = try stacks.legacy.commandsNow().count
      #expect(asked == 127, "64 keys, two questions each")
      try stacks.legacy.send("+none\r\n$-1\r\n")
      #expect(try stacks.legacy.command() == ["TYPE", "k64"])
      try stacks.legacy.send(String(repeating: "+none\r\n$-1\r\n", count: 199))
      #expect(outcome.finish() == Array(repeating: .absent, count: 200))
    }
  }

  @Test func aStackThatIsLostEndsWhatWasUnderWay() async throws {
    try await Bench.runScripted(routing: FillTests.live) { bench, stacks in
      let outcome = bench.begin(.fill, "k")
      #expect(try stacks.new.command() == ["EXISTS", "k"])
      try stacks.new.send(":0\r\n")
      #expect(try stacks.legacy.command() == ["TYPE", "k"])
      stacks.legacyStack.stop()
      stacks.legacy.reset()
      #expect(outcome.finish() == [.refused("a stack was lost meanwhile")])
      #expect(bench.begin(.fill, "k").finish() == [.refused("legacy is down")])
    }
  }
}
