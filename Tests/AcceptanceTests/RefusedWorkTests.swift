import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Five client libraries, each with refused transactions, scripts and SELECTs in a loop: no value of another key, no command carried
  /// out that the library believes failed, and all of it is seen afterwards.
  @Suite struct RefusedWorkTests {
    private static let rounds = 1000

    @Test("in the libraries that apt-get brings", arguments: ClientLibrary.allCases)
    func libraries(_ library: ClientLibrary) throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      try library.beRefused(port: stacks.sluice.port, rounds: Self.rounds)
      try stacks.expectAgreement()
      try expectSeen(stacks, watches: library == .php ? 0 : UInt64(Self.rounds))
    }

    @Test("in hiredis, in a pipeline")
    func hiredis() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      let client = try stacks.sluice.client()
      for round in 0..<Self.rounds {
        let (key, value) = ("c:\(round)", "value-\(round)")
        try client.append("SET", key, value)
        try client.append("MULTI")
        try client.append("INCR", "c:n")
        try client.append("SET", key, "wrong")
        try client.append("PUBLISH", "c", "x")
        try client.append("EXEC")
        try client.append("GET", key)
        try client.append("WATCH", key)
        try client.append("EVAL", "return redis.call('incr', 'c:n')", "0")
        try client.append("GET", key)
        try client.append("SELECT", "3")
        try client.append("SET", key, "wrong")
        try client.append("FLUSHDB")
        try client.append("SELECT", "0")
        try client.append("GET", key)
        var replies: [Reply] = []
        for _ in 0..<15 { replies.append(try client.reply()) }
        for index in [6, 9, 14] { #expect(replies[index].text == value, "\(replies)") }
        for index in [5, 7, 8, 10, 11, 12] {
          guard case .error(let text) = replies[index], text.contains("sluice: ") else {
            throw TestFailure("reply \(index) is no refusal: \(replies)")
          }
        }
      }
      #expect(try client.command("EXISTS", "c:n") == .integer(0))
      try stacks.expectAgreement()
      try expectSeen(stacks, watches: UInt64(Self.rounds))
    }

    /// In `status` while it runs, and in the ledger afterwards.
    private func expectSeen(_ stacks: TwoStacks, watches: UInt64) throws {
      let status = try stacks.sluice.status()
      for command in ["MULTI", "EVAL", "SELECT", "FLUSHDB"] {
        #expect("\(status)".contains("\"command\" : \"\(command)\""), "\(status)")
      }
      #expect(try stacks.sluice.terminate() == .code(0))
      let rows = try Ledgerbook(stacks.sluice.ledgerPath).rows(.refusals)
      func count(_ command: String, _ reason: String) -> UInt64 {
        rows.first { $0["command"] == command && $0["reason"] == reason }.flatMap {
          UInt64($0["count"] ?? "")
        } ?? 0
      }
      let rounds = UInt64(Self.rounds)
      #expect(count("MULTI", "pubsub") >= rounds, "\(rows)")
      #expect(
        count("EVAL", "script_without_keys") == rounds && count("SELECT", "select") == rounds, "\(rows)")
      #expect(
        count("FLUSHDB", "behind_select") == rounds && count("WATCH", "transaction") == watches, "\(rows)")
      for row in rows {
        #expect(row["address"]?.hasPrefix("127.0.0.1:") == true, "\(row)")
        #expect(row["first_seen"] ?? "9" <= row["last_seen"] ?? "0", "\(row)")
      }
    }
  }
}
