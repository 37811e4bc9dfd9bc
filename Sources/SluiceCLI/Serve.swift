import ArgumentParser
import Foundation
import Logging
import SluiceConfiguration
import SluiceControl

/// `sluice serve`.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the proxy.",
    discussion: """
      Without any flag: clients on 127.0.0.1:6400, control on 127.0.0.1:6401, two embedded memory stacks,
      stage off.
      Flags win over the file of --config, which wins over the defaults;
      sluice.example.yaml and docs/configuration.md list every setting.

      Examples:
        sluice serve
        sluice serve --legacy redis://old --new redis://new --ledger sluice.db
        sluice serve --config sluice.yaml --threads 4

      SIGTERM or ctrl-C lets commands in flight finish and ends; a second one ends at once. SIGHUP reads the
      flags file.

      To go back while it runs:
        sluice rollback "why"
        redis-cli -p 6401 ROLLBACK why
      """)

  @Option(help: ArgumentHelp("A sluice.yaml with what is not said here.", valueName: "path"))
  var config: String?

  @Option(
    help: ArgumentHelp("What the cache is called; all its proxies have the same name.", valueName: "name"))
  var service: String?

  @Option(help: ArgumentHelp("What this proxy is called among them.", valueName: "name"))
  var instance: String?

  @Option(
    help: ArgumentHelp(
      "Where clients connect: HOST:PORT, tls:HOST:PORT or unix:/path; may be repeated.", valueName: "address")
  )
  var listen: [String] = []

  @Option(help: ArgumentHelp("Where the control port listens; may be repeated.", valueName: "address"))
  var control: [String] = []

  @Option(
    defaultAsFlag: ServeConfiguration.Admin.usual,
    help: ArgumentHelp(
      "Where browsers and machines find the page, metrics, health and orders by HTTP; without an address: 127.0.0.1:6402.",
      valueName: "address"))
  var admin: String?

  @Option(
    help: ArgumentHelp(
      "A file that says who may come there: a line \"name role hash\" for each (sluice make-token).",
      valueName: "path"))
  var adminTokens: String?

  @Option(
    help: ArgumentHelp(
      "The legacy stack: redis://…, rediss://… (TLS), unix:///path or memory:.", valueName: "url"))
  var legacy: String?

  @Option(
    help: ArgumentHelp(
      "The new stack: redis://…, rediss://… (TLS), unix:///path or memory:.", valueName: "url"))
  var new: String?

  @Option(
    help: ArgumentHelp("A flagd file that holds stage and percentage; it is watched.", valueName: "path"))
  var flags: String?

  @Option(help: ArgumentHelp("A SQLite file for flips, divergences and figures.", valueName: "path"))
  var ledger: String?

  @Option(help: ArgumentHelp("Event loops, 1 to 64.", valueName: "count"))
  var threads: String?

  @Flag(help: "Answer a read that misses on new from legacy, and bring its key over.")
  var warmOnMiss = false

  @Option(
    help: ArgumentHelp(
      "What legacy does for new's keys while new cannot be reached: off, reads or reads_and_writes.",
      valueName: "mode"))
  var fallback: String?

  @Option(help: ArgumentHelp("A file whose first line clients must send by AUTH.", valueName: "path"))
  var passwordFile: String?

  @Option(
    help: ArgumentHelp(
      "A file whose first line operators must send to the control port; not the clients' password.",
      valueName: "path"))
  var controlPasswordFile: String?

  @Flag(help: "Listen to other machines without a password, where none is named.")
  var noAuth = false

  @Option(
    help: ArgumentHelp(
      "The certificate of the addresses that begin with tls:, with its chain, in PEM.", valueName: "path"))
  var tlsCert: String?

  @Option(help: ArgumentHelp("Its private key, in PEM.", valueName: "path"))
  var tlsKey: String?

  @Option(
    help: ArgumentHelp("The CA that must have signed the certificates of clients there.", valueName: "path"))
  var tlsClientCa: String?

  @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
  var logLevel: String?

  @Option(help: ArgumentHelp("text, or json: an object per line.", valueName: "format"))
  var logFormat: String?

  /// The configuration in force.
  /// - Throws: `Failure` with code 78 and every problem.
  func resolved(environment: [String: String]) throws(Failure) -> ServeConfiguration {
    do {
      return try ServeConfiguration.load(file: config, options: options, environment: environment)
    } catch {
      throw Failure(.configuration, error.description)
    }
  }

  /// The same at another time.
  private func again(
    _ file: String, _ environment: [String: String]
  ) -> @Sendable () throws(ConfigurationError) -> ServeConfiguration {
    let options = options
    return { () throws(ConfigurationError) in
      try ServeConfiguration.load(file: file, options: options, environment: environment)
    }
  }

  /// What the flags say.
  private var options: ServeOptions {
    var options = ServeOptions()
    (options.service, options.instance) = (service, instance)
    options.listen = listen
    options.control = control
    options.admin = admin.map { [$0] } ?? []
    options.adminTokens = adminTokens
    options.legacy = legacy
    options.new = new
    options.flags = flags
    options.ledger = ledger
    options.threads = threads
    options.warmOnMiss = warmOnMiss ? true : nil
    options.fallback = fallback
    options.passwordFile = passwordFile
    options.controlPasswordFile = controlPasswordFile
    options.noAuth = noAuth ? true : nil
    options.tlsCertificate = tlsCert
    options.tlsKey = tlsKey
    options.tlsClientCA = tlsClientCa
    (options.logLevel, options.logFormat) = (logLevel, logFormat)
    return options
  }

  /// It was hidden as soon as this process began, but the shell's history and whoever started it have it
  /// still.
  private var passwordsOnTheCommandLine: [String] {
    [("legacy", legacy), ("new", new)].compactMap { name, url in
      guard let url, (try? Endpoint(parsing: url))?.password != nil else { return nil }
      return
        "the password of --\(name) was given on the command line, where others could read it until it was "
        + "overwritten; keep it in a file that stacks.\(name).password_file of a --config names"
    }
  }

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let configuration = try resolved(environment: environment)
    let isJSON = configuration.logFormat == .json
    var logger = Logger(label: "sluice") { _ in LineLogHandler(isJSON: isJSON) }
    logger.logLevel = Logger.Level(rawValue: configuration.logLevel.rawValue) ?? .info
    for warning in configuration.warnings + passwordsOnTheCommandLine { logger.warning("\(warning)") }
    do {
      let service = SluiceService(
        configuration: configuration, logger: logger, reread: config.map { again($0, environment) })
      try await ServeRunner(logger: logger).run(service) { service.reload() }
    } catch {
      throw Failure(.unavailable, Output.printable("\(error)"))
    }
  }
}
