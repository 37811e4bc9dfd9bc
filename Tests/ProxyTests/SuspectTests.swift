import Foundation
import SluiceProxy
import SluiceRouting
import Testing

/// Law 7: a suspect is never served. What did not reach the mirror is copied there in the background, and who asks before
/// that waits for a moment until the key is back from the other stack, or finds it missing. The other stack keeps it (law 11).
@Suite(.serialized) struct SuspectTests {
  private static let shadowing = RoutingSnapshot.at(.dualwrite)
  private static let live = RoutingSnapshot.at(.live, 100, version: 2)

  @Test func aWriteThatTheMirrorRefusedIsRepairedByACopy() async throws {
    try await Bench.runScripted(routing: SuspectTests.shadowing) { bench, stacks in
      let client = try bench.client()
      try stacks.acknowledge(by: client, "SET", "k", "young")
      #expect(try stacks.new.command() == ["SET", "k", "young"])
      try stacks.new.send("-OOM command not allowed\r\n")
      try stacks.legacy.expectCopyQuestion(about: "k")
      // A write between the question and its answer is in the copy, and is mirrored behind it or before it, never lost.
      try stacks.legacy.send("$4\r\ndump\r\n:1900000000000\r\n")
      try stacks.new.expectReplaced("RESTORE", "k", "1900000000000", "dump", "REPLACE", "ABSTTL")
      try stacks.new.send(TestSocket.replaced)
      bench.settle()
      #expect(bench.health().map(\.newSuspects) == [0])
    }
  }

  /// A stack is cut off when it owes a reply for too long. A key whose copy takes longer than that must not have it cut off for ever.
  @Test func aKeyThatTakesTooLongToCopyIsLetAlone() async throws {
    try await Bench.runScripted(routing: SuspectTests.shadowing, timeout: 300_000_000) { bench, stacks in
      let client = try bench.client()
      try stacks.acknowledge(by: client, "SET", "big", "1")
      #expect(try stacks.new.command() == ["SET", "big", "1"])
      try stacks.new.send("-OOM command not allowed\r\n")
      try stacks.legacy.expectCopyQuestion(about: "big")
      // No answer: legacy is cut off, and connected again.
      let legacy = try stacks.legacyStack.connection()
      let since = Date()
      #expect(eventually { bench.health().allSatisfy { $0.legacy == .up } })
      try client.send(command: "SET", "small", "1")
      var asked = [try legacy.command()]
      try legacy.send("+OK\r\n")
      #expect(try stacks.new.command() == ["SET", "small", "1"])
      try stacks.new.send("-OOM command not allowed\r\n")
      while asked.last != ["TYPE", "small"] { asked.append(try legacy.command()) }
      #expect(!asked.contains(["TYPE", "big"]) || Date().timeIntervalSince(since) > 1.5)
    }
  }

  @Test func aSuspectIsDeletedBeforeItsStackAnswersForIt() async throws {
    var settings = ProxySettings()
    settings.mirrorCommands = 1
    try await Bench.runScripted(settings, routing: SuspectTests.shadowing) { bench, stacks in
      let client = try bench.client()
      for value in ["old", "young"] {
        try stacks.acknowledge(by: client, "SET", "k", value)
      }
      // The mirror has one command in flight, and there is no room for the second.
      #expect(try stacks.new.command() == ["SET", "k", "old"])
      bench.settle()
      #expect(bench.health().map(\.newSuspects) == [1])
      let flip = bench.beginAdopting(SuspectTests.live)
      try client.send(command: "GET", "k")
      // The flip has not waited for ever. The key comes home behind its deletion, and the command stands behind its value.
      try stacks.new.send("+OK\r\n")
      #expect(try SuspectTests.isAnsweredAndHome(bench, stacks))
      #expect(["$5\r\nyoung\r\n", "$-1\r\n"].contains(try client.reply()), "never what was there")
      _ = flip.finish()
    }
  }

