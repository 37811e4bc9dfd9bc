import Foundation
import Logging
import NIOPosix
import ServiceLifecycle
import SluiceBuild
import SluiceCommands
import SluiceConfiguration
import SluiceFlags
import SluiceJournal
import SluiceLedger
import SluiceLocks
import SluiceMemoryServer
import SluiceProxy
import SluiceRouting

/// A whole proxy as a service: starts everything in order, runs until it is told to shut down, drains, and leaves a clean
/// run in the ledger.
public final class SluiceService: Service {
  /// Of this build.
  public static let version = Build.version

  let configuration: ServeConfiguration
  let logger: Logger
  private let passwords: PasswordKeepers
  private let access: AccessKeeper
  private let proxy = Mutex<ProxyServer?>(nil)
  private let started = Date()
  private let health = HealthBoard()
  /// Passwords that were tried at the control port.
  private let tls = Mutex<TLSKeepers?>(nil)
  private let operatorGuesses = PasswordGuesses()
  /// Tokens that were tried at the admin door.
  let visitorGuesses = PasswordGuesses()
  /// The admin door, once it is open, and who may come there.
  let door = Mutex<AdminEntrance?>(nil)
  private let follower = Mutex<FlagFollower?>(nil)

  /// - Parameter reread: reads the configuration again, where it stands in a file; users and their rules are taken from it by `reload`.
  public init(
    configuration: ServeConfiguration, logger: Logger,
    reread: (@Sendable () throws(ConfigurationError) -> ServeConfiguration)? = nil
  ) {
    self.configuration = configuration
    self.logger = logger
    access = AccessKeeper(configuration, reread, logger: logger)
    passwords = PasswordKeepers(configuration, logger: logger)
  }

  /// Reads the flag file now; for SIGHUP. The log says what came of it, once it is in force.
  public func reload() {
    let follower = follower.withLock { $0 }
    if follower == nil { logger.notice("SIGHUP: no flags to read, they are kept in memory") }
    Task { [self] in
      _ = await readFiles()
      guard let follower else { return }
      // A refusal is in the log already.
      if let answer = try? await follower.reload(allowReshuffle: false) {
        logger.notice("SIGHUP: \(answer.dropFirst(3))")
      }
    }
  }

  /// Reads what passwords, certificates and users stand in; whoever could not be reached is tried with them at once. Returns when other
  /// rules are in force in every lane.
  ///
  /// - Returns: what cannot be used, one sentence each.
  private func readFiles() async -> [String] {
    passwords.read()
    var problems = tls.withLock { $0 }?.read() ?? []
    problems += await door.withLock({ $0 })?.readFiles() ?? []
    let proxy = proxy.withLock { $0 }
    proxy?.connectNow()
    let (list, wrong) = access.read()
    if let list { await proxy?.takeUp(list) }
    return problems + wrong
  }

