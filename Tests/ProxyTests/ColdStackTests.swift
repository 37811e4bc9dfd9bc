import Foundation
import SluiceJournal
import SluiceProxy
import SluiceRouting
import Testing

/// A stack that lost everything is cold, not suspect; one that came back with something old is emptied before it is used.
@Suite(.serialized) struct ColdStackTests {
  private static let dualwrite = RoutingSnapshot.at(.dualwrite)
  private static let live = RoutingSnapshot.at(.live, 100, version: 2)

  /// A write that the mirror never answered, and the connection lost: the key is a suspect.
  private static func makeSuspect(_ bench: Bench, _ stacks: Script) throws {
    let client = try bench.client()
    try stacks.acknowledge(by: client, "SET", "k", "young")
    _ = try stacks.new.command()
  }

  @Test func aStackThatCameBackEmptyHasNoSuspects() async throws {
    try await Bench.runScripted(routing: ColdStackTests.dualwrite) { bench, stacks in
      try ColdStackTests.makeSuspect(bench, stacks)
      stacks.newStack.identity = .init(run: "2", keys: 0)
      stacks.new.close()
      let new = try stacks.newStack.connection()
      #expect(eventually { bench.health().map(\.new) == [.up] })
      #expect(bench.health().map(\.newSuspects) == [0])
      #expect(bench.health().allSatisfy { $0.newColdSince != nil && $0.legacyColdSince == nil })
      #expect(try stacks.legacy.commandsNow() == [], "nothing has to be copied")
      #expect(try new.commandsNow() == [])
    }
  }

  /// A managed server may hide its `run_id`.
  @Test func aStackThatCameBackEmptyNeedNotTellItsRun() async throws {
    try await Bench.runScripted(routing: ColdStackTests.dualwrite) { bench, stacks in
      try ColdStackTests.makeSuspect(bench, stacks)
      stacks.newStack.identity = .init(run: "", keys: 0)
      stacks.new.close()
      let new = try stacks.newStack.connection()
      #expect(eventually { bench.health().map(\.new) == [.up] })
      #expect(bench.health().map(\.newSuspects) == [0])
      #expect(try stacks.legacy.commandsNow() == [], "nothing has to be copied")
      #expect(try new.commandsNow() == [])
    }
  }

  @Test func aStackThatOnlyLostItsConnectionKeepsItsSuspects() async throws {
    try await Bench.runScripted(routing: ColdStackTests.dualwrite) { bench, stacks in
      try ColdStackTests.makeSuspect(bench, stacks)
      stacks.newStack.identity = .init(run: "1", keys: 1)
      stacks.new.close()
      _ = try stacks.newStack.connection()
      #expect(try stacks.legacy.command() == ["TYPE", "k"])
    }
  }

  @Test func aStackThatCameBackWithOldDataIsEmptiedFirst() async throws {
    try await Bench.runScripted(routing: ColdStackTests.dualwrite) { bench, stacks in
      try ColdStackTests.makeSuspect(bench, stacks)
      stacks.newStack.identity = .init(run: "2", keys: 5)
      stacks.new.close()
      let new = try stacks.newStack.connection()
      #expect(try new.command() == ["FLUSHDB", "ASYNC"])
      bench.settle()
      #expect(bench.health().map(\.new) != [.up])
      try new.send("+OK\r\n")
      #expect(eventually { bench.health().map(\.new) == [.up] })
      #expect(bench.health().map(\.newSuspects) == [0])
    }
  }

  @Test func aStackThatRefusesToBeEmptiedIsNotUsed() async throws {
    try await Bench.runScripted(routing: .at(.live, 100)) { bench, stacks in
      stacks.newStack.identity = .init(run: "2", keys: 5)
      stacks.new.close()
      let new = try stacks.newStack.connection()
      #expect(try new.command() == ["FLUSHDB", "ASYNC"])
      try new.send("-READONLY You can't write against a read only replica.\r\n")
      #expect(try new.untilClosed() == "")
      let client = try bench.client()
      #expect(try client.ask("GET", "k").hasPrefix("-STACKDOWN sluice: stack 'new'"))
      let isSaid = eventually {
        bench.health().contains { $0.new.reason?.hasPrefix("refused to be emptied") ?? false }
      }
      #expect(isSaid)
    }
  }