  /// Both stacks answer, new a `GET` by what it holds, until one was answered and no suspect is left. Legacy, which has the key right, must
  /// not be told to delete it.
  private static func isAnsweredAndHome(_ bench: Bench, _ stacks: Script) throws -> Bool {
    var (deletions, isRestored, isAnswered) = (0, false, false)
    let isHome = try eventually {
      for words in try stacks.legacy.commandsNow() {
        switch words[0] {
        case "TYPE": try stacks.legacy.send("+string\r\n")
        case "OBJECT": try stacks.legacy.send("$6\r\nembstr\r\n")
        case "DUMP": try stacks.legacy.send("$4\r\ndump\r\n")
        case "UNLINK": deletions += 1
        default: try stacks.legacy.send(":-1\r\n")
        }
      }
      for words in try stacks.new.commandsNow() {
        switch words[0] {
        case "EXISTS": try stacks.new.send(":0\r\n")
        case "UNLINK": try stacks.new.send(":1\r\n")
        case "GET":
          isAnswered = true
          try stacks.new.send(isRestored ? "$5\r\nyoung\r\n" : "$-1\r\n")
        default:
          isRestored = isRestored || words.prefix(4) == ["RESTORE", "k", "0", "dump"]
          try stacks.new.send("+OK\r\n")
        }
      }
      return isAnswered && bench.health().map(\.newSuspects) == [0]
    }
    return isHome && deletions == 0
  }

  /// The primary has lost the key, by an eviction perhaps; what the mirror holds of it is what nobody has seen since.
  @Test(arguments: [("LPOP", "$-1\r\n", "$1\r\n4\r\n"), ("SREM", ":0\r\n", ":1\r\n")])
  func aMirrorThatFindsWhatThePrimaryLacksIsDoubtful(verb: String, of primary: String, of mirror: String)
    async throws
  {
    try await Bench.runScripted(routing: SuspectTests.shadowing, keys: (1, 0)) { bench, stacks in
      let client = try bench.client()
      let words = verb == "LPOP" ? ["LPOP", "k"] : ["SREM", "k", "4"]
      try client.send(command: words)
      #expect(try stacks.legacy.command() == words)
      try stacks.legacy.send(primary)
      #expect(try client.reply() == primary)
      #expect(try stacks.new.command() == words)
      try stacks.new.send(mirror)
      #expect(eventually { bench.health().map(\.newSuspects) == [1] })
    }
  }

