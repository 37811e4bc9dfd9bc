import ArgumentParser
import SluiceLoadGenerator

/// `sluice-bench compare`: what `make bench` runs.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Start Redis, HAProxy, twemproxy and Sluice, and measure them in turn on the same data.",
    discussion: "Progress goes to standard error, the tables to standard output. See docs/benchmarks.md.")

  @Option(help: "The sluice executable; by default the one beside this program.")
  var sluice: String?

  @Option(help: "An older sluice executable, measured beside the present one in every round.")
  var base: String?

  @Flag(help: "Leave Sluice out, to see the machine and its noise.")
  var withoutSluice = false

  @Option(help: "Connections.")
  var connections = 50

  @Option(help: "How often all sides run each trial.")
  var rounds = 5

  @Option(help: "How long each side runs in a round.")
  var seconds = 3.0

  @Option(help: "How many different keys.")
  var keys = 100_000

  @Option(help: "The seed of the first round.")
  var seed: UInt64 = 1

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard connections > 0, rounds > 0, keys > 0, seconds > 0, seconds < 1e6 else {
      throw ValidationError("counts and times must be above zero, and --seconds below a million")
    }
  }

  func run() throws {
    try withScratchFolder(measure)
  }

  private func measure(in folder: ScratchFolder) throws {
    let sides = try Sides(
      in: folder, sluice: withoutSluice ? nil : try SluiceProcess.path(sluice),
      base: try base.map { try SluiceProcess.path($0) })
    let comparison = Comparison(
      sides: sides, trials: Trial.standard, connections: connections, rounds: rounds, seconds: seconds,
      keys: keys,
      seed: seed)
    let report = ComparisonReport(comparison, try comparison.run())
    say(json ? try sluice_bench.json(report) : report.text)
  }
}
