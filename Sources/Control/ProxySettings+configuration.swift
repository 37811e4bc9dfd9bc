import SluiceConfiguration
import SluiceCopying
import SluiceProxy
import SluiceRESP
import SluiceScripts
import SluiceTLS

extension ProxySettings {
  /// The data plane's part of the configuration.
  init(_ configuration: ServeConfiguration) {
    self.init()
    let limits = configuration.limits
    threads = configuration.threads
    self.limits = FrameLimits(
      bulkBytes: limits.frameBytes, arguments: limits.arguments, lineBytes: limits.inlineBytes,
      nesting: limits.nesting)
    backoffInitial = configuration.timeouts.reconnectInitial.nanoseconds
    backoffMaximum = configuration.timeouts.reconnectMax.nanoseconds
    mirrorCommands = configuration.mirror.queueCommands
    mirrorBytes = configuration.mirror.queueBytes
    ttlTolerance = configuration.mirror.ttlTolerance.nanoseconds
    copyHold = configuration.copy.hold.nanoseconds
    copyBounds = CopyBounds(slice: configuration.copy.slice.nanoseconds)
    warmOnMiss = configuration.warmOnMiss
    splitsTransactions = configuration.splitsTransactions
    scriptRules = ScriptRules(configuration.scripts)
    pipeline = limits.pipeline
    clientOutputBytes = limits.clientOutputBytes
    clientStall = limits.clientOutputStall.nanoseconds
    unfinishedCommand = limits.unfinishedCommand.nanoseconds
    clientIdle = limits.clientIdle.nanoseconds
    maximumClients = limits.maxClients
    tlsHandshake = configuration.tls.handshake.nanoseconds
    clientMemory = limits.memory
    idleQuestion = ProxySettings.questionAfter
    fallback =
      switch configuration.fallback {
      case .off: .off
      case .reads: .reads
      case .readsAndWrites: .readsAndWrites
      }
  }
}

extension ProxySettings {
  /// A link that is idle for so long is asked whether anybody is there, in nanoseconds. What drops idle connections waits for minutes.
  private static let questionAfter: Int64 = 5_000_000_000
}

extension StackEndpoint {
  /// - Parameters:
  ///   - memory: the socket of the embedded engine, where the stack has one.
  ///   - layers: the socket of the stack's layers, which stand before its endpoint then, and what they tell of the link behind them.
  ///   - password: how the password of this moment is asked for; nil where it is part of the URL.
  ///   - tls: how TLS is spoken to it; nil where none is.
  init(
    _ stack: StackConfiguration, memory: String?, layers: (socket: String, pulse: StackPulse)?,
    password fresh: (@Sendable () -> String?)?, tls: ClientTLSContext? = nil
  ) {
    let label = "\(stack.endpoint)"
    switch stack.endpoint {
    case .redis(let host, let port, let user, let password, let database, _):
      self.init(
        address: .tcp(host: host, port: port), user: user, password: password?.revealed, database: database,
        label: label)
    case .unix(let path, let user, let password, let database):
      self.init(
        address: .unix(path: path), user: user, password: password?.revealed, database: database, label: label
      )
    case .memory:
      self.init(address: .unix(path: memory ?? ""), label: label)
    }
    self.tls = tls
    passwords = fresh.map { PasswordSource($0) }
    if let layers {
      let database = database
      self = StackEndpoint(address: .unix(path: layers.socket), label: label)
      serverDatabase = database
      pulse = layers.pulse
    }
    connectTimeout = stack.connectTimeout.nanoseconds
    commandTimeout = stack.commandTimeout.nanoseconds
  }
}

extension Duration {
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
