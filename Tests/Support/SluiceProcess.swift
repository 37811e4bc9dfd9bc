import Foundation
import SluiceLoadGenerator
import SluiceRedisClient

/// The real `sluice serve`, on ports that the kernel chose, with a flag file and a ledger of its own.
public final class SluiceProcess {
  /// How it is started.
  public struct Options {
    /// The text of the flag file.
    public var flags = FlagText.make(stage: "off")
    public var threads = 1
    /// What clients must send; nobody is asked if left out.
    public var password: String?
    /// What operators must send; nobody is asked if left out.
    public var controlPassword: String?
    /// The path of the ledger; beside the flag file if left out.
    public var ledger: String?
    /// More of `sluice.yaml`.
    public var yaml = ""
    /// More addresses for clients and for operators, as `tls:127.0.0.1:0`.
    public var listen: [String] = []
    public var control: [String] = []
    /// Where the admin door is, as `127.0.0.1:0`; there is none if left out.
    public var admin: String?
    /// Variables of its environment, put over those of the tests.
    public var environment: [String: String] = [:]
    /// Called with its folder before it starts: `flags/sluice.flagd.json` is there, `sluice.db` not yet.
    public var prepare: (String) throws -> Void = { _ in }
    /// A program that starts it, with its arguments: `["prlimit", "--fsize=0"]`.
    public var launcher: [String] = []

    /// Stage `off`, one thread, no password.
    public init() {}

    /// A stage and a share, every read compared.
    public init(stage: String, percent: Int = 0, threads: Int = 1) {
      flags = FlagText.make(stage: stage, percent: percent)
      self.threads = threads
    }
  }

  /// The process; ``restart()`` gives another one.
  public private(set) var child: Child
  /// Where clients connect.
  public private(set) var port: UInt16 = 0
  /// Where operators connect.
  public private(set) var controlPort: UInt16 = 0
  /// Where clients and operators connect by TLS; 0 where nobody does.
  public private(set) var tlsPort: UInt16 = 0
  public private(set) var controlTLSPort: UInt16 = 0
  /// Where the admin door is; 0 where there is none.
  public private(set) var adminPort: UInt16 = 0
  /// The flag file.
  public let flagsPath: String
  /// The ledger.
  public let ledgerPath: String
  private let folder: ScratchFolder
  private let password: String?
  private let controlPassword: String?
  private let launch: (String) throws -> Child
  private var starts = 1

  /// Starts it and waits until it listens.
  ///
  /// - Parameter legacy: its URL; nil where `options.yaml` names it.
  public init(legacy: String?, new: String, _ options: Options = Options()) throws {
    let folder = try ScratchFolder()
    self.folder = folder
    password = options.password
    controlPassword = options.controlPassword
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/flags", withIntermediateDirectories: false)
    flagsPath = try folder.write("flags/sluice.flagd.json", options.flags)
    ledgerPath = options.ledger ?? "\(folder.path)/sluice.db"
    let configuration = try folder.write("sluice.yaml", options.yaml.isEmpty ? "{}\n" : options.yaml)
    let command =
      options.launcher + [
        try Self.executable(), "serve", "--config", configuration, "--listen", "127.0.0.1:0", "--control",
        "127.0.0.1:0", "--new", new, "--flags", flagsPath, "--ledger", ledgerPath,
        "--threads", "\(options.threads)",
      ] + options.listen.flatMap { ["--listen", $0] } + options.control.flatMap { ["--control", $0] }
      + (legacy.map { ["--legacy", $0] } ?? []) + (options.admin.map { ["--admin", $0] } ?? [])
    var environment = options.environment
    if let password = options.password { environment["SLUICE_PASSWORD"] = password }
    if let password = options.controlPassword { environment["SLUICE_CONTROL_PASSWORD"] = password }
    let variables = environment
    try options.prepare(folder.path)
    launch = { name in
      try Child(command[0], Array(command.dropFirst()), environment: variables, in: folder, name: name)
    }
    child = try launch("sluice-1")
    try readPorts()
  }

  /// Starts it again with the same files, on other ports, after it has ended.
  public func restart() throws {
    starts += 1
    child = try launch("sluice-\(starts)")
    try readPorts()
  }

