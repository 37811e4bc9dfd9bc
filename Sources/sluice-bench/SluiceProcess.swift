import Foundation
import SluiceLoadGenerator
import SluiceRedisClient

/// A `sluice serve` between two stacks, with flags and a ledger of its own.
struct SluiceProcess {
  let server: LocalServer
  let control: RedisEndpoint

  /// The control port as the command line names it.
  var controlAddress: String {
    switch control.address {
    case .tcp(let host, let port): "\(host):\(port)"
    case .unix(let path): path
    }
  }

  /// Starts the proxy in stage `off`.
  ///
  /// - Parameters:
  ///   - legacy: its address; nil if `configuration` has it.
  ///   - comparing: whether every read is compared in the stages that compare at all.
  ///   - configuration: the path of a `sluice.yaml`.
  ///   - listen: more addresses for clients.
  static func start(
    _ executable: String, legacy: RedisEndpoint?, new: RedisEndpoint, in folder: ScratchFolder, name: String,
    comparing: Bool, threads: Int = 1, configuration: String? = nil,
    listen: [String] = []
  ) throws -> SluiceProcess {
    let flags = try folder.write(
      "\(name).flagd.json", FlagText.make(stage: "off", compare: comparing ? 100 : 0))
    let controlPort = try Ports.free()
    let server = try LocalServer.start(executable, in: folder, name: name) { port in
      [
        "serve", "--listen", "127.0.0.1:\(port)", "--new", "\(new)", "--flags", flags,
        "--ledger", "\(folder.path)/\(name).db", "--control", "127.0.0.1:\(controlPort)", "--threads",
        "\(threads)",
      ] + listen.flatMap { ["--listen", $0] } + (legacy.map { ["--legacy", "\($0)"] } ?? [])
        + (configuration.map { ["--config", $0] } ?? [])
    }
    return SluiceProcess(
      server: server, control: RedisEndpoint(.tcp(host: "127.0.0.1", port: controlPort)))
  }

  /// Sends one command to the control port.
  ///
  /// - Throws: `BenchError` when it is refused.
  func order(_ words: String...) throws { try order(words) }

  /// Sends one command to the control port.
  ///
  /// - Throws: `BenchError` when it is refused.
  func order(_ words: [String]) throws {
    let client = try RedisClient(control)
    if case .error(let text) = try client.command(words.map { Array($0.utf8) }) {
      throw BenchError("sluice refused \(words.joined(separator: " ")): \(text)")
    }
  }

  /// A count out of `STATUS`, such as `compare` `matched`; `nil` if it is not there.
  func count(_ block: String, _ name: String) throws -> Int? {
    (try status()[block] as? [String: Any])?[name] as? Int
  }

  /// How a stack is, as `STATUS` says it; `nil` if it does not.
  func health(_ stack: String) throws -> String? {
    ((try status()["stacks"] as? [String: Any])?[stack] as? [String: Any])?["health"] as? String
  }

  /// The stage in force, as `STATUS` says it.
  func effectiveStage() throws -> String? { try status()["effective_stage"] as? String }

  /// Why no step up is taken; `nil` if no guardrail has asked for that.
  func paused() throws -> String? { (try status()["step"] as? [String: Any])?["paused"] as? String }

  private func status() throws -> [String: Any] {
    let text = try RedisClient(control).command("STATUS").text ?? ""
    return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
  }

  /// The counts of compared reads when nothing is under way any more.
  ///
  /// - Throws: `BenchError` if something still is after ten seconds.
  func settledCounts() throws -> [String: Int] {
    let deadline = MonotonicClock.now() + 10_000_000_000
    while MonotonicClock.now() < deadline {
      let status = try status()
      let stacks = (status["stacks"] as? [String: Any] ?? [:]).values.compactMap { $0 as? [String: Any] }
      let waiting = stacks.reduce(0) { sum, stack in
        ["in_flight", "mirror_queue", "suspects"].reduce(sum) { $0 + (stack[$1] as? Int ?? 0) }
      }
      if !stacks.isEmpty, waiting == 0 {
        return (status["compare"] as? [String: Any] ?? [:]).compactMapValues { $0 as? Int }
      }
      usleep(20_000)
    }
    throw BenchError("after 10 s the proxy still has commands in flight or suspects")
  }

  /// The path of the proxy: as given, or beside this executable.
  static func path(_ given: String?) throws -> String {
    let own = URL(fileURLWithPath: CommandLine.arguments.first ?? "").deletingLastPathComponent().path
    let beside = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      .map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
    let path = given ?? "\(beside ?? own)/sluice"
    guard ChildProcess.find(path) != nil else {
      throw BenchError("there is no sluice at \(path); build it or name it with --sluice")
    }
    return path
  }
}
