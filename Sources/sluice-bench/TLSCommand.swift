import ArgumentParser
import Foundation
import SluiceLoadGenerator
import SluiceRedisClient

/// `sluice-bench tls`: Sluice and HAProxy end TLS for the same clients in front of the same Redis.
struct TLSCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tls",
    abstract: "Let Sluice and HAProxy end TLS in front of one Redis, and measure them in turn.",
    discussion: """
      The load is Debian's redis-benchmark --tls; hand-shakes are those of openssl s_time -new. Processor time is that of the
      proxy's process. Progress goes to standard error, the table to standard output. See docs/benchmarks.md.
      """)

  @Option(help: "The sluice executable; by default the one beside this program.")
  var sluice: String?

  @Option(help: "Connections of the load.")
  var connections = 50

  @Option(help: "How often all sides run each trial.")
  var rounds = 5

  @Option(help: "Commands of each kind in a round.")
  var commands = 300_000

  @Option(help: "How long hand-shakes are made in a round, in seconds.")
  var seconds = 2

  func validate() throws {
    guard connections > 0, rounds > 0, commands > 0, seconds > 0 else {
      throw ValidationError("counts and times must be above zero")
    }
  }

  /// A proxy that ends TLS with one kind of key, or speaks none.
  private struct Side {
    let name: String
    let port: UInt16
    let proxy: ChildProcess
    let isSecure: Bool
  }

  func run() throws { try withScratchFolder(measure) }

  private func measure(in folder: ScratchFolder) throws {
    let redis = try LocalServer.redis(in: folder, name: "redis")
    let other = try LocalServer.redis(in: folder, name: "new")
    let ca = try CertificateAuthority(in: folder)
    var servers: [LocalServer] = []
    var sides: [Side] = []
    for (kind, algorithm) in [("P-256", CertificateAuthority.Algorithm.ec), ("RSA-2048", .rsa)] {
      let identity = try ca.issue(kind.lowercased(), algorithm)
      let (proxy, port) = try haproxy(before: redis, identity, kind, in: folder)
      servers.append(proxy)
      sides.append(Side(name: "haproxy, \(kind)", port: port, proxy: proxy.process, isSecure: true))
      let secure = try Ports.free()
      let configuration = try folder.write(
        "sluice-\(kind).yaml",
        "tls:\n  cert: \(identity.certificate)\n  key: \(identity.key)\n")
      let started = try SluiceProcess.start(
        SluiceProcess.path(sluice), legacy: redis.endpoint, new: other.endpoint, in: folder,
        name: "sluice-\(kind)",
        comparing: false, configuration: configuration, listen: ["tls:127.0.0.1:\(secure)"])
      servers.append(started.server)
      if kind == "P-256" {
        sides.append(
          Side(
            name: "sluice, plain", port: started.server.port, proxy: started.server.process, isSecure: false))
      }
      sides.append(Side(name: "sluice, \(kind)", port: secure, proxy: started.server.process, isSecure: true))
    }
    try compare(sides, trust: ca.certificate, in: folder)
    withExtendedLifetime((servers, redis, other)) {}
  }

  /// HAProxy with one port for TLS beside the one that tells that it is up.
  private func haproxy(
    before redis: LocalServer, _ identity: CertificateAuthority.Identity, _ kind: String,
    in folder: ScratchFolder
  ) throws -> (LocalServer, UInt16) {
    let bundle = try folder.write(
      "haproxy-\(kind).pem",
      try String(contentsOfFile: identity.certificate, encoding: .utf8)
        + String(contentsOfFile: identity.key, encoding: .utf8))
    let secure = try Ports.free()
    let server = try LocalServer.haproxy(
      before: redis, in: folder, name: "haproxy-\(kind)", further: "127.0.0.1:\(secure) ssl crt \(bundle)")
    return (server, secure)
  }

  private func compare(_ sides: [Side], trust: String, in folder: ScratchFolder) throws {
    // Microseconds of processor time per command at pipeline 16 and 1, per hand-shake, and hand-shakes a second.
    var samples = sides.map { _ in [[Double]](repeating: [], count: 4) }
    for round in 0..<rounds {
      for step in sides.indices {
        let index = (step + round) % sides.count
        let side = sides[index]
        samples[index][0].append(try load(side, pipeline: 16, commands, trust, in: folder))
        samples[index][1].append(try load(side, pipeline: 1, commands / 5, trust, in: folder))
        guard side.isSecure else { continue }
        let (cost, rate) = try handshakes(side, trust, in: folder)
        samples[index][2].append(cost)
        samples[index][3].append(rate)
        FileHandle.standardError.write(
          Data("round \(round + 1): \(side.name) \(fixed(rate, 0)) hand-shakes/s\n".utf8))
      }
    }
    var lines = [
      "| side | CPU per command, pipeline 16 | pipeline 1 | CPU per hand-shake | hand-shakes/s |",
      "|---|---|---|---|---|",
    ]
    for (side, sample) in zip(sides, samples) {
      let cells = sample.enumerated().map { number, values in
        values.isEmpty ? "–" : "\(Self.median(values, number == 3 ? 0 : 2))\(number == 3 ? "" : " µs")"
      }
      lines.append("| \(side.name) | \(cells.joined(separator: " | ")) |")
    }
    lines.append("")
    for kind in ["P-256", "RSA-2048"] {
      guard let ours = sides.firstIndex(where: { $0.name == "sluice, \(kind)" }),
        let theirs = sides.firstIndex(where: { $0.name == "haproxy, \(kind)" })
      else { continue }
      let ratios = (0..<4).map { column in
        Self.median(zip(samples[ours][column], samples[theirs][column]).map { $0 / max($1, 1e-9) }, 2)
      }
      lines.append(
        "sluice ÷ haproxy, \(kind), by rounds: \(ratios[0]) at pipeline 16, \(ratios[1]) at pipeline 1, \(ratios[2]) a hand-shake, "
          + "hand-shakes/s \(ratios[3])")
    }
    say(lines.joined(separator: "\n"))
  }

  /// The median, and the range, of a few rounds.
  private static func median(_ values: [Double], _ decimals: Int) -> String {
    let sorted = values.sorted()
    guard let first = sorted.first, let last = sorted.last else { return "–" }
    return "\(fixed(sorted[sorted.count / 2], decimals)) [\(fixed(first, decimals))–\(fixed(last, decimals))]"
  }

  /// Microseconds of the proxy's processor time per command.
  private func load(
    _ side: Side, pipeline: Int, _ count: Int, _ trust: String, in folder: ScratchFolder
  ) throws -> Double {
    let secure = side.isSecure ? ["--tls", "--cacert", trust] : []
    let before = side.proxy.processorTime
    try run(
      "redis-benchmark",
      ["-h", "127.0.0.1", "-p", "\(side.port)"] + secure + [
        "-P", "\(pipeline)", "-c", "\(connections)", "-n", "\(count)", "-t", "set,get", "-d", "100", "-r",
        "100000", "--csv",
      ], in: folder)
    return Double(side.proxy.processorTime - before) / 1000 / Double(2 * count)
  }

  /// Microseconds of the proxy's processor time per hand-shake, and hand-shakes a second of two clients.
  private func handshakes(_ side: Side, _ trust: String, in folder: ScratchFolder) throws -> (Double, Double)
  {
    let before = side.proxy.processorTime
    let start = MonotonicClock.now()
    let logs = (0..<2).map { "\(folder.path)/handshakes-\(side.port)-\(start)-\($0)" }
    let clients = try logs.map { log in
      try ChildProcess(
        "openssl",
        ["s_time", "-connect", "127.0.0.1:\(side.port)", "-new", "-time", "\(seconds)", "-CAfile", trust],
        log: log)
    }
    for client in clients {
      guard client.end() == 0 else { throw BenchError("openssl s_time failed: \(client.lastWords)") }
    }
    let elapsed = Double(MonotonicClock.now() - start) / 1e9
    var count = 0
    for log in logs {
      let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
      // `1322 connections in 3 real seconds, 0 bytes read per connection`
      let line = text.split(separator: "\n").first { $0.contains("real seconds") }
      count += line?.split(separator: " ").first.flatMap { Int($0) } ?? 0
    }
    guard count > 0 else { throw BenchError("openssl s_time made no hand-shake with \(side.name)") }
    return (Double(side.proxy.processorTime - before) / 1000 / Double(count), Double(count) / elapsed)
  }

  private func run(_ program: String, _ arguments: [String], in folder: ScratchFolder) throws {
    let process = try ChildProcess(program, arguments, log: "\(folder.path)/\(program).log")
    guard process.end() == 0 else { throw BenchError("\(program) failed: \(process.lastWords)") }
  }
}
