import ArgumentParser
import Foundation
import SluiceLoadGenerator
import SluiceRedisClient

/// `sluice-bench idle`.
struct IdleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "idle", abstract: "Open connections that do nothing and print what each costs in memory.")

  @Option(
    help: ArgumentHelp(
      "A running target; by default a sluice is started between two Redis servers.", valueName: "url"),
    transform: { try RedisEndpoint($0) })
  var target: RedisEndpoint?

  @Option(help: "The process id of --target.")
  var pid: Int32?

  @Option(help: "The sluice executable; by default the one beside this program.")
  var sluice: String?

  @Option(help: "How many connections; at most 28000, as one address has no more ports to give.")
  var connections = 10_000

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (1...28_000).contains(connections) else {
      throw ValidationError("--connections is from 1 to 28000")
    }
    guard (target == nil) == (pid == nil) else {
      throw ValidationError("--target and --pid belong together: the memory is that of the process")
    }
  }

  private struct Figures: Codable {
    let connections: Int
    let before: Int
    let connected: Int
    let used: Int
    let closed: Int
    let perConnection: Double
    let perUsedConnection: Double

    var text: String {
      """
      resident before            \(before / 1024) KiB
      with \(connections) connections   \(connected / 1024) KiB: \(fixed(perConnection, 0)) bytes each
      after one PING on each     \(used / 1024) KiB: \(fixed(perUsedConnection, 0)) bytes each
      after closing them         \(closed / 1024) KiB
      """
    }
  }

  func run() throws {
    try raiseFileLimit(to: connections + 500)
    try withScratchFolder(measure)
  }

  private func measure(in folder: ScratchFolder) throws {
    if let target, let pid {
      try measure(target, pid)
    } else {
      let legacy = try LocalServer.redis(in: folder, name: "legacy")
      let new = try LocalServer.redis(in: folder, name: "new")
      let proxy = try SluiceProcess.start(
        SluiceProcess.path(sluice), legacy: legacy.endpoint, new: new.endpoint, in: folder, name: "sluice",
        comparing: true)
      try measure(proxy.server.endpoint, proxy.server.process.pid)
      withExtendedLifetime((legacy, new, proxy)) {}
    }
  }

  private func measure(_ endpoint: RedisEndpoint, _ pid: Int32) throws {
    // A first connection wakes up whatever is made only once.
    _ = try RedisClient(endpoint).command("PING")
    let before = try residentBytes(of: pid)
    var clients: [RedisClient] = []
    clients.reserveCapacity(connections)
    for _ in 0..<connections { clients.append(try RedisClient(endpoint)) }
    // The last one in line has been accepted once it is answered.
    _ = try clients.last?.command("PING")
    let connected = try residentBytes(of: pid)
    for client in clients {
      if case .error(let text) = try client.command("PING") { throw BenchError("PING was refused: \(text)") }
    }
    let used = try residentBytes(of: pid)
    clients.removeAll()
    _ = try RedisClient(endpoint).command("PING")
    let closed = try residentBytes(of: pid)
    let count = Double(connections)
    let figures = Figures(
      connections: connections, before: before, connected: connected, used: used, closed: closed,
      perConnection: Double(connected - before) / count, perUsedConnection: Double(used - before) / count)
    say(json ? try sluice_bench.json(figures) : figures.text)
  }

  /// `Rss` of `smaps_rollup`, which is exact, unlike the counters of `statm`.
  private func residentBytes(of pid: Int32) throws -> Int {
    let path = "/proc/\(pid)/smaps_rollup"
    guard let text = try? String(contentsOfFile: path, encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Rss:") }),
      let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else {
      throw BenchError("cannot read \(path); run as the user of that process")
    }
    return kibibytes * 1024
  }

  /// Children inherit it, so the proxy has room for as many.
  private func raiseFileLimit(to wanted: Int) throws {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let goal = rlim_t(wanted)
    guard limit.rlim_cur < goal else { return }
    limit.rlim_cur = goal
    limit.rlim_max = max(limit.rlim_max, goal)
    guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      throw BenchError("\(wanted) open files are needed and the limit is lower; raise it with ulimit -n")
    }
  }
}
