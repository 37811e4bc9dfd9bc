import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// `sluice verify` finds what differs, with the right kind, and nothing else.
  @Suite struct VerifyTests {
    /// Differences planted in new behind the proxy's back, by their kind.
    private static let planted: [(kind: String, commands: [[String]])] = [
      ("missing_in_new", (0..<20).map { ["DEL", "plant:a\($0)"] }),
      ("value", (0..<20).map { ["SET", "plant:b\($0)", "other", "KEEPTTL"] }),
      (
        "value",
        [["HSET", "plant:hash", "f", "x"], ["SADD", "plant:set", "x"], ["RPUSH", "plant:list", "x"]]
      ),
      ("value", [["ZADD", "plant:zset", "9", "m"], ["XADD", "plant:stream", "9-9", "f", "v"]]),
      ("value", [["HSET", "plant:bighash", "f1999", "x"], ["LSET", "plant:biglist", "1999", "x"]]),
      ("value", [["SREM", "plant:bigset", "m1"], ["SETRANGE", "plant:bigstring", "2000000", "x"]]),
      ("ttl", (0..<20).map { ["EXPIRE", "plant:c\($0)", "100"] }),
      ("ttl", (0..<5).map { ["PERSIST", "plant:d\($0)"] }),
      ("type", (0..<20).flatMap { [["DEL", "plant:e\($0)"], ["RPUSH", "plant:e\($0)", "x"]] }),
      ("missing_in_legacy", (0..<20).map { ["SET", "plant:f\($0)", "v"] }),
    ]
    private static let expected = [
      "missing_in_new": 20, "value": 29, "ttl": 25, "type": 20, "missing_in_legacy": 20,
    ]

    private func plantEqualKeys(_ stacks: UpkeepStacks) throws {
      let client = try stacks.sluice.client()
      for letter in ["a", "b", "c", "e"] {
        for number in 0..<20 { _ = try client.command("SET", "plant:\(letter)\(number)", "v") }
      }
      for number in 0..<5 { _ = try client.command("SET", "plant:d\(number)", "v", "EX", "1000") }
      _ = try client.command("HSET", "plant:hash", "f", "v", "g", "v")
      _ = try client.command("SADD", "plant:set", "a", "b", "c")
      _ = try client.command("RPUSH", "plant:list", "a", "b")
      _ = try client.command("ZADD", "plant:zset", "1.5", "m")
      _ = try client.command("XADD", "plant:stream", "1-1", "f", "v")
      for start in stride(from: 0, to: 2000, by: 500) {
        let numbers = start..<(start + 500)
        _ = try client.command(
          (["HSET", "plant:bighash"] + numbers.flatMap { ["f\($0)", "v"] }).map { Array($0.utf8) })
        _ = try client.command(
          (["RPUSH", "plant:biglist"] + numbers.map { "v\($0)" }).map { Array($0.utf8) })
        _ = try client.command((["SADD", "plant:bigset"] + numbers.map { "m\($0)" }).map { Array($0.utf8) })
        _ = try client.command((["SADD", "same:bigset"] + numbers.map { "m\($0)" }).map { Array($0.utf8) })
      }
      _ = try client.command("SET", "plant:bigstring", String(repeating: "v", count: 3_000_000))
    }

    @Test(
      "planted differences of every kind are found under load, and none else; repaired, both are equal",
      arguments: [("dualwrite", 0), ("live", 50)])
    func planted(stage: String, percent: Int) throws {
      var options = SluiceProcess.Options()
      options.flags = FlagText.make(stage: stage, percent: percent, compare: 0)
      let stacks = try UpkeepStacks(options)
      try plantEqualKeys(stacks)
      let writers = (0..<2).map { BackgroundWriter(stacks.sluice, seed: UInt64($0), keys: 500) }
      try eventually(within: .seconds(20), "what was written is on both") {
        try stacks.newSize() >= 90 && stacks.sluice.status().number("stacks.new.suspects") == 0
      }
      let new = try stacks.new.client()
      for command in Self.planted.flatMap(\.commands) {
        let reply = try new.command(command.map { Array($0.utf8) })
        if case .error(let text) = reply { Issue.record("\(command): \(text)") }
      }
      let found = try stacks.sluice.run("verify", "--json")
      #expect(found.exit == .code(1), "\(found.errors)")
      let document = try VerifyDocument(found.output)
      #expect(document.kinds == Self.expected)
      #expect(document.patterns.allSatisfy { $0.hasPrefix("plant:") }, "\(document.patterns)")

      let repaired = try stacks.sluice.run("verify", "--repair")
      #expect(repaired.exit == .code(0), "\(repaired.output) \(repaired.errors)")
      #expect(
        repaired.output.contains("114 keys differ") && repaired.output.contains("114 repaired"),
        "\(repaired.output)")
      for writer in writers { #expect(try writer.stop() > 0) }
      let verify = try stacks.sluice.run("verify")
      #expect(verify.exit == .code(0) && verify.output.contains("no difference found"), "\(verify.output)")
      try stacks.expectEqualDigests()
    }

    @Test(
      "times of hash fields that differ are found, however the hashes are kept",
      arguments: [ServerPair(legacy: .redis82, new: .valkey91), ServerPair(legacy: .redis82, new: .redis82)])
    func fieldTimes(pair: ServerPair) throws {
      let bed = try PairBed(pair)
      for (server, isNew) in [(bed.legacy, false), (bed.new, true)] {
        let client = try server.client()
        // Small ones, and one that is a table on either server.
        for key in ["same", "later", "none", "plain", "same:large", "late:large"] {
          let fields = key.hasSuffix("large") ? 900 : 3
          _ = try client.command(
            (["HSET", key] + (0..<fields).flatMap { ["f\($0)", "v"] }).map { Array($0.utf8) })
          guard key != "plain", key != "none" || !isNew else { continue }
          let moment = key.hasPrefix("late") && isNew ? "2000000060000" : "2000000000000"
          let set = try client.command("HPEXPIREAT", key, moment, "FIELDS", "1", "f1")
          #expect(set == .array([.integer(1)]))
        }
      }
      let found = try bed.sluice.run("verify", "--json")
      #expect(found.exit == .code(1), "\(found.errors)")
      for key in ["later", "none", "late:large"] {
        #expect(found.output.contains("\"\(key)\""), "\(key): \(found.output)")
      }
      #expect(found.output.contains("\"different\" : 3"), "\(found.output)")
    }

    @Test("without a proxy it compares, repairs nothing, and says so")
    func withoutProxy() throws {
      let stacks = try UpkeepStacks(stage: "dualwrite")
      _ = try stacks.sluice.client().command("SET", "k", "v")
      try eventually("the write is mirrored") { try stacks.newSize() == 1 }
      #expect(try stacks.sluice.terminate() == .code(0))
      // Nobody listens on the control port any more.
      let environment = ["SLUICE_CONTROL": "127.0.0.1:\(stacks.sluice.controlPort)"]
      func verify(_ more: String...) throws -> (exit: Child.Exit, output: String, errors: String) {
        try Child.run(
          SluiceProcess.executable(),
          ["verify", "--legacy", stacks.legacy.url, "--new", stacks.new.url] + more, environment: environment)
      }
      let equal = try verify()
      #expect(equal.exit == .code(0) && equal.errors.contains("without a proxy"), "\(equal.errors)")
      _ = try stacks.new.client().command("SET", "k", "w")
      let different = try verify()
      #expect(different.exit == .code(1) && different.output.contains("value"), "\(different.output)")
      #expect(try verify("--repair").exit == .code(69))
      #expect(try stacks.new.client().command("GET", "k") == .string(Array("w".utf8)))
    }

    @Test(
      "a sample is a share of the keys, nothing compared is no pass, and a proxy that is named must be there")
    func sampleAndNothing() throws {
      let stacks = try UpkeepStacks(stage: "dualwrite")
      let empty = try stacks.sluice.run("verify")
      #expect(empty.exit == .code(65) && empty.errors.contains("nothing was compared"), "\(empty.errors)")
      try UpkeepStacks.plant(2000, in: stacks.legacy)
      let sampled = try stacks.sluice.run("verify", "--sample", "10", "--json")
      #expect(sampled.exit == .code(1))
      let compared = try VerifyDocument(sampled.output).compared
      #expect((100..<320).contains(compared), "\(compared)")
      let absent = try Child.run(
        SluiceProcess.executable(),
        ["verify", "--control", "127.0.0.1:1", "--legacy", stacks.legacy.url, "--new", stacks.new.url])
      #expect(absent.exit == .code(69))
    }
  }
}

/// What `verify --json` prints.
struct VerifyDocument {
  var kinds: [String: Int] = [:]
  var patterns: [String] = []
  let compared: Int

  init(_ text: String) throws {
    let root = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    compared = root?["compared"] as? Int ?? -1
    for group in root?["differences"] as? [[String: Any]] ?? [] {
      kinds[group["kind"] as? String ?? "", default: 0] += group["keys"] as? Int ?? 0
      patterns.append(group["pattern"] as? String ?? "")
    }
  }
}
