import Foundation
import SluiceLoadGenerator
import SluiceRedisClient

/// One trial: the same keys, copied and compared by each side in turn.
struct WalkRun {
  let trial: WalkTrial
  let sluice: String
  let base: String?
  let servers: String
  let keys: Int
  let clientRate: Int
  let folder: ScratchFolder

  private enum Side: String, CaseIterable {
    case migrate = "MIGRATE … COPY, 100 keys a call"
    case warm = "warm"
    case baseWarm = "warm, base"
    case verify = "verify"
    case baseVerify = "verify, base"
    case migrateBesideClient = "MIGRATE … COPY beside a client"
    case warmBesideClient = "warm beside a client"

    /// A walk that leaves room for a client is held against one that has the same client beside it.
    var comparedWith: Side {
      switch self {
      case .verify, .baseVerify: .baseVerify
      case .migrateBesideClient, .warmBesideClient: .migrateBesideClient
      case .migrate, .warm, .baseWarm: .migrate
      }
    }
  }

  func measure(rounds: Int) throws -> WalkReport {
    let legacy = try server(trial.from, "legacy")
    // `MIGRATE` goes to a server of the same version: to others it does not go at all.
    let (new, twin) = (try server(trial.to, "new"), try server(trial.from, "twin"))
    try fill(legacy)
    var report = WalkReport(
      trial: trial.name, what: trial.what, servers: "\(trial.from) → \(trial.to)", keys: keys, sides: [])
    var rates: [Side: [Double]] = [:]
    for round in 0..<rounds {
      for side in order(round) {
        let name = "\(trial.name)-\(round)"
        switch side {
        case .migrate: rates[side, default: []].append(try migrate(legacy, to: twin))
        case .warm:
          let (warm, verify) = try walk(sluice, legacy, new, "\(name)-sluice")
          rates[.warm, default: []].append(warm)
          rates[.verify, default: []].append(verify)
        case .baseWarm:
          guard let base, trial.from == trial.to else { continue }
          let (warm, verify) = try walk(base, legacy, new, "\(name)-base")
          rates[.baseWarm, default: []].append(warm)
          rates[.baseVerify, default: []].append(verify)
        case .warmBesideClient:
          guard clientRate > 0 else { continue }
          let (migrate, warm) = try walksBesideClient(
            legacy, new, twin, "\(name)-client", migrateIsFirst: round % 2 == 0, &report)
          rates[.migrateBesideClient, default: []].append(migrate)
          rates[.warmBesideClient, default: []].append(warm)
        case .verify, .baseVerify, .migrateBesideClient: continue
        }
        FileHandle.standardError.write(Data("\(trial.name) \(round + 1)/\(rounds) \(side.rawValue)\n".utf8))
      }
    }
    for side in Side.allCases {
      guard let own = rates[side] else { continue }
      let others = rates[side.comparedWith] ?? []
      report.sides.append(
        WalkReport.Side(
          name: side.rawValue, rates: own, ratios: zip(own, others).map { $0 / $1 },
          comparedWith: side.comparedWith.rawValue))
    }
    withExtendedLifetime((legacy, new, twin)) {}
    return report
  }

  private func order(_ round: Int) -> [Side] {
    let sides: [Side] = [.migrate, .warm, .baseWarm, .warmBesideClient]
    return Array(sides[(round % sides.count)...] + sides[..<(round % sides.count)])
  }

  private func server(_ program: String, _ name: String) throws -> LocalServer {
    let path = program == "redis-server" ? program : "\(servers)/\(program)"
    guard ChildProcess.find(path) != nil else {
      throw BenchError("there is no \(path): run scripts/install-servers, or name its folder with --servers")
    }
    return try LocalServer.redis(path, in: folder, name: "\(trial.name)-\(name)")
  }

  // MARK: Keys

  private func name(_ number: Int) -> [UInt8] { Array("walk:\(number)".utf8) }

  private func fill(_ server: LocalServer) throws {
    let client = try server.client()
    let filler = [UInt8](repeating: UInt8(ascii: "x"), count: 90)
    var commands = FramedCommands()
    for number in 0..<keys {
      let text = String(number)
      let own = Array((String(repeating: "0", count: 10 - min(10, text.utf8.count)) + text).utf8)
      if trial.areStrings {
        commands.begin(words: 3)
        commands.word("SET")
        commands.word(name(number))
        commands.word(own + filler)
      } else {
        commands.begin(words: 12)
        commands.word("HSET")
        commands.word(name(number))
        for field in 0..<5 {
          commands.word(Array("f\(field)".utf8))
          commands.word(own + own)
        }
      }
      if commands.count == 1000 || number == keys - 1 {
        try client.append(commands)
        for _ in 0..<commands.count { try client.withReply { _ in } }
        commands.removeAll()
      }
    }
  }

