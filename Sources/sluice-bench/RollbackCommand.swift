import ArgumentParser
import Foundation
import SluiceLoadGenerator
import SluiceRedisClient

/// `sluice-bench rollback`.
struct RollbackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Roll back under load, again and again, and look for a read that the new stack still answers.",
    discussion: "Ends with code 1 if one is found, or if nothing was seen that could have been one.")

  @Option(help: "The sluice executable; by default the one beside this program.")
  var sluice: String?

  @Option(help: "The percentage of keys on the new stack before each rollback, 1 to 100.")
  var percent = 100

  @Option(help: "How many rollbacks.")
  var rounds = 50

  @Option(help: "Connections of the load.")
  var connections = 50

  @Option(help: "Commands that a connection of the load sends before it waits.")
  var pipeline = 16

  @Option(help: "Connections that watch who answers.")
  var watchers = 4

  @Option(help: "The seed of the load and of the waits.")
  var seed: UInt64 = 1

  @Flag(
    help:
      "Stop the new stack (SIGSTOP) before each rollback: what is in flight there fails, and nothing else.")
  var stopped = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (1...100).contains(percent), rounds > 0, connections > 0, pipeline > 0, (1...64).contains(watchers)
    else {
      throw ValidationError("--percent is from 1 to 100, --watchers from 1 to 64, and counts are above zero")
    }
  }

  func run() throws {
    try withScratchFolder(measure)
  }

  private func measure(in folder: ScratchFolder) throws {
    let legacy = try LocalServer.redis(in: folder, name: "legacy")
    let new = try LocalServer.redis(in: folder, name: "new")
    let proxy = try SluiceProcess.start(
      SluiceProcess.path(sluice), legacy: legacy.endpoint, new: new.endpoint, in: folder, name: "sluice",
      comparing: false)
    try Watch.plant(legacy: legacy.endpoint, new: new.endpoint)
    let plan = LoadPlan(
      endpoint: proxy.server.endpoint, profile: .uniform(), connections: connections, pipeline: pipeline,
      limit: .time(.seconds(3600)), keys: 10_000, seed: seed)
    for server in [legacy, new] {
      var filling = plan.filling
      filling.endpoint = server.endpoint
      guard LoadRun.run(filling).isClean else { throw BenchError("filling a Redis failed") }
    }
    let load = LoadRun.start(plan)
    let watch = Watch.start(proxy.server.endpoint, watchers: watchers, allowsErrors: stopped)
    defer {
      load.stop()
      watch.stop()
    }
    let trial = RollbackTrial(
      proxy: proxy, percent: percent, rounds: rounds, seed: seed, victim: stopped ? new : nil)
    let marks = try trial.run(watch)
    load.stop()
    watch.stop()
    let result = load.finish()
    let report = RollbackReport(
      marks: marks, readings: try watch.finish(), load: LoadFigures(result),
      allowedErrors: stopped ? rounds * connections * pipeline : 0)
    say(json ? try sluice_bench.json(report) : report.text)
    withExtendedLifetime((legacy, new, proxy)) {}
    if !report.passes { throw ExitCode(1) }
  }
}
