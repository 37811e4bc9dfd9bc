import Foundation
import Yams

extension ServeConfiguration {
  /// The configuration in force: defaults, over them the file, over it the flags; `SLUICE_PASSWORD` and
  /// `SLUICE_CONTROL_PASSWORD` are the passwords if neither names one.
  /// - Parameters:
  ///   - file: the path of a `sluice.yaml`, at most 1 MiB; nil for none.
  ///   - options: what the flags of `serve` say.
  ///   - environment: the variables of the process.
  /// - Throws: `ConfigurationError` with everything that is wrong, not just the first thing.
  public static func load(
    file: String?, options: ServeOptions = ServeOptions(), environment: [String: String] = [:]
  ) throws(ConfigurationError) -> ServeConfiguration {
    var text: String?
    if let file {
      guard let data = FileManager.default.contents(atPath: file) else {
        throw ConfigurationError(problems: [
          ConfigurationProblem(path: file, reason: "cannot be read; check the path and its permissions")
        ])
      }
      guard data.count <= 1 << 20, let read = String(data: data, encoding: .utf8) else {
        throw ConfigurationError(problems: [
          ConfigurationProblem(path: file, reason: "is no UTF-8 text of at most 1mb; name a sluice.yaml")
        ])
      }
      text = read
    }
    return try load(yaml: text, named: file ?? "", options: options, environment: environment)
  }

  /// The same for a text at hand.
  /// - Parameter named: what the file is called in messages about the file as a whole.
  public static func load(
    yaml: String?, named: String = "sluice.yaml", options: ServeOptions = ServeOptions(),
    environment: [String: String] = [:]
  ) throws(ConfigurationError) -> ServeConfiguration {
    let root: Node?
    do {
      root = try yaml.flatMap { try Yams.compose(yaml: $0) }
    } catch {
      throw ConfigurationError(problems: [ConfigurationProblem(yamlError: error, file: named)])
    }
    var configuration = ServeConfiguration()
    var top = Section(root, path: "")
    configuration.read(&top, environment: environment)
    top.refuseUnknownKeys()
    var problems = top.problems
    problems += configuration.apply(options)
    for (variable, door) in [
      ("SLUICE_PASSWORD", \ServeConfiguration.password), ("SLUICE_CONTROL_PASSWORD", \.controlPassword),
    ] {
      guard let password = environment[variable], !password.isEmpty else { continue }
      if configuration[keyPath: door] == nil {
        configuration[keyPath: door] = Secret(password)
      } else {
        let reason = "is set although a password file is named; keep one of the two"
        problems.append(ConfigurationProblem(path: variable, reason: reason))
      }
    }
    problems += configuration.contradictions(options)
    guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
    return configuration
  }

  /// Puts the flags over what is there; returns what is wrong with them.
  private mutating func apply(_ options: ServeOptions) -> [ConfigurationProblem] {
    var problems: [ConfigurationProblem] = []
    func take<T>(_ flag: String, _ text: String?, _ parse: (String) throws(ValueError) -> T) -> T? {
      guard let text else { return nil }
      do { return try parse(text) } catch {
        problems.append(ConfigurationProblem(path: flag, reason: error.reason))
        return nil
      }
    }
    func addresses(_ flag: String, _ texts: [String]) -> [Address]? {
      texts.isEmpty ? nil : texts.compactMap { take(flag, $0, Address.init(parsing:)) }
    }
    service = take("--service", options.service, ValueParsers.name) ?? service
    instance = take("--instance", options.instance, ValueParsers.name) ?? instance
    listen = addresses("--listen", options.listen) ?? listen
    control = addresses("--control", options.control) ?? control
    admin.listen = addresses("--admin", options.admin) ?? admin.listen
    admin.tokensFile = take("--admin-tokens", options.adminTokens, ValueParsers.path) ?? admin.tokensFile
    threads = take("--threads", options.threads, Self.threadsParser) ?? threads
    fallback = take("--fallback", options.fallback, ValueParsers.fallback) ?? fallback
    stacks.legacy.endpoint =
      take("--legacy", options.legacy, Endpoint.init(parsing:)) ?? stacks.legacy.endpoint
    stacks.new.endpoint = take("--new", options.new, Endpoint.init(parsing:)) ?? stacks.new.endpoint
    // The flag's URL has its own password, or none.
    if options.legacy != nil { stacks.legacy.passwordFile = nil }
    if options.new != nil { stacks.new.passwordFile = nil }
    flags.path = take("--flags", options.flags, ValueParsers.path) ?? flags.path
    ledger.path = take("--ledger", options.ledger, ValueParsers.path) ?? ledger.path
    warmOnMiss = options.warmOnMiss ?? warmOnMiss
    if let file = take("--password-file", options.passwordFile, PasswordFile.named) {
      (passwordFile, password) = file
    }
    if let file = take("--control-password-file", options.controlPasswordFile, PasswordFile.named) {
      (controlPasswordFile, controlPassword) = file
    }
    allowsNoPassword = options.noAuth ?? allowsNoPassword
    tls.certificate = take("--tls-cert", options.tlsCertificate, ValueParsers.path) ?? tls.certificate
    tls.key = take("--tls-key", options.tlsKey, ValueParsers.path) ?? tls.key
    tls.clientCA = take("--tls-client-ca", options.tlsClientCA, ValueParsers.path) ?? tls.clientCA
    logLevel = take("--log-level", options.logLevel, ValueParsers.logLevel) ?? logLevel
    logFormat =
      take("--log-format", options.logFormat, ValueParsers.choice("is no format of the log")) ?? logFormat
    return problems
  }
}

extension ConfigurationProblem {
  /// Yams's own description quotes the line, which may hold a password; only its sentence and place are used.
  init(yamlError error: any Error, file: String) {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      self.init(
        path: file, reason: "is not valid YAML: \(problem); check indentation and quotes", line: mark.line)
    case .duplicatedKeysInMapping(let names, let context):
      let reason = "has a key twice: \(names.joined(separator: ", ")); keep one of them"
      self.init(path: file, reason: reason, line: context.mark.line)
    default:
      self.init(path: file, reason: "is not valid YAML; check indentation and quotes")
    }
  }
}