  @Test func aloneARestoredStackAnswersAsItIs() async throws {
    try await Bench.runScripted(routing: .at(.off)) { bench, stacks in
      stacks.legacyStack.identity = .init(run: "2", keys: 5)
      stacks.legacy.close()
      let legacy = try stacks.legacyStack.connection()
      #expect(eventually { bench.health().map(\.legacy) == [.up] })
      let client = try bench.client()
      try client.send(command: "GET", "k")
      #expect(try legacy.command() == ["GET", "k"])
      try legacy.send("$3\r\nold\r\n")
      #expect(try client.reply() == "$3\r\nold\r\n")
    }
  }

  @Test func everyLaneWaitsForTheOneThatEmptiesTheStack() async throws {
    var settings = ProxySettings()
    settings.threads = 2
    try await Bench.runScripted(settings, routing: ColdStackTests.dualwrite, keys: (legacy: 5, new: 5)) {
      bench, stacks in
      stacks.newStack.identity = .init(run: "2", keys: 5)
      for lane in stacks.newLanes { lane.close() }
      let first = try stacks.newStack.connection()
      let second = try stacks.newStack.connection()
      // One of them is told to empty the stack, and the other one is let go until that has happened.
      let commands = [try first.commandIfAny(), try second.commandIfAny()]
      #expect(commands.compactMap { $0 } == [["FLUSHDB", "ASYNC"]])
      try (commands[0] == nil ? second : first).send("+OK\r\n")
      #expect(eventually { bench.health().allSatisfy { $0.new == .up } })
      #expect(bench.health().allSatisfy { $0.newColdSince != nil })
    }
  }

  @Test func whatWasCutOffIsNotCarriedOutLate() async throws {
    try await Bench.runScripted(routing: .at(.off), timeout: 200_000_000) { bench, stacks in
      stacks.legacyStack.identity = .init(run: "1", keys: 1, client: 7)
      stacks.legacy.close()
      let legacy = try stacks.legacyStack.connection()
      #expect(eventually { bench.health().map(\.legacy) == [.up] })
      let client = try bench.client()
      try client.send(command: "SET", "k", "late")
      _ = try legacy.command()
      // No answer: the connection is cut, but the server may have the command in its buffers.
      #expect(try client.reply().hasPrefix("-STACKDOWN"))
      let next = try stacks.legacyStack.connection()
      #expect(try next.command() == ["CLIENT", "KILL", "ID", "7"])
    }
  }

  /// A hand-shake that is half through when everything on its stack becomes doubtful begins anew: there is nothing to cut yet.
  @Test func aDoubtInTheMiddleOfAHandshakeIsHeard() async throws {
    try await Bench.runScripted(routing: ColdStackTests.dualwrite, timeout: 200_000_000) { bench, stacks in
      stacks.newStack.identity = .init(run: "1", keys: 1, client: 7)
      stacks.new.close()
      let first = try stacks.newStack.connection()
      #expect(eventually { bench.health().map(\.new) == [.up] })
      let client = try bench.client()
      try stacks.acknowledge(by: client, "SET", "k", "old")
      // No answer: new is cut, and the next hand-shake has its command forgotten first.
      #expect(try first.command() == ["SET", "k", "old"])
      let second = try stacks.newStack.connection()
      #expect(try second.command() == ["CLIENT", "KILL", "ID", "7"])
      try client.send(command: "FLUSHDB")
      #expect(try stacks.legacy.command() == ["FLUSHDB"])
      try stacks.legacy.send("+OK\r\n")
      #expect(try client.reply() == "+OK\r\n")
      try second.send(":1\r\n")
      #expect(try second.untilClosed() == "")
      let third = try stacks.newStack.connection()
      #expect(try third.command() == ["FLUSHDB", "ASYNC"])
      #expect(bench.health().map(\.new) != [.up])
    }
  }

