import Testing

@testable import SluiceCommands

/// The committed table against a real Redis 7.0. If this fails after an upgrade: scripts/command-table.
@Suite(.timeLimit(.minutes(1))) struct ServerAgreementTests {
  let table = CommandTable.shared

  @Test func theTableIsWhatTheServerSays() throws {
    let rows = try RealRedis.with { try $0.ask(["COMMAND"]).items }
    let said = rows.map(\.items).flatMap { [$0] + $0[9].items.map(\.items) }
    let kept = Dictionary(uniqueKeysWithValues: CommandTable.generatedRows.map { ($0.name.description, $0) })
    #expect(rows.count > 200 && said.count == kept.count)
    for one in said {
      let name = one[0].text.uppercased()
      let row = try #require(kept[name], "\(name) is not in the table")
      let spec = try #require(table.specs.first { $0.name == name })
      let flags = Set(one[2].items.map(\.text))
      let isWidened = CommandTable.laterRows.contains { $0.name.description == name }
      #expect(one[1].integer == row.arity && (spec.arity == row.arity || isWidened), "\(name)")
      #expect(Set(row.flags.names) == flags, "\(name)")
      #expect(spec.access == (flags.contains("readonly") ? .read : .write), "\(name)")
      #expect(spec.access == .write || !flags.contains("write"), "\(name)")
      #expect([row.firstKey, row.lastKey, row.keyStep] == one[3...5].map(\.integer), "\(name)")
    }
  }

  /// One made-up call of every command, at its least number of arguments and above it.
  @Test func getkeysAgreesForEveryRange() throws {
    try RealRedis.with { server in
      var asked = 0
      let widened = CommandTable.laterRows.map { $0.name.description }
      for spec in table.specs where spec.isOfRedis70 && !widened.contains(spec.name) {
        guard case .range(_, _, let step) = spec.keys else { continue }
        for extra in spec.arity > 0 ? [0] : [0, step, 4 * step] {
          var words = spec.name.split(separator: "|").map(String.init)
          // GETKEYS refuses what PFMERGE takes: a destination alone.
          if spec.name == "PFMERGE", extra == 0 { continue }
          words += (words.count..<abs(spec.arity) + extra).map { "w\($0)" }
          try expectAgreement(words, server)
          asked += 1
        }
      }
      #expect(asked > 200)
    }
  }

  @Test func getkeysAgreesForEverySample() throws {
    try RealRedis.with { server in
      for (line, _) in KeyExtractionTests.samples {
        try expectAgreement(Invocation.words(line), server)
      }
    }
  }

  private func expectAgreement(_ words: [String], _ server: RealRedis) throws {
    let reply = try server.ask(["COMMAND", "GETKEYS"] + words)
    let (result, indices) = Invocation(words).keys()
    let ours = indices.map { words[$0] }
    if case .error(let message) = reply {
      #expect(message.contains("no key arguments") && ours.isEmpty, "\(words): \(message)")
    } else {
      #expect(result == .found && reply.items.map(\.text) == ours, "\(words)")
    }
  }

  private static let contradictions = [
    "ZUNIONSTORE d x a", "ZUNIONSTORE d 0 a", "ZUNIONSTORE d -1 a", "ZUNIONSTORE d 3 a", "ZUNIONSTORE d 01 a",
    "ZUNION 9999999999999999999 a", "ZUNION 9223372036854775807 a", "ZINTERCARD 0 a", "ZDIFF -5 a",
    "ZINTER 1x a",
    "ZDIFFSTORE d 0 a", "ZINTERSTORE d -9223372036854775808 a", "SINTERCARD x a", "SINTERCARD 0 a",
    "SINTERCARD 5 a", "LMPOP x a LEFT", "LMPOP 0 a LEFT", "LMPOP 5 a LEFT", "ZMPOP 5 a MIN", "ZMPOP x a MIN",
    "BLMPOP 0 0 a LEFT", "BZMPOP 0 4 a MIN", "EVAL x x", "EVAL x -1", "EVAL x 5", "EVAL_RO x 2 a",
    "XREAD COUNT 1 STREAMS a b c", "XREAD COUNT 1 STREAMSX a",
    "XREAD COUNT 1 STREAMS",
    "XREADGROUP GROUP g c STREAMS a b c", "XREADGROUP GROUP g c FOO a b c",
    "XREADGROUP COUNT 1 NOACK NOACK BLOCK 0",
    "MSET a b c", "MSETNX a b c d e", "MIGRATE h 1 k 0 1 KEYS a",
  ]

  /// What we refuse to take apart, the server refuses in the same words.
  @Test func invalidArgumentsGetTheServersError() throws {
    try RealRedis.with { server in
      for line in Self.contradictions {
        let words = Invocation.words(line)
        let (result, indices) = Invocation(words).keys()
        guard case .error(let message) = try server.ask(words) else {
          Issue.record("the server took \(line)")
          continue
        }
        #expect(result == .invalid(message: message) && indices.isEmpty, "\(line)")
      }
    }
  }

  @Test func wrongArityGetsTheServersError() throws {
    try RealRedis.with { server in
      for line in [
        "GET", "GET a b", "MGET", "CLIENT ID x", "OBJECT ENCODING", "ZUNIONSTORE d", "XREAD STREAMS",
      ] {
        let words = Invocation.words(line)
        let spec = Invocation(words).spec
        #expect(!spec.accepts(count: words.count))
        let reply = try server.ask(words)
        #expect(reply == .error(spec.wrongArityMessage))
      }
    }
  }
}