  /// A mirror that is cold lacks keys, and that is no doubt.
  @Test func aColdMirrorThatFindsNothingIsNotDoubtful() async throws {
    try await Bench.runScripted(routing: SuspectTests.shadowing, keys: (1, 0)) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "LPOP", "k")
      #expect(try stacks.legacy.command() == ["LPOP", "k"])
      try stacks.legacy.send("$1\r\n4\r\n")
      #expect(try client.reply() == "$1\r\n4\r\n")
      #expect(try stacks.new.command() == ["LPOP", "k"])
      try stacks.new.send("$-1\r\n")
      bench.settle()
      #expect(bench.health().map(\.newSuspects) == [0])
    }
  }

  /// What a client has made of a key that was deleted before it was served is right from then on, whoever still wants to look at it.
  @Test func whatAWriteHasMadeOfAMissingKeyIsNotDeleted() async throws {
    try await Bench.runScripted(routing: .at(.live, 100)) { bench, stacks in
      let client = try bench.client()
      try client.send(command: "INCR", "k")
      #expect(try stacks.new.command() == ["INCR", "k"])
      stacks.newStack.stop()
      stacks.new.close()
      #expect(try client.reply().hasPrefix("-STACKDOWN"))
      // Nobody knows whether legacy lacks it, and new cannot be asked.
      _ = bench.adopt(.at(.dualwrite, version: 2))
      try client.send(command: "INCR", "k")
      for words in [["UNLINK", "k"], ["INCR", "k"]] { #expect(try stacks.legacy.command() == words) }
      try stacks.legacy.send(":1\r\n:1\r\n")
      #expect(try client.reply() == ":1\r\n")
      for count in 2...4 {
        // The first of them overtakes the look at what is there, and nobody deletes what was acknowledged.
        try client.send(command: "INCR", "k")
        var (asked, replies) = (try stacks.legacy.command(), "")
        while asked != ["INCR", "k"] {
          try #require(asked[0] != "UNLINK", "\(count)")
          replies += asked[0] == "EXISTS" ? ":1\r\n" : ":-1\r\n"
          asked = try stacks.legacy.command()
        }
        try stacks.legacy.send(replies + ":\(count)\r\n")
        #expect(try client.reply() == ":\(count)\r\n")
      }
      #expect(bench.health().map { [$0.legacySuspects, $0.newSuspects] } == [[0, 1]])
    }
  }

  /// What a client takes by name from a key that its primary lacks for a moment is gone from the value that comes home.
  @Test func whatIsTakenFromAMissingKeyDoesNotComeHome() async throws {
    try await Bench.runScripted(routing: SuspectTests.shadowing) { bench, stacks in
      let client = try bench.client()
      try stacks.acknowledge(by: client, "SET", "k", "young")
      _ = try stacks.new.command()
      try stacks.new.send("-OOM no\r\n")
      #expect(eventually { bench.health().map(\.newSuspects) == [1] })
      _ = bench.adopt(SuspectTests.live)
      try client.send(command: "GET", "k")
      var isAsked = false
      let isTaken = try eventually {
        var isTaken = false
        for words in try stacks.legacy.commandsNow() {
          isTaken = isTaken || words == ["SREM", "k", "m"]
          let answers = [
            "TYPE": "+string\r\n", "OBJECT": "$6\r\nembstr\r\n", "DUMP": "$4\r\ndump\r\n", "SREM": ":1\r\n",
          ]
          try stacks.legacy.send(answers[words[0]] ?? ":-1\r\n")
        }
        for words in try stacks.new.commandsNow() {
          let answers = ["EXISTS": ":0\r\n", "UNLINK": ":1\r\n", "GET": "$-1\r\n", "SREM": ":0\r\n"]
          // It takes no copies: the key is missing there, and stays so.
          try stacks.new.send(answers[words[0]] ?? "-OOM no\r\n")
          if words[0] == "GET", !isAsked {
            isAsked = true
            try client.send(command: "SREM", "k", "m")
          }
        }
        return isTaken
      }
      #expect(isTaken)
      #expect(try client.reply() == "$-1\r\n")
      #expect(try client.reply() == ":0\r\n")
    }
  }

  /// A stack that refuses to delete is not cut off for it: only who asks for the suspect gets an error.
  @Test func aStackThatRefusesToDeleteStillAnswersForOtherKeys() async throws {
    try await Bench.runScripted(routing: SuspectTests.shadowing) { bench, stacks in
      let client = try bench.client()
      try stacks.acknowledge(by: client, "SET", "k", "young")
      _ = try stacks.new.command()
      try stacks.new.send("-MISCONF the disk is full\r\n")
      #expect(eventually { bench.health().map(\.newSuspects) == [1] })
      _ = bench.adopt(SuspectTests.live)
      let others = try bench.client()
      try client.send(command: "GET", "k")
      for words in [["UNLINK", "k"], ["EXISTS", "k"]] { #expect(try stacks.new.command() == words) }
      // It cannot come home: it is there still. Who waits for it goes on.
      try stacks.new.send("-MISCONF the disk is full\r\n:1\r\n")
      for words in [["UNLINK", "k"], ["GET", "k"]] { #expect(try stacks.new.command() == words) }
      try others.send(command: "GET", "other")
      #expect(try stacks.new.command() == ["GET", "other"])
      try stacks.new.send("-MISCONF the disk is full\r\n$3\r\nold\r\n$1\r\nx\r\n")
      #expect(
        try client.reply().hasPrefix("-STACKDOWN sluice: stack 'new' (new-stack) may hold an old value"))
      #expect(try others.reply() == "$1\r\nx\r\n")
      #expect(bench.health().map(\.newSuspects) == [1])
      // Once it takes writes again the key is deleted, and comes home.
      try client.send(command: "GET", "k")
      #expect(try SuspectTests.isAnsweredAndHome(bench, stacks))
      #expect(["$5\r\nyoung\r\n", "$-1\r\n"].contains(try client.reply()), "never what was there")
    }
  }

  /// A command over keys of several lanes: each lane deletes its own suspects before it runs.
  @Test func aCommandOverSeveralLanesMeetsNoSuspect() async throws {
    var settings = ProxySettings()
    settings.threads = 3
    try await Bench.runRedis(settings, routing: SuspectTests.shadowing) { bench, legacy, new in
      let client = try bench.client()
      let past = try new.client()
      let keys = (0..<20).map { "s\($0)" }
      for key in keys { #expect(try client.ask("SADD", key, "old") == ":1\r\n") }
      let hasArrived = try eventually { try keys.allSatisfy { try past.ask("SCARD", $0) == ":1\r\n" } }
      #expect(hasArrived)
      // New takes no writes for a while: its sets keep what was removed.
      #expect(try past.ask("CONFIG", "SET", "min-replicas-to-write", "1") == "+OK\r\n")
      for key in keys { #expect(try client.ask("SREM", key, "old") == ":1\r\n") }
      #expect(eventually { bench.health().reduce(0) { $0 + $1.newSuspects } == keys.count })
      _ = bench.adopt(SuspectTests.live)
      let refused = try client.ask(["SUNION"] + keys)
      #expect(refused.hasPrefix("-STACKDOWN"), "\(refused)")
      #expect(try past.ask("CONFIG", "SET", "min-replicas-to-write", "0") == "+OK\r\n")
      #expect(try client.ask(["SUNION"] + keys) == "*0\r\n")
      #expect(eventually { bench.health().map(\.newSuspects) == [0, 0, 0] })
    }
  }

  /// Commands of one pipeline stand behind one deletion: a second one would take away what the first command has written.
  @Test func whatIsWrittenBehindADeletionStays() async throws {
    try await Bench.runScripted(routing: SuspectTests.shadowing) { bench, stacks in
      let client = try bench.client()
      try stacks.acknowledge(by: client, "SET", "k", "young")
      _ = try stacks.new.command()
      try stacks.new.send("-OOM command not allowed\r\n")
      bench.settle()
      _ = bench.adopt(SuspectTests.live)
      try client.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\nnew\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
      // Legacy, from which it would come home, does not answer in time.
      for words in [["UNLINK", "k"], ["EXISTS", "k"], ["SET", "k", "new"], ["GET", "k"]] {
        #expect(try stacks.new.command() == words)
      }
      try stacks.new.send(":1\r\n:0\r\n+OK\r\n$3\r\nnew\r\n")
      #expect(try client.reply() == "+OK\r\n")
      #expect(try client.reply() == "$3\r\nnew\r\n")
      #expect(eventually { bench.health().map(\.newSuspects) == [0] })
    }
  }

  /// The mirror would make the wrong key of it, and say the same.
  @Test func whatIsMadeOfASuspectIsCopiedNotRepeated() async throws {
    try await Bench.runScripted(routing: SuspectTests.shadowing) { bench, stacks in
      let client = try bench.client()
      try stacks.acknowledge(by: client, "SET", "a", "young")
      #expect(try stacks.new.command() == ["SET", "a", "young"])
      try client.send(command: "RENAME", "a", "b")
      #expect(try stacks.legacy.command() == ["RENAME", "a", "b"])
      try stacks.new.send("-OOM command not allowed\r\n")
      try stacks.legacy.expectSizeQuestion(about: "a")
      try stacks.legacy.send("+OK\r\n+none\r\n$-1\r\n")
      #expect(try client.reply() == "+OK\r\n")
      #expect(try stacks.new.command() == ["UNLINK", "a"])
      try stacks.new.send(":1\r\n")
      try stacks.legacy.expectCopyQuestion(about: "b")
      try stacks.legacy.send("$4\r\ndump\r\n:-1\r\n")
      try stacks.new.expectReplaced("RESTORE", "b", "0", "dump", "REPLACE")
      try stacks.new.send(TestSocket.replaced)
      bench.settle()
      #expect(bench.health().map(\.newSuspects) == [0])
    }
  }

  /// In the second and third run each server is the mirror of a half of the keys, with more suspects than are known by name: what it answers for
  /// itself is not thrown away with them (law 11).
  @Test(arguments: [(RoutingSnapshot.at(.dualwrite), 1_000_000), (.at(.live), 1_000_000), (.at(.live), 8)])
  func afterTroubleBothServersAreEqual(_ routing: RoutingSnapshot, _ limit: Int) async throws {
    var settings = ProxySettings()
    settings.mirrorCommands = 8
    settings.suspects = limit
    try await Bench.runRedis(settings, routing: routing) { bench, legacy, new in
      let clients = try (0..<4).map { _ in try bench.client() }
      // Far more writes at once than the mirror's queue takes: most are dropped, and every key becomes a suspect.
      for round in 0..<20 {
        for (number, client) in clients.enumerated() {
          for key in 0..<50 {
            try client.send(command: "SET", "k\(key)", "\(round).\(number)")
            try client.send(command: "INCR", "n\(key)")
            try client.send(command: "RPUSH", "l\(key)", "\(round)")
          }
        }
        for client in clients {
          for _ in 0..<150 { _ = try client.reply() }
        }
      }
      #expect(bench.figures().compare.droppedWrites > 0, "or this proves nothing")
      let deadline = Date(timeIntervalSinceNow: 20)
      while bench.health().contains(where: { $0.newSuspects + $0.legacySuspects > 0 }), Date() < deadline {
        bench.settle()
      }
      #expect(bench.health().map { $0.newSuspects + $0.legacySuspects } == [0])
      bench.settle()
      let left = try legacy.client()
      let right = try new.client()
      for key in (0..<50).flatMap({ ["k\($0)", "n\($0)", "l\($0)"] }) {
        #expect(try left.ask("DUMP", key) == right.ask("DUMP", key), "\(key)")
      }
      for server in [left, right] {
        #expect(try !server.ask("INFO", "commandstats").contains("cmdstat_flush"))
      }
    }
  }
}

extension SuspectTests {
  /// The mirror has no room for the copy either. It must be deleted there, and must not be taken for equal: an update of what is
  /// absent would make half a hash.
  @Test func aCopyThatTheMirrorRefusesIsTriedAgain() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try stacks.acknowledge(by: client, "SET", "k", "young")
      #expect(try stacks.new.command() == ["SET", "k", "young"])
      try stacks.new.send("-OOM command not allowed\r\n")
      for answer in ["-OOM command not allowed\r\n", "+OK\r\n"] {
        try stacks.legacy.expectCopyQuestion(about: "k")
        try stacks.legacy.send("$4\r\ndump\r\n:-1\r\n")
        guard answer.hasPrefix("-") else {
          #expect(
            try stacks.new.command() == ["RESTORE", "k", "0", "dump", "REPLACE"], "nothing is there any more")
          try stacks.new.send(answer)
          break
        }
        try stacks.new.expectReplaced("RESTORE", "k", "0", "dump", "REPLACE")
        try stacks.new.send(":1\r\n" + answer)
        #expect(try stacks.new.command() == ["UNLINK", "k"])
        try stacks.new.send(":1\r\n")
      }
      bench.settle()
      #expect(bench.health().map(\.newSuspects) == [0])
      #expect(try stacks.new.commandsNow() == [] && stacks.legacy.commandsNow() == [])
    }
  }
}
