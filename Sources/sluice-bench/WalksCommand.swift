import ArgumentParser
import Foundation
import SluiceLoadGenerator

/// `sluice-bench walks`.
struct WalksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "walks",
    abstract: "Measure warm and verify beside MIGRATE … COPY, on the same keys in one run.",
    discussion: """
      Every round of a trial copies the same keys into an empty server by each side in turn, the first one another each time. The \
      servers of other versions are those of scripts/install-servers.
      """)

  @Option(help: "The sluice executable; by default the one beside this program.")
  var sluice: String?

  @Option(help: "An older sluice, which warms and verifies in every round between equal servers.")
  var base: String?

  @Option(help: "The folder of servers of other versions.")
  var servers = ".build/servers"

  @Option(
    help: ArgumentHelp(
      "What is copied: \(WalkTrial.all.map(\.name).joined(separator: ", ")); by default all.",
      valueName: "name"))
  var trial: [String] = []

  @Option(help: "How many keys.")
  var keys = 300_000

  @Option(help: "How often all sides run.")
  var rounds = 3

  @Option(
    help:
      "Commands a second of the client that is beside one more MIGRATE and one more warm-up in each round; 0 is no client."
  )
  var client = 500

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard keys > 0, rounds > 0, client >= 0 else { throw ValidationError("counts are above zero") }
    for name in trial where !WalkTrial.all.contains(where: { $0.name == name }) {
      throw ValidationError("--trial: there is no '\(name)'")
    }
  }

  func run() throws {
    try withScratchFolder { folder in
      var reports: [WalkReport] = []
      for each in WalkTrial.all where trial.isEmpty || trial.contains(each.name) {
        let run = WalkRun(
          trial: each, sluice: try SluiceProcess.path(sluice),
          base: try base.map { try SluiceProcess.path($0) },
          servers: servers, keys: keys, clientRate: client, folder: folder)
        reports.append(try run.measure(rounds: rounds))
      }
      say(json ? try sluice_bench.json(reports) : reports.map(\.text).joined(separator: "\n\n"))
    }
  }
}

/// Which keys go from which server to which.
struct WalkTrial {
  let name: String
  let what: String
  let from: String
  let to: String
  /// Strings of 100 bytes, or else hashes of five fields of 20.
  let areStrings: Bool

  static let all = [
    WalkTrial(
      name: "equal", what: "strings of 100 bytes", from: "redis-server", to: "redis-server", areStrings: true),
    WalkTrial(
      name: "vendors", what: "strings of 100 bytes", from: "redis-8.2", to: "valkey-9.1", areStrings: true),
    WalkTrial(
      name: "restamped", what: "hashes of five fields of 20 bytes, the dump restamped", from: "redis-8.2",
      to: "valkey-9.1", areStrings: false),
    WalkTrial(
      name: "value", what: "hashes of five fields of 20 bytes, by value", from: "valkey-9.1", to: "redis-6.2",
      areStrings: false),
  ]
}

/// What one side of a trial took.
struct WalkReport: Encodable {
  struct Side: Encodable {
    let name: String
    /// Keys a second, by round.
    var rates: [Double] = []
    /// The rates divided by those of the side that they are compared with, by round.
    var ratios: [Double] = []
    let comparedWith: String
  }

  let trial: String
  let what: String
  let servers: String
  let keys: Int
  var sides: [Side]
  /// Microseconds of a client's commands at the 99th percentile, without a walk, beside `MIGRATE` and beside a warm-up, by round.
  var quietP99: [Double] = []
  var migrateP99: [Double] = []
  var walkP99: [Double] = []

  var text: String {
    var lines = [
      "\(trial): \(keys) \(what), \(servers)", "",
      "| side | keys/s | [least–most] | ÷ | [least–most] |", "|---|---:|---:|---:|---:|",
    ]
    for side in sides {
      lines.append(
        "| \(side.name) | \(fixed(side.rates.median, 0)) | \(range(side.rates, 0)) | \(fixed(side.ratios.median, 2)) of \(side.comparedWith) | \(range(side.ratios, 2)) |"
      )
    }
    if !quietP99.isEmpty {
      lines.append("\np99 of a client: \(fixed(quietP99.median, 0)) µs \(range(quietP99, 0)) without a walk")
      for (who, p99) in [("MIGRATE", migrateP99), ("warm", walkP99)] {
        let ratios = zip(p99, quietP99).map { $0 / $1 }
        lines.append(
          "beside \(who): \(fixed(p99.median, 0)) µs \(range(p99, 0)), \(fixed(ratios.median, 2)) times \(range(ratios, 2))"
        )
      }
    }
    return lines.joined(separator: "\n")
  }

  private func range(_ values: [Double], _ decimals: Int) -> String {
    "[\(fixed(values.min() ?? 0, decimals))–\(fixed(values.max() ?? 0, decimals))]"
  }
}

extension [Double] {
  fileprivate var median: Double { isEmpty ? 0 : sorted()[count / 2] }
}
