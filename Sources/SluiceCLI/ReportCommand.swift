import ArgumentParser
import Foundation
import SluiceLedger

/// `sluice report [LEDGER]`.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Print what a ledger knows: flips, differences, errors, latencies.",
    discussion: """
      Reads the SQLite file itself, while a proxy writes it or afterwards; no proxy is needed.

      Examples:
        sluice report
        sluice report sluice.db --section story --section differences
        sluice report sluice.db --json | jq .what_differs
      """)

  @Argument(help: "The ledger's file.", completion: .file(extensions: ["db"]))
  var ledger = "sluice.db"

  @Flag(help: "Print JSON: one array per section.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "Only this section; may be repeated. One of \(Self.names.joined(separator: ", ")).", valueName: "name"),
    completion: .list(Self.names),
    transform: Self.section)
  var section: [Report.Section] = []

  @Option(help: ArgumentHelp("The most rows of a section, 1 to 100000.", valueName: "rows"))
  var limit = 30

  func validate() throws {
    guard (1...100_000).contains(limit) else {
      throw ValidationError("--limit: write a number from 1 to 100000")
    }
  }

  func run() throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: ledger, isDirectory: &isFolder), !isFolder.boolValue else {
      let found = isFolder.boolValue ? "\"\(ledger)\" is a directory" : "there is no ledger \"\(ledger)\""
      throw Failure(.noInput, "\(found); name the file that serve was given by --ledger")
    }
    let sections = section.isEmpty ? Report.Section.allCases : section
    do {
      let text = try Report.render(
        path: ledger, sections: sections, format: json ? .json : .text, limit: limit, width: Terminal.width)
      if json { Output.json(text) } else { Output.line(text) }
    } catch {
      throw Self.failure(error)
    }
  }

  static func failure(_ error: LedgerError) -> Failure {
    switch error.code {
    case .cannotOpen: Failure(.noInput, "\(error)")
    case .inUse: Failure(.unavailable, "\(error)")
    case .notALedger, .newerVersion, .otherMigrations: Failure(.data, "\(error)")
    case .failed: Failure(.software, "\(error)")
    }
  }

  private static let names = Report.Section.allCases.map { String(describing: $0) }

  /// By its short name, or by that of the view that answers it.
  @Sendable private static func section(_ text: String) throws -> Report.Section {
    for section in Report.Section.allCases
    where String(describing: section).lowercased() == text.lowercased() || section.rawValue == text {
      return section
    }
    throw ValidationError("there is no section \"\(text)\"; use \(names.joined(separator: ", "))")
  }
}