  /// A server that hung when the proxy was killed may still have its commands in its buffers.
  @Test(arguments: [("1", true), ("2", false)])
  func whatAKilledProcessHasSentIsNotCarriedOutLate(run: String, isToForget: Bool) async throws {
    let folder = NSTemporaryDirectory() + "/late-\(UUID().uuidString.prefix(8))"
    defer { for name in [folder, folder + "-left"] { try? FileManager.default.removeItem(atPath: name) } }
    let (legacy, new) = (try FakeStack(keys: 1), try FakeStack())
    defer {
      legacy.stop()
      new.stop()
    }
    legacy.identity = .init(run: "1", keys: 1, client: 7)
    func serve(_ folder: String, _ body: @escaping @Sendable (Bench) throws -> Void) async throws {
      try await Bench.run(
        legacy: .port(legacy.port, "legacy-stack"), new: .port(new.port, "new-stack"), routing: .at(.off),
        journal: try SuspectJournal(directory: folder, lanes: 1), body)
    }
    try await serve(folder) { bench in
      #expect(eventually { bench.health().map(\.legacy) == [.up] })
      // What is in the files now is what a kill leaves behind.
      try FileManager.default.copyItem(atPath: folder, toPath: folder + "-left")
    }
    _ = try legacy.connection()
    legacy.identity = .init(run: run, keys: 1, client: 9)
    try await serve(folder + "-left") { bench in
      var connection = try legacy.connection()
      if isToForget {
        #expect(try connection.command() == ["CLIENT", "KILL", "ID", "7"])
        #expect(bench.health().map(\.legacy) != [.up])
        // Without an answer the hand-shake is late, and the next one asks again.
        connection = try legacy.connection()
        #expect(try connection.command() == ["CLIENT", "KILL", "ID", "7"])
        try connection.send(":1\r\n")
      }
      // In another run of the server the number may be somebody else's.
      #expect(eventually { bench.health().map(\.legacy) == [.up] })
      #expect(try connection.commandsNow() == [])
    }
  }

  @Test func anUpdateIsCopiedOnceToAColdMirrorAndRepeatedFromThenOn() async throws {
    try await Bench.runScripted(routing: ColdStackTests.dualwrite, keys: (legacy: 5, new: 0)) {
      bench, stacks in
      let client = try bench.client()
      try client.send(command: "HSET", "h", "b", "2")
      #expect(try stacks.legacy.command() == ["HSET", "h", "b", "2"])
      try stacks.legacy.send(":1\r\n")
      #expect(try client.reply() == ":1\r\n")
      try stacks.legacy.expectCopyQuestion(about: "h")
      // A second one before the copy is there is in the copy.
      try client.send(command: "HSET", "h", "c", "3")
      #expect(try stacks.legacy.command() == ["HSET", "h", "c", "3"])
      try stacks.legacy.send("$4\r\ndump\r\n:-1\r\n:0\r\n")
      #expect(try client.reply() == ":0\r\n")
      try stacks.new.expectReplaced("RESTORE", "h", "0", "dump", "REPLACE")
      // It was answered behind the copy, so it is repeated.
      #expect(try stacks.new.command() == ["HSET", "h", "c", "3"])
      try stacks.new.send(TestSocket.replaced + ":0\r\n")
      bench.settle()
      #expect(bench.health().map(\.newSuspects) == [0])
      #expect(try stacks.legacy.commandsNow() == [])
    }
  }

  @Test func whatLeavesAnAbsentKeyAbsentIsRepeatedOnAColdMirrorOnly() async throws {
    try await Bench.runScripted(routing: ColdStackTests.dualwrite, keys: (legacy: 5, new: 0)) {
      bench, stacks in
      let client = try bench.client()
      try client.send(command: "LPOP", "l")
      _ = try stacks.legacy.command()
      try stacks.legacy.send("$1\r\na\r\n")
      #expect(try client.reply() == "$1\r\na\r\n")
      #expect(try stacks.new.command() == ["LPOP", "l"])
      try stacks.new.send("$-1\r\n")
      // Now legacy loses everything: what new has it lacks, and a part of it would be left there.
      stacks.legacyStack.identity = .init(run: "2", keys: 0)
      stacks.legacy.close()
      let legacy = try stacks.legacyStack.connection()
      #expect(eventually { bench.health().map(\.legacy) == [.up] })
      try client.send(command: "SADD", "s", "a")
      _ = try legacy.command()
      try legacy.send(":1\r\n")
      #expect(try client.reply() == ":1\r\n")
      #expect(try legacy.command() == ["TYPE", "s"])
    }
  }

