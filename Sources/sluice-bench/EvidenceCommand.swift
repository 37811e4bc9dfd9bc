import ArgumentParser
import Foundation
import SluiceLoadGenerator
import SluiceRedisClient

/// `sluice-bench evidence`.
struct EvidenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evidence",
    abstract:
      "Write and read the same few keys through a proxy between two servers, with every read compared.",
    discussion: """
      Strings, and values of all other types; flips go on meanwhile. Nothing can differ but what two correct servers say \
      differently, so a divergence is a false alarm, and a string that differs at the end is a lie. Ends with code 1 if there is \
      either, or less compared than was asked for.
      """)

  @OptionGroup var servers: ServerOptions

  @Option(help: "The sluice executable; by default the one beside this program.")
  var sluice: String?

  @Option(help: "Event loops of the proxy.")
  var threads = 1

  @Option(help: "How many comparisons have to match.")
  var comparisons = 2_000_000

  @Option(help: "How many keys all connections share.")
  var keys = 100

  @Option(help: "Connections that only write.")
  var writers = 8

  @Option(help: "Connections that only read.")
  var readers = 8

  @Option(help: "Commands that a reader sends before it waits.")
  var pipeline = 16

  @Option(help: "The longest time that it may take, in seconds.")
  var patience = 600.0

  @Option(help: "The seed of the load and of the flips.")
  var seed: UInt64 = 1

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard [threads, comparisons, keys, writers, readers, pipeline].allSatisfy({ $0 > 0 }),
      (1...1e6).contains(patience)
    else { throw ValidationError("counts are above zero, and --patience is from 1 to 1000000 seconds") }
  }

  func run() throws {
    try withScratchFolder(measure)
  }

  private func measure(in folder: ScratchFolder) throws {
    let (legacy, new) = try servers.start(in: folder)
    let proxy = try SluiceProcess.start(
      SluiceProcess.path(sluice), legacy: legacy.endpoint, new: new.endpoint, in: folder, name: "sluice",
      comparing: true, threads: threads)
    let writing = LoadPlan(
      endpoint: proxy.server.endpoint, profile: .uniform(readShare: 0), connections: writers, pipeline: 1,
      limit: .time(.seconds(patience)), keys: keys, seed: seed)
    let reading = LoadPlan(
      endpoint: proxy.server.endpoint, profile: .uniform(readShare: 1), connections: readers,
      pipeline: pipeline,
      limit: .time(.seconds(patience)), keys: keys, verify: true, seed: seed &+ 1)
    let started = MonotonicClock.now()
    try proxy.order("STAGE", "dualwrite")
    guard LoadRun.run(writing.filling).isClean else { throw BenchError("filling the stacks failed") }
    try proxy.order("STAGE", "shadow")
    let loads = [LoadRun.start(writing), LoadRun.start(reading)]
    let typed = TypedLoad.start(proxy.server.endpoint, .everything, connections: 2, seed: seed)
    defer {
      typed.stop()
      for load in loads { load.stop() }
    }
    let flips = try flip(proxy, until: started + UInt64(patience * 1e9))
    typed.stop()
    for load in loads { load.stop() }
    let types = try typed.finish()
    let results = loads.map { LoadFigures($0.finish()) }
    let report = EvidenceReport(
      servers: servers.pair, threads: threads, asked: comparisons,
      seconds: Double(MonotonicClock.now() - started) / 1e9,
      flips: flips, compare: try proxy.settledCounts(), writing: results[0], reading: results[1],
      types: types,
      different: try differentKeys(writing.keySpace, legacy.client(), new.client()))
    say(json ? try sluice_bench.json(report) : report.text)
    withExtendedLifetime((legacy, new, proxy)) {}
    if !report.passes { throw ExitCode(1) }
  }

  /// Flips until enough was compared or the time is over; returns how many flips there were.
  private func flip(_ proxy: SluiceProcess, until deadline: UInt64) throws -> Int {
    // Reads are compared in shadow and live; the others are there to be come back from.
    let orders = [
      ["STAGE", "shadow"], ["STAGE", "live", "50"], ["STAGE", "live", "10"], ["STAGE", "live", "90"],
      ["STAGE", "live", "100"], ["RAMP", "30"], ["STAGE", "rampdown"], ["STAGE", "dualwrite"],
      ["ROLLBACK", "bench"],
    ]
    var generator = SplitMix64(seed: seed)
    var flips = 0
    while MonotonicClock.now() < deadline {
      let order = orders.randomElement(using: &generator) ?? ["ROLLBACK", "bench"]
      // A machine that stalls may make a guardrail pause; what is looked for here is a lie.
      try proxy.order(order[0] == "ROLLBACK" ? order : order + ["FORCE", "bench"])
      flips += 1
      usleep(UInt32.random(in: 50_000..<300_000, using: &generator))
      if order[0] == "ROLLBACK" { try proxy.order("REARM") }
      if try proxy.count("compare", "matched") ?? 0 >= comparisons { break }
    }
    return flips
  }

  private func differentKeys(_ space: KeySpace, _ legacy: RedisClient, _ new: RedisClient) throws -> Int {
    var key: [UInt8] = []
    var different = 0
    for index in 0..<keys {
      space.write(index, into: &key)
      let values = try [legacy, new].map { try $0.command([Array("GET".utf8), key]) }
      if values[0] != values[1] || values[0] == .null { different += 1 }
    }
    return different
  }
}

/// What a run of `evidence` showed.
struct EvidenceReport: Codable {
  let servers: String
  let threads: Int
  let asked: Int
  let seconds: Double
  let flips: Int
  let compare: [String: Int]
  let writing: LoadFigures
  let reading: LoadFigures
  /// Commands on values of all other types.
  let types: Int
  /// Keys that are not the same on both servers at the end, or on neither.
  let different: Int

  /// Zero of zero is no pass.
  var passes: Bool {
    compare["matched", default: 0] >= asked && compare["diverged", default: 1] == 0 && different == 0
      && flips > 1 && [writing, reading].allSatisfy { $0.errors + $0.wrong + $0.unanswered == 0 }
  }

  var text: String {
    let counts = ["matched", "superseded", "diverged", "dropped"]
      .map { "\(compare[$0, default: 0]) \($0)" }.joined(separator: ", ")
    return """
      servers     \(servers)
      compared    \(counts)
      meanwhile   \(writing.commands) writes, \(reading.commands) reads, \(types) commands of other types, \(flips) flips, in \
      \(fixed(seconds, 1)) s, proxy threads \(threads)
      not right   \(writing.errors + reading.errors) errors, \(reading.wrong) wrong values
      at the end  \(different) keys differ
      verdict     \(passes ? "PASS" : "FAIL")
      """
  }
}
