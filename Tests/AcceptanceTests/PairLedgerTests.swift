import Foundation
import SluiceLedger
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// The ledger knows which servers these are, and what cannot go between them.
  @Suite(.serialized) struct PairLedgerTests {
    @Test(
      "servers, uncarried keys, ways and lacking commands are in the ledger, and hold stands over a restart")
    func pair() throws {
      var options = SluiceProcess.Options(stage: "shadow")
      options.yaml = "ledger:\n  figures_interval: 1s\n"
      let stacks = try TwoStacks(options, on: (.redis82, .redis70))
      let process = stacks.sluice
      let behind = try stacks.legacy.client()
      _ = try behind.command("HSET", "h", "f", "1")
      _ = try behind.command("HPEXPIRE", "h", "1000000", "FIELDS", "1", "f")
      _ = try behind.command("SET", "s", "v")
      _ = try process.control("FILL", "s")
      let client = try process.client()
      _ = try client.command("HTTL", "h", "FIELDS", "1", "f")
      _ = try process.control("REPAIR", "h")
      try eventually("it is counted, and the verdict is hold") {
        _ = try client.command("GET", "s")
        let status = try process.status()
        return status.number("stacks.new.uncarried") == 1 && status.text("compare.verdict") == "hold"
          && status.number("compare.since_flip.matched") ?? 0 > 0
      }
      let book = try Ledgerbook(process.ledgerPath)
      try eventually("the ledger has it") {
        let keys = try book.rows(.uncarried)
        let story = try book.rows(.story)
        guard let key = keys.first, keys.count == 1 else { return false }
        return key["direction"] == "to new" && key["type"] == "hash" && key["key"] == "h"
          && story.last?["verdict"] == "hold"
      }
      try eventually("the account is written") {
        try Ledgerbook(process.ledgerPath).rows(.step).first?["matched"] != "0"
      }
      let copies = try book.rows(.copies)
      #expect(copies.contains { $0["restamped"] == "1" }, "\(copies)")
      let lacks = try book.rows(.lacks)
      #expect(lacks.contains { $0["command"] == "HTTL" && $0["reason"] == "new_lacks_it" }, "\(lacks)")

      process.child.send(SIGKILL)
      _ = try process.child.wait(within: .seconds(10))
      try process.restart()
      let status = try process.status()
      #expect(status.text("compare.verdict") == "hold", "before it has tried again: \(status)")
      try eventually("it is known by name again") { try process.status().number("stacks.new.uncarried") == 1 }
      #expect(try process.status().text("compare.verdict") == "hold")
      let servers = try Ledgerbook(process.ledgerPath).rows(.servers)
      let told = servers.map { row -> String in
        ["stack", "server", "version", "dump_version", "run"].map { row[$0] ?? "-" }.joined(separator: " ")
      }
      #expect(told.sorted() == ["legacy Redis 8.2.3 12 1", "new Redis 7.0.15 10 1"])
      let report = try process.run(
        "report", process.ledgerPath, "--section", "uncarried", "--section", "servers")
      #expect(report.output.contains("to new") && report.output.contains("8.2.3"), "\(report)")
    }
  }
}