  /// The start screen tells where it really listens.
  private func readPorts() throws {
    try eventually(within: .seconds(20), "sluice listens: \(child.lastWords)") {
      let (clients, control) = (
        Self.ports(of: "clients", in: child.output), Self.ports(of: "control", in: child.output)
      )
      if let first = clients.plain, let second = control.plain, child.output.contains("  ledger ") {
        (port, controlPort) = (first, second)
        (tlsPort, controlTLSPort) = (clients.tls ?? 0, control.tls ?? 0)
        let page = child.output.split(separator: "\n").first { $0.hasPrefix("  page ") } ?? ""
        adminPort = page.split(separator: ":").last.flatMap { UInt16($0.prefix { $0.isNumber }) } ?? 0
        return true
      }
      guard child.isRunning else { throw TestFailure("it ended") }
      return false
    }
  }

  private static func ports(of line: String, in screen: String) -> (plain: UInt16?, tls: UInt16?) {
    let found = screen.split(separator: "\n").first { $0.hasPrefix("  \(line) ") }
    let words = (found ?? "").split { $0 == " " || $0 == "," }
    func port(_ isIt: (Substring) -> Bool) -> UInt16? {
      words.first { $0.contains(":") && isIt($0) }?.split(separator: ":").last.flatMap { UInt16($0) }
    }
    return (port { !$0.hasPrefix("tls:") }, port { $0.hasPrefix("tls:") })
  }

  /// The binary that was built together with the tests.
  public static func executable() throws -> String {
    var folders: [URL] = []
    if let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
      folders.append(URL(fileURLWithPath: own).deletingLastPathComponent())
    }
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../..").standardized
    folders.append(package.appendingPathComponent(".build/debug"))
    let candidates = folders.map { $0.appendingPathComponent("sluice").path }
    guard let found = candidates.first(where: { access($0, X_OK) == 0 }) else {
      throw TestFailure("there is no sluice at \(candidates.joined(separator: " or ")); run swift build")
    }
    return found
  }

  /// Where clients connect.
  public var endpoint: RedisEndpoint {
    RedisEndpoint(.tcp(host: "127.0.0.1", port: port), password: password)
  }

  /// A connection through the proxy.
  public func client() throws(RedisError) -> RedisClient { try RedisClient(endpoint) }

  /// Asks the control port.
  ///
  /// - Throws: ``TestFailure`` when it answers with an error.
  @discardableResult
  public func control(_ words: String...) throws -> Reply { try control(words) }

  /// Asks the control port.
  ///
  /// - Throws: ``TestFailure`` when it answers with an error.
  @discardableResult
  public func control(_ words: [String]) throws -> Reply {
    let client = try RedisClient(
      RedisEndpoint(.tcp(host: "127.0.0.1", port: controlPort), password: controlPassword))
    let reply = try client.command(words.map { Array($0.utf8) })
    if case .error(let text) = reply { throw TestFailure("\(words.joined(separator: " ")): \(text)") }
    return reply
  }

  /// What `STATUS` says now.
  public func status() throws -> StatusDocument {
    try StatusDocument(try control("STATUS").text ?? "")
  }

  /// The stack that answers for each key, by `WHICH`.
  public func which(_ keys: [String]) throws -> [String] {
    var stacks: [String] = []
    // The control port takes a thousand words at most.
    for start in stride(from: 0, to: keys.count, by: 500) {
      let some = keys[start..<min(start + 500, keys.count)]
      guard case .array(let lines) = try control(["WHICH"] + some) else {
        throw TestFailure("WHICH answered no array")
      }
      stacks += lines.map { line in
        let field = (line.text ?? "").split(separator: " ").first { $0.hasPrefix("primary=") }
        return String(field?.dropFirst("primary=".count) ?? "")
      }
    }
    return stacks
  }

  /// Puts another flag file in the place of the old one by rename, as a careful editor does.
  public func replaceFlags(_ text: String) throws {
    try text.write(toFile: flagsPath, atomically: true, encoding: .utf8)
  }

  /// Ends it by SIGTERM and returns how it ended.
  public func terminate(within limit: Duration = .seconds(10)) throws -> Child.Exit {
    child.send(SIGTERM)
    return try child.wait(within: limit)
  }
}
