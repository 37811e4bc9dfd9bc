import Foundation
import Testing

@testable import SluiceLedger

/// The same answers as `sluice report` prints them.
extension LedgerViewsTests {
  @Test func theReportShowsThemAll() throws {
    let text = try Report.render(path: scratch.path)
    for section in Report.Section.allCases { #expect(text.contains(section.title)) }
    #expect(text.hasPrefix("Figures up to 2026-03-01 12:01:40 UTC\n\nThe step in force\n"))
    let latest = try #require(text.components(separatedBy: Report.Section.latest.title).last)
    #expect(latest.split(separator: "\n").dropFirst(2).first?.contains("GET      plain") == true, "\(latest)")
    #expect(text.contains("2026-03-01 12:01:40  move  before  plain redis://h:1"))
    #expect(
      text.contains(
        """
        What differs most
          kind            command  count  percent  first_minute         last_minute
          --------------  -------  -----  -------  -------------------  -------------------
          missing_in_new  GET          3       50  2026-03-01 12:00:00  2026-03-01 12:01:00
          value           GET          2    33.33  2026-03-01 12:01:00  2026-03-01 12:01:00
          ttl             SET          1    16.67  2026-03-01 12:01:00  2026-03-01 12:01:00

        """))
    let cut = try Report.render(path: scratch.path, sections: [.story, .differences], limit: 1)
    #expect(cut.contains("rearm") && !cut.contains("rollback"))
    #expect(cut.contains("missing_in_new") && !cut.contains("ttl"))
    #expect(cut.contains("(more: SELECT * FROM what_differs)"))
    #expect(try LedgerReader(path: scratch.path).table(.runs, limit: .max).rows.count == 1)
  }

  @Test func theReportIsJSONToo() throws {
    let text = try Report.render(path: scratch.path, sections: [.differences, .errors], format: .json)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: [[String: Any]]])
    #expect(object.keys.sorted() == ["error_rate_per_minute", "what_differs"])
    #expect(object["what_differs"]?.first?["count"] as? Int == 3)
    #expect(object["what_differs"]?.first?["kind"] as? String == "missing_in_new")
  }

  @Test func aReportNeedsALedger() throws {
    let missing = #expect(throws: LedgerError.self) {
      try Report.render(path: scratch.directory + "/none.db")
    }
    #expect(missing?.code == .cannotOpen)
    #expect(!FileManager.default.fileExists(atPath: scratch.directory + "/none.db"))
    let empty = scratch.directory + "/empty.db"
    try Data().write(to: URL(fileURLWithPath: empty))
    #expect(throws: LedgerError.self) { try Report.render(path: empty) }
  }

  @Test func nothingInAKeyReachesTheTerminal() {
    let table = ReportTable(
      columns: ["key", "n"],
      rows: [
        [.text("a\u{1b}[2J\nb"), .integer(1)], [.bytes([0xff, 0x00, 0x61]), .none],
        [.text("\u{202e}x"), .real(0.5)],
      ])
    let lines = table.text().split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines[2].hasPrefix("  a\\x1b[2J\\x0ab "))
    #expect(lines[3].hasPrefix("  \\xff\\x00a "))
    #expect(lines[4].hasPrefix("  \\u{202e}x "))
    #expect(Set(lines.map(\.count)).count == 1)
  }
}
