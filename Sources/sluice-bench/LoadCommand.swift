import ArgumentParser
import SluiceLoadGenerator
import SluiceRedisClient

/// `sluice-bench load`.
struct LoadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load", abstract: "Put a load on any Redis or proxy and print what came back.",
    discussion: "Ends with code 1 if anything was an error, wrong, or not answered.")

  @Option(
    help: ArgumentHelp("redis://[user:password@]host:port[/db] or unix:///path.", valueName: "url"),
    transform: { try RedisEndpoint($0) })
  var target: RedisEndpoint

  @Option(help: "One of: \(WorkloadProfile.builtin.map(\.name).joined(separator: ", ")).")
  var profile = "uniform"

  @Option(help: "Connections over all threads.")
  var connections = 50

  @Option(help: "Threads of the load generator.")
  var threads = 1

  @Option(help: "Commands that a connection sends before it waits for the replies.")
  var pipeline = 16

  @Option(help: "How long.")
  var seconds = 10.0

  @Option(help: "So many commands instead of a time.")
  var count: Int?

  @Option(help: "How many different keys.")
  var keys = 100_000

  @Option(help: "The start of every key.")
  var prefix = "k:"

  @Option(help: "Commands per second; 0 is as fast as the replies come.")
  var rate = 0

  @Option(help: "The seed of all that is random.")
  var seed: UInt64 = 1

  @Flag(help: "Set every key once before the run.")
  var fill = false

  @Flag(inversion: .prefixedNo, help: "Check that each value belongs to its key.")
  var verify = true

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard WorkloadProfile.named(profile) != nil else {
      throw ValidationError("there is no profile '\(profile)'; see --help for the names")
    }
    let counts = [connections, threads, pipeline, keys, count ?? 1]
    guard counts.allSatisfy({ $0 > 0 }), rate >= 0, seconds > 0, seconds < 1e6 else {
      throw ValidationError("counts and times must be above zero, and --seconds below a million")
    }
  }

  func run() throws {
    guard let workload = WorkloadProfile.named(profile) else { return }
    let plan = LoadPlan(
      endpoint: target, profile: workload, connections: connections, threads: threads, pipeline: pipeline,
      limit: count.map { .commands($0) } ?? .time(.seconds(seconds)), keys: keys, keyPrefix: prefix,
      rate: rate,
      verify: verify, seed: seed)
    if fill {
      let filled = LoadRun.run(plan.filling)
      guard filled.isClean else { throw BenchError("filling failed: \(LoadFigures(filled).text)") }
    }
    let result = LoadRun.run(plan)
    let figures = LoadFigures(result)
    say(json ? try sluice_bench.json(figures) : figures.text)
    if !result.isClean { throw ExitCode(1) }
  }
}
