import ArgumentParser
import SluiceLoadGenerator

/// `sluice-bench layers`: what layers of a stack cost, or save, per command.
struct LayersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "layers",
    abstract:
      "Measure a plain stack beside stacks with an L1 and with compression, in turn on the same data.",
    discussion: "Progress goes to standard error, the tables to standard output. See docs/benchmarks.md.")

  @Option(help: "The sluice executable; by default the one beside this program.")
  var sluice: String?

  @Option(help: "How often all sides run each trial.")
  var rounds = 3

  @Option(help: "How long each side runs in a round.")
  var seconds = 2.0

  @Option(help: "How many different keys.")
  var keys = 10_000

  @Option(help: "The seed of the first round.")
  var seed: UInt64 = 1

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard rounds > 0, keys > 0, seconds > 0, seconds < 1e6 else {
      throw ValidationError("counts and times must be above zero, and --seconds below a million")
    }
  }

  func run() throws {
    try withScratchFolder { folder in
      let sides = try Sides(layeredIn: folder, sluice: try SluiceProcess.path(sluice), keys: keys)
      let comparison = Comparison(
        sides: sides, trials: Trial.layered, connections: 50, rounds: rounds, seconds: seconds, keys: keys,
        seed: seed)
      let report = ComparisonReport(comparison, try comparison.run())
      say(json ? try sluice_bench.json(report) : report.text)
    }
  }
}
