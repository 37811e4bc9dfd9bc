import SluiceFigures
import SluiceRouting
import Testing

@testable import SluiceCore

/// Copies that a stack refuses are errors, wait longer and longer, and are never called repaired.
@Suite(.serialized) struct RepairPauseTests {
  private static let second: UInt64 = 1_000_000_000
  private let key = Array("k".utf8)

  @Test func aStackThatSpeaksOfItselfRestsAsAWhole() {
    var pauses = RepairPauses()
    var now: UInt64 = 10 * RepairPauseTests.second
    #expect(pauses.room(at: now) == .max)
    var rests: [UInt64] = []
    for _ in 0..<7 {
      // All that were on their way are refused together, and count once.
      for _ in 0..<5 { pauses.wasRefused(key, speaksOfItself: true, at: now) }
      let begun = now
      while pauses.room(at: now) == 0 { now += 1_000_000 }
      rests.append((now - begun) / 1_000_000)
      #expect(pauses.room(at: now) == 1)
      pauses.begins(at: now)
      #expect(pauses.room(at: now) == 0)
    }
    #expect(rests == [250, 500, 1000, 2000, 4000, 5000, 5000])
    pauses.arrived(key)
    #expect(pauses.room(at: now) == .max)
  }

  @Test func anotherRefusalIsAboutItsKey() {
    var pauses = RepairPauses()
    var now = RepairPauseTests.second
    #expect(pauses.wasRefused(key, speaksOfItself: false, at: now) == 1)
    #expect(pauses.room(at: now) == .max && !pauses.isDue(key, at: now))
    #expect(pauses.isDue(Array("other".utf8), at: now))
    #expect(pauses.isDue(key, at: now + RepairPauseTests.second))
    // Clients that ask for it while it waits do not make it wait longer.
    for _ in 0..<100 { #expect(pauses.wasRefused(key, speaksOfItself: false, at: now) == 1) }
    now += RepairPauseTests.second
    #expect(pauses.wasRefused(key, speaksOfItself: false, at: now) == 2)
    #expect(!pauses.isDue(key, at: now + RepairPauseTests.second))
    for _ in 0..<100 {
      now += 300 * RepairPauseTests.second
      pauses.wasRefused(key, speaksOfItself: false, at: now)
    }
    #expect(pauses.isDue(key, at: now + 300 * RepairPauseTests.second))
    pauses.forget(key)
    #expect(pauses.isDue(key, at: now))
  }

  /// The mirror refuses two writes and then every copy: legacy is not read for nothing, nothing counts as repaired, and when it takes
  /// copies again both keys arrive.
  @Test func whatAMirrorRefusesIsAnErrorAndNoRepair() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      for name in ["a", "b"] {
        try stacks.acknowledge(by: client, "SET", name, "1")
        #expect(try stacks.new.command() == ["SET", name, "1"])
      }
      try stacks.new.send("-OOM no\r\n-OOM no\r\n")
      // Both are tried once, then one at a time.
      var asked: [[String]] = []
      var start = ContinuousClock.now
      for attempt in 0..<4 {
        repeat {
          asked.append(try stacks.legacy.command())
          if asked.last?.first == "OBJECT" { try stacks.legacy.send(TestSocket.short) }
          if asked.last?.first == "DUMP" { try stacks.legacy.send("$4\r\ndump\r\n") }
          if asked.last?.first == "PEXPIRETIME" { try stacks.legacy.send(":-1\r\n") }
        } while asked.count < (attempt == 0 ? 8 : 4)
        asked = []
        if attempt > 1 { #expect(ContinuousClock.now - start > .milliseconds(attempt == 2 ? 400 : 900)) }
        start = .now
        if attempt > 0 {
          #expect(try stacks.new.command().first == "RESTORE", "nothing is there to be taken away")
          if attempt < 3 { try stacks.new.send("-OOM no\r\n") }
        } else {
          // What is refused is deleted; whether the second copy comes before that, the lane's turns decide.
          var words: [String] = []
          for _ in 0..<6 {
            words.append(try stacks.new.command().first ?? "")
            try stacks.new.send(words.last == "RESTORE" ? "-OOM no\r\n" : ":0\r\n")
          }
          // Each is taken away ahead of its copy, and once more behind it.
          #expect(words.sorted() == ["RESTORE", "RESTORE", "UNLINK", "UNLINK", "UNLINK", "UNLINK"])
          // Two writes, two copies.
          #expect(eventually { bench.figures().compare.mirrorErrors == 4 })
          #expect(bench.figures().suspects[.new].made == 2 && bench.figures().suspects[.new].repaired == 0)
        }
      }
      try stacks.new.send("+OK\r\n")
      try stacks.legacy.expectCopyQuestion(about: "b")
      try stacks.legacy.send("$4\r\ndump\r\n:-1\r\n")
      #expect(try stacks.new.command().prefix(2) == ["RESTORE", "b"])
      try stacks.new.send("+OK\r\n")
      #expect(eventually { bench.figures().suspects[.new].repaired == 2 })
      #expect(bench.figures().suspects[.new].made == 2)
      #expect(bench.health().map(\.newSuspects) == [0])
    }
  }

  /// No copy is to be had of legacy's key: it is gone from new and an error, and nothing was repaired. It stays a suspect, named.
  @Test func whatCannotBeCopiedIsNotRepaired() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try stacks.acknowledge(by: client, "SET", "a", "1")
      #expect(try stacks.new.command() == ["SET", "a", "1"])
      try stacks.new.send("-OOM no\r\n")
      try stacks.legacy.expectCopyQuestion(about: "a")
      try stacks.legacy.send("$4\r\ndump\r\n:-1\r\n")
      #expect(try stacks.new.command() == ["UNLINK", "a"])
      #expect(try stacks.new.command().first == "RESTORE")
      try stacks.new.send(":1\r\n-ERR no such module\r\n")
      #expect(try stacks.new.command() == ["UNLINK", "a"])
      try stacks.new.send(":1\r\n")
      #expect(eventually { bench.figures().suspects[.new].deleted == 1 })
      let figures = bench.figures()
      #expect(figures.suspects[.new].repaired == 0 && figures.compare.mirrorErrors == 2)
      #expect(figures.compare.uncarried > 0 && bench.health().map(\.newSuspects) == [1])
      // What is made anew there is right there.
      try stacks.acknowledge(by: client, "SET", "a", "2")
      #expect(try stacks.new.command() == ["SET", "a", "2"])
      try stacks.new.send("+OK\r\n")
      #expect(eventually { bench.health().map(\.newSuspects) == [0] })
    }
  }
}
