import Foundation
import Testing

@testable import SluiceLedger

/// docs/ledger.md says what is there, and its questions have answers.
@Suite struct LedgerDocsTests {
  private let page: String
  private let scratch: Scratch

  init() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    page = try String(contentsOf: root.appending(path: "docs/ledger.md"), encoding: .utf8)
    // The migration that the tests of the views are about.
    scratch = try LedgerViewsTests().scratch
  }

  /// The statements of the page's SQL, without their comments.
  private var questions: [String] {
    page.components(separatedBy: "```sql\n").dropFirst().flatMap { block in
      let code = block.components(separatedBy: "```")[0]
      let lines = code.split(separator: "\n").filter { !$0.hasPrefix("--") }
      return lines.joined(separator: "\n").split(separator: ";").map(String.init).filter {
        $0.contains("SELECT")
      }
    }
  }

  @Test func everyExampleHasAnAnswer() throws {
    #expect(questions.count >= 9)
    for question in questions { #expect(try !scratch.rows(question).isEmpty, "\(question)") }
  }

  @Test func everyTableAndViewIsNamed() throws {
    let names = try scratch.rows(
      "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'")
    #expect(names.count >= 20)
    for name in names { #expect(page.contains("`\(name)`"), "\(name)") }
  }

  @Test func theReportNamesWhatIsThere() throws {
    for section in Report.Section.allCases {
      #expect(try scratch.rows("SELECT * FROM \(section.rawValue)").count > 0, "\(section)")
      #expect(page.contains("`\(section.rawValue)`"))
    }
  }
}
