import ArgumentParser
import Foundation
import SluiceLoadGenerator
import SluiceRedisClient

/// `sluice-bench clients`: what RESP3, a transaction and a script cost the proxy beside what they are held against, as ratios of one run.
struct ClientCostCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clients",
    abstract:
      "Measure RESP3 beside RESP2, MULTI beside its commands, and a script by how the mirror learns of it.",
    discussion: """
      Processor time of the proxy's process. Each round runs all sides, the first one another each time; ratios are of the same round. \
      Progress goes to standard error, the table to standard output. See docs/benchmarks.md.
      """)

  @Option(help: "The sluice executable; by default the one beside this program.")
  var sluice: String?

  @Option(help: "How often all sides run.")
  var rounds = 5

  @Option(help: "Commands, transactions and scripts of each side in a round.")
  var commands = 200_000

  func validate() throws {
    guard rounds > 0, commands >= 1000 else { throw ValidationError("--commands is 1000 at least") }
  }

  /// What the ratios are called, which side is divided by which, and the most that it should be.
  private static let ratios: [(name: String, of: Side, by: Side, most: Double)] = [
    ("RESP3 ÷ RESP2", .resp3, .resp2, 1.1), ("half and half ÷ RESP2", .mixed, .resp2, 1.3),
    ("MULTI of four ÷ the four", .transaction, .four, 1.3),
    ("EVALSHA, repeated ÷ off", .repeated, .scriptOff, 2), ("EVALSHA, copied ÷ off", .copied, .scriptOff, 4),
  ]

  private enum Side: String, CaseIterable {
    case resp2 = "GET and SET, RESP2"
    case resp3 = "GET and SET, RESP3"
    case mixed = "GET and SET, half of each"
    case four = "four commands"
    case transaction = "MULTI of the four"
    case scriptOff = "EVALSHA in off"
    case repeated = "EVALSHA in dualwrite, repeated"
    case copied = "EVALSHA in dualwrite, copied"
  }

  /// A rate limiter as libraries have it.
  private static let limiter =
    "local n = redis.call('INCRBY', KEYS[1], ARGV[2]) "
    + "if n == tonumber(ARGV[2]) then redis.call('EXPIRE', KEYS[1], ARGV[1]) end return n"

  func run() throws { try withScratchFolder(measure) }

  private func measure(in folder: ScratchFolder) throws {
    var proxies: [Side: SluiceProcess] = [:]
    var servers: [LocalServer] = []
    var digest = ""
    for side in [Side.scriptOff, .copied, .repeated] {
      let name = "\(side)"
      let legacy = try LocalServer.redis(in: folder, name: "\(name)-legacy")
      let new = try LocalServer.redis(in: folder, name: "\(name)-new")
      digest = try legacy.client().command("SCRIPT", "LOAD", Self.limiter).text ?? ""
      let rules = side == .repeated ? "scripts:\n  - {sha1: \(digest), mirror: repeat}\n" : "threads: 1\n"
      let proxy = try SluiceProcess.start(
        SluiceProcess.path(sluice), legacy: legacy.endpoint, new: new.endpoint, in: folder, name: name,
        comparing: false, configuration: try folder.write("\(name).yaml", rules))
      if side != .scriptOff { try proxy.order("STAGE", "dualwrite") }
      _ = try RedisClient(proxy.server.endpoint).command("SCRIPT", "LOAD", Self.limiter)
      proxies[side] = proxy
      servers += [legacy, new, proxy.server]
    }
    var costs: [Side: [Double]] = [:]
    for round in 0..<rounds {
      for step in Side.allCases.indices {
        let side = Side.allCases[(step + round) % Side.allCases.count]
        guard let proxy = proxies[side] ?? proxies[.scriptOff] else { continue }
        costs[side, default: []].append(try cost(of: side, proxy, digest, in: folder))
        FileHandle.standardError.write(Data("round \(round + 1): \(side.rawValue)\n".utf8))
      }
    }
    say(Self.table(costs))
    withExtendedLifetime(servers) {}
  }

  private static func table(_ costs: [Side: [Double]]) -> String {
    func shown(_ values: [Double]) -> String {
      let sorted = values.sorted()
      guard let first = sorted.first, let last = sorted.last else { return "–" }
      return "\(fixed(sorted[sorted.count / 2], 2)) [\(fixed(first, 2))–\(fixed(last, 2))]"
    }
    var lines = ["| side | processor time of the proxy, µs |", "|---|---|"]
    for side in Side.allCases { lines.append("| \(side.rawValue) | \(shown(costs[side] ?? [])) |") }
    lines += ["", "| | by rounds | at most |", "|---|---|---|"]
    for ratio in ratios {
      let values = zip(costs[ratio.of] ?? [], costs[ratio.by] ?? []).map { $0 / max($1, 1e-9) }
      lines.append("| \(ratio.name) | \(shown(values)) | \(fixed(ratio.most, 1)) |")
    }
    return lines.joined(separator: "\n")
  }

  /// Microseconds of the proxy's processor time for each command, four commands, transaction or script.
  private func cost(of side: Side, _ proxy: SluiceProcess, _ digest: String, in folder: ScratchFolder) throws
    -> Double
  {
    // What was written before has reached the mirror.
    _ = try proxy.settledCounts()
    let before = proxy.server.process.processorTime
    let done: Int
    switch side {
    case .resp2: done = try benchmark([[]], proxy, in: folder)
    case .resp3: done = try benchmark([["-3"]], proxy, in: folder)
    case .mixed: done = try benchmark([[], ["-3"]], proxy, in: folder)
    case .four, .transaction, .scriptOff, .repeated, .copied:
      done = try load(side, proxy.server.endpoint, digest)
    }
    _ = try proxy.settledCounts()
    return Double(proxy.server.process.processorTime - before) / 1000 / Double(done)
  }

  /// Debian's redis-benchmark, as many of them at once as there are lists of options; together fifty connections.
  private func benchmark(_ options: [[String]], _ proxy: SluiceProcess, in folder: ScratchFolder) throws
    -> Int
  {
    let share = commands / options.count
    let processes = try options.enumerated().map { number, more in
      try ChildProcess(
        "redis-benchmark",
        more + [
          "-h", "127.0.0.1", "-p", "\(proxy.server.port)", "-P", "16", "-c", "\(50 / options.count)", "-n",
          "\(share)", "-t", "set,get", "-d", "100", "-r", "100000", "--csv",
        ], log: "\(folder.path)/benchmark-\(number).log")
    }
    for process in processes {
      guard process.end() == 0 else { throw BenchError("redis-benchmark failed: \(process.lastWords)") }
    }
    return 2 * share * options.count
  }

  /// Eight connections, each with a few pieces of work on their way.
  private func load(_ side: Side, _ endpoint: RedisEndpoint, _ digest: String) throws -> Int {
    let threads = DispatchGroup()
    let connections = 8
    let trouble = Trouble()
    let rounds = commands / connections / 8
    for connection in 0..<connections {
      threads.enter()
      Thread {
        defer { threads.leave() }
        do {
          let client = try RedisClient(endpoint)
          for round in 0..<rounds {
            var expected = 0
            for piece in 0..<8 {
              let key = "{\(connection)}:\((8 * round + piece) % 500)"
              for words in Self.work(side, key, digest) {
                try client.append(words.map { Array($0.utf8) })
                expected += 1
              }
            }
            for _ in 0..<expected {
              if case .error(let text) = try client.reply() { throw BenchError(text) }
            }
          }
        } catch { trouble.note("\(error)") }
      }.start()
    }
    threads.wait()
    if let text = trouble.text { throw BenchError("a client of \(side.rawValue) failed: \(text)") }
    return rounds * 8 * connections
  }

  private static func work(_ side: Side, _ key: String, _ digest: String) -> [[String]] {
    let four = [
      ["SET", "\(key):s", "value"], ["GET", "\(key):s"], ["INCR", "\(key):n"],
      ["HSET", "\(key):h", "f", "v"],
    ]
    return switch side {
    case .transaction: [["MULTI"]] + four + [["EXEC"]]
    case .scriptOff, .repeated, .copied: [["EVALSHA", digest, "1", "\(key):limit", "3600", "1"]]
    case .resp2, .resp3, .mixed, .four: four
    }
  }
}

/// The first that went wrong on some thread.
private final class Trouble: @unchecked Sendable {
  // Under the lock alone.
  private var first: String?
  private let lock = NSLock()

  func note(_ text: String) { lock.withLock { first = first ?? text } }

  var text: String? { lock.withLock { first } }
}
