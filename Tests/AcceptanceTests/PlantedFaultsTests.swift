import Foundation
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// What is changed in the new stack behind the proxy's back, and read, is reported, with the right kind.
  ///
  /// `SLUICE_PLANTED=10000` plants as many as issues speak of; the usual thousand keeps `make test` short.
  @Suite struct PlantedFaultsTests {
    /// What is planted; keys are named after the kind that must be reported.
    private static let kinds = ["value", "ttl", "type", "missing_in_new", "missing_in_legacy"]
    private static let planted =
      ProcessInfo.processInfo.environment["SLUICE_PLANTED"].flatMap { Int($0) } ?? 1000
    private static let each = max(1, planted / kinds.count)

    /// Sends in pieces that no buffer is too small for, and returns all replies.
    @discardableResult
    private func pipeline(_ client: RedisClient, _ commands: [[String]]) throws -> [Reply] {
      var replies: [Reply] = []
      for start in stride(from: 0, to: commands.count, by: 100) {
        let piece = commands[start..<min(start + 100, commands.count)]
        for words in piece { try client.append(words.map { Array($0.utf8) }) }
        for _ in piece { replies.append(try client.reply()) }
      }
      return replies
    }

    private func keys(_ kind: String) -> [String] { (0..<Self.each).map { "planted:\(kind):\($0)" } }

    /// Every other key is a hash, so that replies that are compared without an order are among them.
    private func isHash(_ index: Int) -> Bool { index % 2 == 1 }

    private func births(_ kind: String) -> [[String]] {
      keys(kind).enumerated().flatMap { index, key in
        isHash(index)
          ? [["HSET", key, "a", "1", "b", "2"], ["PEXPIRE", key, "100000000"]]
          : [["SET", key, "as it was", "PX", "100000000"]]
      }
    }

    private func changes(_ kind: String) -> [[String]] {
      keys(kind).enumerated().flatMap { index, key in
        switch kind {
        case "value": [isHash(index) ? ["HSET", key, "b", "3"] : ["SET", key, "as it wAs", "KEEPTTL"]]
        case "ttl": [["PEXPIRE", key, "50000000"]]
        case "type": [["DEL", key], ["RPUSH", key, "a", "b"]]
        case "missing_in_new": [["DEL", key]]
        default: isHash(index) ? [["HSET", key, "a", "1"]] : [["SET", key, "only here"]]
        }
      }
    }

    private func reads(_ kind: String) -> [[String]] {
      keys(kind).enumerated().map { index, key in
        kind == "ttl" ? ["PTTL", key] : isHash(index) ? ["HGETALL", key] : ["GET", key]
      }
    }

    @Test("each planted difference that is read is reported once, with the right kind", arguments: [1, 2])
    func everyOne(threads: Int) throws {
      var options = SluiceProcess.Options(stage: "dualwrite", threads: threads)
      // So many divergences would pull the rollback.
      options.flags = options.flags.replacing(
        #""cache-stack": {"#,
        with: """
          "cache-guardrails": {
            "state": "ENABLED",
            "variants": { "patient": { "divergenceRate": 1 } },
            "defaultVariant": "patient"
          },
          "cache-stack": {
          """)
      let stacks = try TwoStacks(options)
      let sluice = stacks.sluice
      let client = try sluice.client()
      let new = try stacks.new.client()
      for kind in Self.kinds where kind != "missing_in_legacy" { try pipeline(client, births(kind)) }
      try eventually("the mirror has taken every write") {
        let status = try sluice.status()
        return status.number("stacks.new.mirror_queue") == 0 && status.number("stacks.new.suspects") == 0
      }
      for kind in Self.kinds { try pipeline(new, changes(kind)) }

      // Once with legacy as the primary, once with new: the kinds name the stack, not the side.
      for (round, order) in [["STAGE", "shadow"], ["STAGE", "live", "100", "FORCE", "faults are planted"]]
        .enumerated()
      {
        try sluice.control(order)
        let expected = Double((round + 1) * Self.each)
        var read = Double(round * Self.each * Self.kinds.count)
        for reads in Self.kinds.map(reads) {
          // No more at once than the proxy asks again at one time; what is above that is dropped, and counted as such.
          for start in stride(from: 0, to: reads.count, by: 500) {
            let piece = Array(reads[start..<min(start + 500, reads.count)])
            try pipeline(client, piece)
            read += Double(piece.count)
            try eventually(within: .seconds(30), "every difference is counted") {
              try sluice.status().number("compare.diverged") ?? 0 >= read
            }
          }
        }
        let status = try sluice.status()
        for kind in Self.kinds {
          #expect(status.number("compare.kinds.\(kind)") == expected, "\(kind) after \(order): \(status)")
        }
        #expect(status.number("compare.dropped") == 0)
        #expect(status.number("compare.superseded") == 0)
      }
      #expect(try sluice.terminate() == .code(0))
      try expectLedger(sluice.ledgerPath)
    }

    /// The ledger names them by the pattern of their keys.
    private func expectLedger(_ path: String) throws {
      var counts: [String: Int] = [:]
      for row in try Ledgerbook(path).rows(.keys) {
        let kind = row["kind"] ?? ""
        #expect(row["pattern"]?.hasPrefix("planted:\(kind):") == true, "\(row)")
        counts[kind, default: 0] += Int(row["count"] ?? "") ?? 0
      }
      #expect(counts == Dictionary(uniqueKeysWithValues: Self.kinds.map { ($0, 2 * Self.each) }))
    }
  }
}
