import Foundation
import SluiceProxy
import SluiceRESP
import SluiceRouting
import Testing

/// Law 3: a mirrored write repeats the effect, not the wish.
@Suite struct MirrorEffectTests {
  /// What a client sends, what legacy answers, and what the new stack must be sent; nil: nothing.
  private static let effects: [(wish: [String], reply: String, effect: [String]?)] = [
    (["SET", "k", "v"], "+OK\r\n", ["SET", "k", "v"]),
    (["SET", "k", "v", "NX"], "+OK\r\n", ["SET", "k", "v"]),
    (["SET", "k", "v", "NX"], "$-1\r\n", nil),
    (["SETNX", "k", "v"], ":0\r\n", nil),
    (["SPOP", "s"], "$1\r\na\r\n", ["SREM", "s", "a"]),
    (["SPOP", "s"], "$-1\r\n", nil),
    (["GETDEL", "k"], "$-1\r\n", ["UNLINK", "k"]),
    (["PERSIST", "k"], ":1\r\n", ["PERSIST", "k"]),
    // It found no key, or one without an end: a mirror that has the key a moment longer must not keep it for ever.
    (["PERSIST", "k"], ":0\r\n", nil),
    // Read though it is, it changes the bytes of the value.
    (["PFCOUNT", "p"], ":3\r\n", ["PFCOUNT", "p"]),
    (["STRLEN", "p"], ":3\r\n", nil),
  ]

  @Test func theMirrorGetsWhatHappened() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      for (number, row) in MirrorEffectTests.effects.enumerated() {
        try client.send(row.wish.frame)
        #expect(try stacks.legacy.command() == row.wish)
        try stacks.legacy.send(row.reply)
        #expect(try client.reply() == row.reply)
        if let effect = row.effect {
          #expect(try stacks.new.command() == effect)
          // Another answer to the same command would make its key a suspect, which is copied.
          try stacks.new.send(effect == row.wish ? row.reply : "+OK\r\n")
        }
        // The next write arrives next: nothing else was sent for the one before.
        try client.send(["SET", "after", "\(number)"].frame)
        _ = try stacks.legacy.command()
        try stacks.legacy.send("+OK\r\n")
        #expect(try client.reply() == "+OK\r\n")
        #expect(try stacks.new.command() == ["SET", "after", "\(number)"])
        try stacks.new.send("+OK\r\n")
      }
    }
  }

  /// The members that came out are more words than a command may have: the key of the request is copied, and no other key is touched.
  @Test(arguments: [
    (["SPOP", "k", "200"], "*200\r\n" + String(repeating: "$1\r\nm\r\n", count: 200)),
    (["ZPOPMIN", "k", "200"], "*400\r\n" + String(repeating: "$1\r\nm\r\n$1\r\n1\r\n", count: 200)),
    (
      ["ZMPOP", "1", "k", "MAX", "COUNT", "200"],
      "*2\r\n$1\r\nk\r\n*200\r\n" + String(repeating: "*2\r\n$1\r\nm\r\n$1\r\n1\r\n", count: 200)
    ),
  ])
  func whatIsTooLongToBeToldIsCopied(wish: [String], reply: String) async throws {
    var settings = ProxySettings()
    settings.limits = FrameLimits(arguments: 100)
    try await Bench.runScripted(settings, routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      try client.send(wish.frame)
      #expect(try stacks.legacy.command() == wish)
      try stacks.legacy.send(reply)
      #expect(try client.reply() == reply)
      try stacks.legacy.expectCopyQuestion(about: "k")
      try stacks.legacy.send("$-1\r\n:-2\r\n")
      #expect(try stacks.new.command() == ["UNLINK", "k"])
      try stacks.new.send(":1\r\n")
      #expect(eventually { bench.health().first?.new.name == "up" })
      #expect(bench.healthReasons.isEmpty)
    }
  }

  @Test func aRelativeTimeBecomesAnAbsoluteOne() async throws {
    try await Bench.runScripted(routing: .at(.dualwrite)) { bench, stacks in
      let client = try bench.client()
      for (wish, name, place) in [
        (["SET", "k", "v", "EX", "100"], "SET", 4), (["SETEX", "k", "100", "v"], "SET", 4),
        (["EXPIRE", "k", "100"], "PEXPIREAT", 2),
      ] {
        let before = Int(Date().timeIntervalSince1970 * 1000)
        try client.send(wish.frame)
        _ = try stacks.legacy.command()
        try stacks.legacy.send(name == "SET" ? "+OK\r\n" : ":1\r\n")
        _ = try client.reply()
        let effect = try stacks.new.command()
        let after = Int(Date().timeIntervalSince1970 * 1000)
        try stacks.new.send("+OK\r\n")
        try #require(effect.first == name && effect.count > place, "\(effect)")
        let time = try #require(Int(effect[place]))
        #expect((before + 100_000...after + 100_000).contains(time), "\(effect)")
      }
    }
  }
}

extension [String] {
  fileprivate var frame: String { "*\(count)\r\n" + map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined() }
}
