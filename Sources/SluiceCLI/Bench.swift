import ArgumentParser
import Foundation
import SluiceCache
import SluiceLedger

/// `sluice bench before|after|compare`.
struct Bench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a cache before and after a migration, and compare the two.",
    discussion: """
      One pair is a set and a get, one after the other; the keys are the benchmark's own and are deleted.
      Results are kept in the ledger. Times depend on the machine: measure both on the same one, under the same load.

      Both have to go the same way, straight to the server or through the proxy; else the proxy's hop is in the
      difference, and compare says so instead of a verdict on the migration.

      Examples:
        sluice bench before --url redis://127.0.0.1:6400        through a running proxy, at stage off
        sluice bench after  --url redis://127.0.0.1:6400        the same way, at live 100 or later
        sluice bench compare
        sluice bench before --url redis://old:6379              or both straight to their servers
        sluice bench after  --url redis://new:6379 --preset web_app
      """,
    subcommands: [BenchBefore.self, BenchAfter.self, BenchCompare.self])
}

/// `sluice bench before`.
struct BenchBefore: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "before", abstract: "Measure the cache as it is; what comes is the baseline.")

  @OptionGroup var options: BenchRun

  func run() async throws { try await options.measure(.before) }
}

/// `sluice bench after`.
struct BenchAfter: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "after", abstract: "Measure the cache as it has become.")

  @OptionGroup var options: BenchRun

  func run() async throws { try await options.measure(.after) }
}

/// `sluice bench compare`.
struct BenchCompare: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Compare the newest before with the newest after.",
    discussion: """
      A figure that is more than 10 % worse is a warning, more than 25 % critical; operations per second must
      stay at 0.9 of the baseline at least. Exit code 0 only if nothing is critical and the baseline is kept.
      """)

  @OptionGroup var place: BenchPlace

  func run() throws {
    let comparison = try comparison()
    Output.line(Self.text(comparison))
    if let hop = Self.hop(comparison) { throw Failure(.data, hop) }
    guard !comparison.isRegression else { throw Failure(.data, Self.reason(comparison)) }
  }

  func comparison() throws -> BenchmarkComparison {
    guard FileManager.default.fileExists(atPath: place.ledger) else {
      throw Failure(
        .noInput, "there is no ledger \"\(place.ledger)\"; run sluice bench before and after first")
    }
    let book = BenchmarkBook(path: place.ledger)
    func latest(_ phase: BenchmarkBook.Phase) throws -> BenchmarkResult {
      do {
        guard let entry = try book.latest(place.name, phase) else {
          throw Failure(
            .noInput,
            "the ledger has no run \"\(phase.rawValue)\" named \"\(place.name)\"; run sluice bench \(phase.rawValue)"
          )
        }
        guard entry.succeeded == entry.pairs, entry.pairs > 0 else {
          throw Failure(
            .data,
            "the newest run \"\(phase.rawValue)\" named \"\(place.name)\" has lost \(entry.pairs - entry.succeeded) of its "
              + "\(entry.pairs) pairs, so there is nothing to compare; run sluice bench \(phase.rawValue) again"
          )
        }
        return BenchmarkResult(entry)
      } catch let error as LedgerError {
        throw ReportCommand.failure(error)
      }
    }
    return BenchmarkComparison(before: try latest(.before), after: try latest(.after))
  }

  static func text(_ comparison: BenchmarkComparison) -> String {
    var table = TextTable(
      columns: ["figure", "before", "after", "change", "verdict"], numeric: ["before", "after", "change"])
    for finding in comparison.findings {
      table.rows.append([
        finding.name, number(finding.before), number(finding.after),
        change(finding.regression), finding.verdict.rawValue,
      ])
    }
    return """
      before  \(Output.printable(comparison.before.subject))
      after   \(Output.printable(comparison.after.subject))

      \(table.text())

      verdict \(verdict(comparison))
      """
  }

  private static func verdict(_ comparison: BenchmarkComparison) -> String {
    guard hop(comparison) == nil else { return "none: the proxy's hop is in the difference" }
    return "\(comparison.verdict.rawValue); baseline \(comparison.keepsBaseline ? "kept" : "NOT kept")"
  }

  /// Why two runs that went different ways say nothing about the migration; nil where they went the same.
  static func hop(_ comparison: BenchmarkComparison) -> String? {
    let (before, after) = (isThroughProxy(comparison.before), isThroughProxy(comparison.after))
    guard before != after else { return nil }
    return
      "one run went through the proxy and the other straight to a server: what lies between them is the proxy's hop, and no "
      + "verdict on the migration; "
      + (after
        ? "measure before through the proxy too, at stage off"
        : "measure after straight to the new server, or before again")
  }

  private static func isThroughProxy(_ result: BenchmarkResult) -> Bool {
    result.subject.hasSuffix(BenchRun.throughProxy)
  }

  /// `12.5 % worse`, for a share of 0.125.
  static func change(_ regression: Double) -> String {
    let percent = (abs(regression) * 1000).rounded() / 10
    return percent == 0 ? "none" : "\(percent) % \(regression > 0 ? "worse" : "better")"
  }

  private static func reason(_ comparison: BenchmarkComparison) -> String {
    guard comparison.verdict != .hold else {
      return "one of the two runs measured nothing, and zero of zero is no evidence; measure again"
    }
    let worse = comparison.findings.filter { $0.verdict != .pass }.map(\.name).joined(separator: ", ")
    return "the cache has become worse: \(worse.isEmpty ? "operations per second" : worse)"
  }

  private static func number(_ value: Double) -> String {
    Int64(exactly: value.rounded()).flatMap { value >= 100 ? "\($0)" : nil }
      ?? "\((value * 1e7).rounded() / 1e7)"
  }
}
