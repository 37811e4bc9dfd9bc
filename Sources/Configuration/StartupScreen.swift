/// What `sluice serve` shows once it listens: the way back first, then what stands where and how to look.
public enum StartupScreen {
  /// Renders the screen; no password is in it.
  /// - Parameters:
  ///   - configuration: what is in force.
  ///   - version: of Sluice.
  ///   - listening: where clients really connect, with the ports that the kernel chose; empty means as
  ///     configured.
  ///   - control: where the control port really listens; empty means as configured.
  ///   - admin: where the page really is; empty means as configured.
  ///   - stage: the stage in force, with its percentage where it has one: `live, 25 %`.
  ///   - flagsError: why the flag file is not used; nil if it is, or if there is none.
  ///   - servers: what the servers behind legacy and new have said they are: `Redis 7.0.15`, or why one is not there: `DOWN: …`; nil where neither is known yet.
  ///   - isRemembered: whether what was in force before the start stays in its place.
  ///   - ledgerError: the same of the ledger.
  ///   - warnings: what was found besides those of the configuration.
  public static func render(
    _ configuration: ServeConfiguration, version: String, listening: [Address] = [], control: [Address] = [],
    admin: [Address] = [], stage: String, servers: (legacy: String?, new: String?) = (nil, nil),
    flagsError: String? = nil,
    isRemembered: Bool = false, ledgerError: String? = nil,
    warnings: [String] = []
  ) -> String {
    let control = control.isEmpty ? configuration.control : control
    let listening = listening.isEmpty ? configuration.listen : listening
    let option = control.first.map(optionIfNeeded) ?? ""
    let login = configuration.controlPassword == nil ? "" : " --askpass"
    var lines = [
      "Sluice \(version)\(name(configuration))",
      "",
      "  ROLL BACK    sluice rollback\(option) \"why\"",
    ]
    if let address = control.first {
      lines.append("               \(redisCLI(address))\(login) ROLLBACK why")
      lines.append("  look         sluice status\(option)")
      lines.append("               \(redisCLI(address))\(login) STATUS")
    }
    let admin = admin.isEmpty ? configuration.admin.listen : admin
    if let page = admin.lazy.compactMap(page).first {
      lines.append("  page         \(page)\(configuration.admin.tokensFile == nil ? "" : ", with token")")
    }
    let flags = configuration.flags.path ?? "embedded defaults, kept in memory"
    let ledger = configuration.ledger.path ?? "none (--ledger sluice.db keeps one)"
    let instead =
      isRemembered
      ? "what was in force before stays until it is right"
      : "every key is answered by legacy until it is right"
    lines += [
      "",
      "  clients      \(joined(listening))\(configuration.password == nil ? "" : ", with password")\(others(configuration))",
      "  control      \(joined(control))\(configuration.controlPassword == nil ? "" : ", with password")",
      "  legacy       \(configuration.stacks.legacy)\(servers.legacy.map { ", \($0)" } ?? "")",
      "  new          \(configuration.stacks.new)\(servers.new.map { ", \($0)" } ?? "")",
      "  stage        \(stage)",
      "  flags        \(flags)\(unused(flagsError, instead))",
      "  ledger       \(ledger)\(unused(ledgerError, "no evidence is kept"))",
    ]
    lines += (configuration.warnings + warnings).map { "  WARNING      \($0)" }
    return lines.map(TerminalText.line).joined(separator: "\n") + "\n"
  }

  /// The reason may quote a file: what a terminal would obey is left out.
  private static func unused(_ reason: String?, _ means: String) -> String {
    guard let reason else { return "" }
    let plain = reason.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : String($0) }
    return ", NOT USED, \(means): \(plain.joined())"
  }

  private static func name(_ configuration: ServeConfiguration) -> String {
    let names = [configuration.service, configuration.instance].compactMap(\.self)
    return names.isEmpty ? "" : ", \(names.joined(separator: " / "))"
  }

  private static func others(_ configuration: ServeConfiguration) -> String {
    configuration.users.isEmpty
      ? "" : ", users \(configuration.users.map(\.access.name).joined(separator: " "))"
  }

  private static func joined(_ addresses: [Address]) -> String {
    addresses.map(\.description).joined(separator: ", ")
  }

  /// What a browser is told; nil for a unix socket.
  private static func page(_ address: Address) -> String? {
    func host(_ host: String) -> String {
      host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "[::1]" : Address.bracketed(host)
    }
    switch address {
    case .tcp(let name, let port): return "http://\(host(name)):\(port)/"
    case .tls(let name, let port): return "https://\(host(name)):\(port)/"
    case .unix: return nil
    }
  }

  /// The command line tool finds the default address by itself.
  private static func optionIfNeeded(_ address: Address) -> String {
    address == ServeConfiguration().control.first ? "" : " --control \(address)"
  }

  private static func redisCLI(_ address: Address) -> String {
    switch address {
    case .tcp(let host, let port):
      host == "127.0.0.1" || host == "0.0.0.0" ? "redis-cli -p \(port)" : "redis-cli -h \(host) -p \(port)"
    case .tls(let host, let port):
      "redis-cli --tls -h \(host == "0.0.0.0" ? "127.0.0.1" : host) -p \(port)"
    case .unix(let path): "redis-cli -s \(path)"
    }
  }
}