  private func empty(_ server: LocalServer) throws { _ = try server.client().command("FLUSHALL") }

  private func expectAll(on server: LocalServer, _ who: String) throws {
    guard try server.client().command("DBSIZE") == .integer(Int64(keys)) else {
      throw BenchError("\(who) has not brought over all \(keys) keys")
    }
  }

  // MARK: Sides

  private func migrate(_ legacy: LocalServer, to twin: LocalServer) throws -> Double {
    try empty(twin)
    let client = try legacy.client()
    let before = MonotonicClock.now()
    var start = 0
    while start < keys {
      let end = min(start + 100, keys)
      let words =
        ["MIGRATE", "127.0.0.1", "\(twin.port)", "", "0", "10000", "COPY", "KEYS"].map { Array($0.utf8) }
        + (start..<end).map(name)
      let answer = try client.command(words)
      guard answer == .status("OK") else { throw BenchError("MIGRATE: \(answer.text ?? "")") }
      start = end
    }
    let rate = rate(since: before)
    try expectAll(on: twin, "MIGRATE")
    return rate
  }

  private func rate(since before: UInt64) -> Double {
    Double(keys) / (Double(MonotonicClock.now() - before) / 1e9)
  }

  private func proxy(_ executable: String, _ legacy: LocalServer, _ new: LocalServer, _ name: String) throws
    -> SluiceProcess
  {
    try empty(new)
    let proxy = try SluiceProcess.start(
      executable, legacy: legacy.endpoint, new: new.endpoint, in: folder, name: name, comparing: false)
    try proxy.order("STAGE", "dualwrite")
    return proxy
  }

  /// Keys a second of a warm-up into an empty new, and of the verification behind it.
  private func walk(_ executable: String, _ legacy: LocalServer, _ new: LocalServer, _ name: String) throws
    -> (warm: Double, verify: Double)
  {
    let proxy = try proxy(executable, legacy, new, name)
    defer { proxy.server.process.stop() }
    let warm = try time(executable, "warm", proxy, name)
    try expectAll(on: new, "warm")
    return (warm, try time(executable, "verify", proxy, name))
  }

  private func time(_ executable: String, _ command: String, _ proxy: SluiceProcess, _ name: String) throws
    -> Double
  {
    let before = MonotonicClock.now()
    let process = try ChildProcess(
      executable, [command, "--json", "--control", proxy.controlAddress],
      log: "\(folder.path)/\(name)-\(command).log")
    while process.isRunning { usleep(1000) }
    let rate = rate(since: before)
    let said = try String(contentsOfFile: process.log, encoding: .utf8)
    guard said.contains(#""complete": true"#) || said.contains(#""complete" : true"#) else {
      throw BenchError("\(command) has not come to its end: \(process.lastWords)")
    }
    return rate
  }

  /// Keys a second of `MIGRATE` and of a warm-up, each while the same client of the same proxy goes on, and how long that client waits
  /// without them and beside each.
  private func walksBesideClient(
    _ legacy: LocalServer, _ new: LocalServer, _ twin: LocalServer, _ name: String, migrateIsFirst: Bool,
    _ report: inout WalkReport
  ) throws -> (migrate: Double, warm: Double) {
    let proxy = try proxy(sluice, legacy, new, name)
    defer { proxy.server.process.stop() }
    let quiet = try PacedClient(proxy.server.endpoint, rate: clientRate)
    usleep(2_500_000)
    report.quietP99.append(try quiet.finish())
    func beside(_ walk: () throws -> Double) throws -> (rate: Double, p99: Double) {
      let busy = try PacedClient(proxy.server.endpoint, rate: clientRate)
      let rate = try walk()
      return (rate, try busy.finish())
    }
    var migrated = (rate: 0.0, p99: 0.0)
    if migrateIsFirst { migrated = try beside { try migrate(legacy, to: twin) } }
    let warmed = try beside { try time(sluice, "warm", proxy, name) }
    if !migrateIsFirst { migrated = try beside { try migrate(legacy, to: twin) } }
    report.migrateP99.append(migrated.p99)
    report.walkP99.append(warmed.p99)
    return (migrated.rate, warmed.rate)
  }
}