  /// Serves until graceful shutdown is asked for.
  ///
  /// - Throws: `ServeError` if an address cannot be opened; `FlagError` only if the built-in flags are broken.
  public func run() async throws {
    let files = try OpenFiles.prepare(configuration)
    let tls = try TLSKeepers(configuration, logger: logger)
    self.tls.withLock { $0 = tls }
    if let shortage = files.shortage { logger.warning("\(shortage)") }
    let (ledger, ledgerError) = try openLedger()
    let (journal, journalError) = try openJournal(behind: ledger?.before)
    let fetcher = FlagFetcher(configuration, logger: logger)
    try await fetcher?.first()
    let start = try FlagStart(
      path: configuration.flags.path, environment: ProcessInfo.processInfo.environment,
      remembered: journal?.remembered, allowReshuffle: configuration.flags.allowReshuffle)
    // What was in force before; what is wanted now is a flip from there.
    let routing = start.past ?? start.snapshot
    let damage = journal.flatMap { announceSuspects(of: $0, in: start.before == nil ? nil : routing) }
    announce(start, journal)
    let memories = try await startMemories()
    var settings = ProxySettings(configuration)
    settings.maximumClients = files.maxClients
    settings.password = passwords.clients
    settings.access = access.list
    let stacks = configuration.stacks
    let layers = try await LayeredStacks.start(
      configuration, memories: memories.sockets, passwords: passwords, tls: tls, ledger: ledger,
      journal: journal, logger: logger)
    let (healthChanges, tellHealth) = AsyncStream.makeStream(
      of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let proxy = try await ProxyServer(
      settings,
      legacy: StackEndpoint(
        stacks.legacy, memory: memories.sockets[.legacy], layers: layers.door(of: .legacy),
        password: passwords[.legacy], tls: tls[.legacy]),
      new: StackEndpoint(
        stacks.new, memory: memories.sockets[.new], layers: layers.door(of: .new), password: passwords[.new],
        tls: tls[.new]),
      routing: routing, journal: journal, isContinued: start.before != nil,
      report: reporter(to: ledger) { tellHealth.yield() })
    self.proxy.withLock { $0 = proxy }
    let messenger = Messenger(configuration, version: SluiceService.version, ledger, logger: logger)
    let cutover = Cutover(
      proxy: proxy, layers: layers, settings: settings, health: health, start: start,
      memory: Cutover.Memory(journal, error: journalError), ledger: ledger, ledgerError: ledgerError,
      messenger: messenger, tellsKeys: !configuration.ledger.hashKeys, flagSet: configuration.service ?? "",
      logger: logger)
    await messenger.begin()
    await cutover.begin(start, ledger?.before)
    let follower = follow(start, cutover)
    Task { for await _ in healthChanges { await cutover.considerFallback() } }
    let doors = Mutex<StatusReport.Doors>(.init())
    let status: @Sendable (Int) async -> StatusReport = { [self] in
      var report = await report(
        cutover, proxy, ledger, ledgerError, (journal, journalError, damage), doors.withLock { $0 }, files,
        askedWithin: $0)
      report.telling = await messenger.status
      if let fetcher {
        report.flags.url = configuration.flags.source?.description
        (report.flags.fetched_at, report.flags.fetch_error) = (await fetcher.fetched, await fetcher.error)
      }
      return report
    }
    let desk = ControlDesk(
      cutover: cutover, follower: follower, status: { await status(0) },
      password: passwords.control,
      readFiles: { [self] in await readFiles() },
      guesses: operatorGuesses)
    let control: ControlServer
    let admin: AdminEntrance?
    let listening: [Address]
    do {
      // The way back opens before the way in.
      let notes = LimitNotes(logger)
      control = try await ControlServer.start(on: configuration.control, desk: desk, tls: tls) {
        notes.refusedByTLS($0, $1, door: "the control port", client: $2?.ipAddress ?? "somebody")
      }
      do {
        admin = try await openDoor(desk, cutover, proxy, { await status(5) }, tls, notes)
        do {
          listening = try await listen(proxy, tls)
        } catch {
          await admin?.stop()
          throw error
        }
      } catch {
        await control.stop()
        throw error
      }
    } catch {
      await proxy.stop()
      await layers.stop()
      await memories.stop()
      follower?.stop()
      ledger?.close(clean: false)
      throw error
    }
    doors.withLock {
      $0 = .init(listen: listening, control: control.addresses, admin: admin?.addresses ?? [])
    }
    follower?.run()
    await fetcher?.run()
    let stage = await cutover.describe()
    let screen = StartupScreen.render(
      configuration, version: SluiceService.version, listening: listening, control: control.addresses,
      admin: admin?.addresses ?? [],
      stage: stage.replacing("stage ", with: "") + (start.rollback == nil ? "" : " (ROLLED BACK)"),
      servers: (met(.legacy, proxy), met(.new, proxy)),
      flagsError: start.error, isRemembered: start.isRemembered, ledgerError: ledgerError,
      warnings: [files.shortage, tls.outlook()].compactMap(\.self) + Lookout.clocks(proxy, configuration)
        + Lookout.hidden(proxy, configuration.stacks))
    FileHandle.standardOutput.write(Data(screen.utf8))
    let supervisor = Supervisor(environment: ProcessInfo.processInfo.environment)
    supervisor?.ready(stage)
    let lanes = configuration.threads
    let watched = Task { await supervisor?.watch { await proxy.health().count == lanes } }

    await untilShutdown(
      cutover,
      Lookout(
        proxy: proxy, journal: journal, control: operatorGuesses, visitors: visitorGuesses,
        configuration: configuration,
        tls: tls, logger: logger), proxy
    ) {
      await messenger.tick { TelemetryMetrics.all(await status(5), await cutover.evidence.total) }
    }

    logger.notice("draining")
    watched.cancel()
    supervisor?.stopping()
    follower?.stop()
    await fetcher?.stop()
    await proxy.drain(
      deadline: configuration.drainDeadline.nanoseconds, lastWords: { await cutover.finish() })
    await control.stop()
    await admin?.stop()
    await layers.stop()
    await memories.stop()
    await messenger.finish()
    ledger?.close(clean: true)
    logger.notice("stopped")
  }

  /// What the screen says of a stack: who it is, or why it is not there; nil while neither is known.
  private func met(_ stack: StackID, _ proxy: ProxyServer) -> String? {
    health[stack].health.reason.map { "DOWN: \($0)" } ?? proxy.facts(of: stack)?.name
  }

  /// Lets the guardrails look ten times a second and collects figures once, until the service is told to end.
  private func untilShutdown(
    _ cutover: Cutover, _ lookout: Lookout, _ proxy: ProxyServer,
    eachSecond: @Sendable @escaping () async -> Void
  ) async {
    let period = Double(configuration.ledger.figuresInterval.nanoseconds) / 1e9
    await cancelWhenGracefulShutdown {
      var lookout = lookout
      var memory = MemoryReturn()
      for count in 1... {
        try? await ContinuousClock().sleep(for: .milliseconds(100))
        if Task.isCancelled { return }
        await cutover.watch()
        guard count % 10 == 0 else { continue }
        await cutover.tick(writeEvery: period)
        lookout.tick()
        await eachSecond()
        memory.look(at: proxy.takeClientWeight())
      }
    }
  }

  // MARK: Parts

  private struct Memories {
    var group: MultiThreadedEventLoopGroup?
    var servers: [MemoryServer] = []
    var sockets: [StackID: String] = [:]

    func stop() async {
      for server in servers { await server.stop() }
      try? await group?.shutdownGracefully()
    }
  }

  /// The embedded engines, one loop for both: they are for trying out and for tests.
  private func startMemories() async throws -> Memories {
    var memories = Memories()
    for (id, stack) in [(StackID.legacy, configuration.stacks.legacy), (.new, configuration.stacks.new)] {
      guard case .memory(let maxBytes) = stack.endpoint else { continue }
      let group = memories.group ?? MultiThreadedEventLoopGroup(numberOfThreads: 1)
      memories.group = group
      do {
        let server = try await MemoryServer.start(maxBytes: maxBytes, on: group)
        memories.servers.append(server)
        memories.sockets[id] = server.socketPath
      } catch {
        throw ServeError.cannotStartMemory(error)
      }
    }
    return memories
  }

  private func follow(_ start: FlagStart, _ cutover: Cutover) -> FlagFollower? {
    guard let file = start.file else { return nil }
    let follower = FlagFollower(
      file, start, allowReshuffle: configuration.flags.allowReshuffle, cutover)
    self.follower.withLock { $0 = follower }
    return follower
  }

  private func listen(_ proxy: ProxyServer, _ tls: TLSKeepers) async throws -> [Address] {
    var opened: [Address] = []
    for address in configuration.listen {
      do {
        switch address {
        case .tcp(let host, let port):
          let local = try await proxy.listen(.tcp(host: host, port: port))
          opened.append(.tcp(host: host, port: local.port ?? port))
        case .tls(let host, let port):
          let local = try await proxy.listen(.tcp(host: host, port: port), tls: tls.clients)
          opened.append(.tls(host: host, port: local.port ?? port))
        case .unix(let path):
          try UnixSocket.requireFree(path)
          _ = try await proxy.listen(.unix(path: path))
          opened.append(address)
        }
      } catch {
        throw ServeError.cannotListen(address, option: "--listen", error)
      }
    }
    return opened
  }

  private func reporter(
    to ledger: Ledger?, healthChanged: @escaping @Sendable () -> Void
  ) -> @Sendable (ProxyEvent) -> Void {
    let health = health
    let logger = logger
    let notes = LimitNotes(logger)
    let previews = configuration.ledger.previewBytes > 0
    let stacks = configuration.stacks
    return { event in
      switch event {
      case .health(let stack, let state, let lane):
        guard let change = health.changed(stack, lane: lane, to: state) else { return }
        healthChanged()
        let endpoint = stack == .legacy ? stacks.legacy.endpoint : stacks.new.endpoint
        if let reason = change.reason {
          logger.error("stack \(stack.name) (\(endpoint)) is down: \(reason)")
          ledger?.record(ErrorSample(at: Date(), stack: stack, kind: .unreachable, message: reason))
        } else {
          logger.notice("stack \(stack.name) (\(endpoint)) is \(change.name)")
        }
      case .divergence(let divergence):
        ledger?.record(DivergenceSample(divergence, previews: previews))
      case .trouble(let stack, let command, let words):
        health.said(words, to: CommandTable.shared.name(of: command), by: stack)
        ledger?.record(
          ErrorSample(at: Date(), stack: stack, kind: .trouble, command: command, message: words))
      case .memoryIsShort(let client, let held, let limit):
        notes.memoryIsShort(client: client, held: held, limit: limit)
      case .turnedAwayByAddress(let address, let maximum):
        notes.turnedAway(address: address, maximum: maximum)
      case .turnedAway(let maximum): notes.turnedAway(maximum: maximum)
      case .refusedByTLS(let reason, let words, let client):
        notes.refusedByTLS(reason, words, door: "clients", client: client)
      case .notAccepted(let errno): notes.notAccepted(errno: errno)
      }
    }
  }

  private func report(
    _ cutover: Cutover, _ proxy: ProxyServer, _ ledger: Ledger?, _ ledgerError: String?,
    _ journal: (files: SuspectJournal?, error: String?, damage: String?),
    _ doors: StatusReport.Doors,
    _ files: OpenFiles, askedWithin seconds: Int
  ) async -> StatusReport {
    await cutover.refresh()
    // First what is in force: what the lanes say then is of a time at which it was.
    let standing = await cutover.standing(cutover.surroundings(askedWithin: seconds))
    var report = await StatusReport(
      cutover, standing, lanes: proxy.health(), layers: cutover.layers.status(), health: health,
      configuration: configuration, started: started,
      doors: doors, ledger: ledger?.health(), ledgerError: ledgerError,
      journal: StatusReport.Journal(journal.files, error: journal.error, damage: journal.damage))
    report.lookAround(proxy, operatorGuesses, visitorGuesses, configuration)
    report.remember(standing.memory)
    report.tls = tls.withLock { $0 }?.status
    report.clients.max = files.maxClients
    report.clients.max_reason = files.shortage
    report.clients.turned_away = proxy.turnedAway
    report.clients.turned_away_by_address = proxy.turnedAwayByAddress
    report.access = access.status
    return report
  }
}