  @Test func aStackThatWasLeftOutIsEmptiedBeforeItIsUsed() async throws {
    try await Bench.runScripted(routing: .at(.off), keys: (legacy: 5, new: 5)) { bench, stacks in
      let flip = bench.beginAdopting(ColdStackTests.live)
      let new = try stacks.newStack.connection()
      #expect(try new.command() == ["FLUSHDB", "ASYNC"])
      bench.settle()
      #expect(!flip.isFinished)
      try new.send("+OK\r\n")
      #expect(flip.finish().map(\.emptied) == [.new])
      let client = try bench.client()
      try client.send(command: "GET", "k")
      #expect(try new.command() == ["GET", "k"])
      try new.send("$-1\r\n")
      #expect(try client.reply() == "$-1\r\n")
    }
  }

  @Test func aShortPauseInWhichNothingWasWrittenEmptiesNothing() async throws {
    try await Bench.runScripted(routing: ColdStackTests.live, keys: (legacy: 5, new: 5)) { bench, stacks in
      _ = bench.adopt(.at(.off, version: 3))
      #expect(bench.adopt(.at(.live, 100, version: 4)).map(\.emptied) == [nil])
      let client = try bench.client()
      try client.send(command: "GET", "k")
      #expect(try stacks.new.command() == ["GET", "k"], "the same connection")
      try stacks.new.send("$-1\r\n")
      #expect(try client.reply() == "$-1\r\n")
    }
  }

  /// Two real servers and two lanes: new crashes and comes back with an old snapshot.
  @Test func anOldSnapshotIsNeverServed() async throws {
    var settings = ProxySettings()
    settings.threads = 2
    try await Bench.runRedis(settings, routing: ColdStackTests.live) { bench, legacy, new in
      let client = try bench.client()
      for number in 0..<20 {
        #expect(try client.ask("HSET", "h\(number)", "a", "old", "b", "old") == ":2\r\n")
      }
      let saved = try new.client().ask("SAVE")
      #expect(saved == "+OK\r\n")
      for number in 0..<20 { #expect(try client.ask("HSET", "h\(number)", "a", "young") == ":0\r\n") }
      new.crash()
      try new.start()
      try new.waitUntilReady()
      #expect(eventually { bench.health().allSatisfy { $0.new == .up } })
      for number in 0..<20 {
        let value = try client.ask("HGET", "h\(number)", "a")
        #expect(value == "$-1\r\n" || value == "$5\r\nyoung\r\n")
      }
      // What is written now arrives whole on legacy, which has what new has lost.
      for number in 0..<20 { #expect(try client.ask("HSET", "h\(number)", "c", "new") == ":1\r\n") }
      let past = try legacy.client()
      let areEqual = try eventually {
        try (0..<20).allSatisfy { try past.ask("HGETALL", "h\($0)") == "*2\r\n$1\r\nc\r\n$3\r\nnew\r\n" }
      }
      #expect(areEqual)
    }
  }

  /// The primary of all keys answers as it would without the proxy; the mirror follows it.
  @Test func theOnlyPrimaryIsNotEmptied() async throws {
    try await Bench.runRedis(routing: ColdStackTests.dualwrite) { bench, legacy, new in
      let client = try bench.client()
      #expect(try client.ask("SET", "n", "5") == "+OK\r\n")
      #expect(try client.ask("SET", "other", "kept") == "+OK\r\n")
      #expect(try legacy.client().ask("SAVE") == "+OK\r\n")
      #expect(try client.ask("INCR", "n") == ":6\r\n")
      legacy.crash()
      try legacy.start()
      try legacy.waitUntilReady()
      #expect(eventually { bench.health().allSatisfy { $0.legacy == .up } })
      #expect(try client.ask("GET", "other") == "$4\r\nkept\r\n")
      #expect(try client.ask("GET", "n") == "$1\r\n5\r\n")
      // New has 6: repeated there, it would be 8.
      #expect(try client.ask("INCRBY", "n", "2") == ":7\r\n")
      let past = try new.client()
      let isEqual = try eventually { try past.ask("GET", "n") == "$1\r\n7\r\n" }
      #expect(isEqual)
    }
  }
}

extension TestSocket {
  /// The next command, or nil when the peer closes instead.
  fileprivate func commandIfAny() throws -> [String]? { try? command() }
}
