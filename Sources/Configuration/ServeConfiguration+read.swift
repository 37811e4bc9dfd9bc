import Yams

extension ServeConfiguration {
  static var threadsParser: (String) throws(ValueError) -> Int { ValueParsers.whole(1...64) }

  /// Reads the whole file; a key that is absent or wrong leaves its default.
  mutating func read(_ top: inout Section, environment: [String: String]) {
    service = top.value("service", ValueParsers.name) ?? service
    instance = top.value("instance", ValueParsers.name) ?? instance
    listen = top.values("listen", Address.init(parsing:)) ?? listen
    control = top.values("control", Address.init(parsing:)) ?? control
    readAdmin(&top)
    threads = top.value("threads", Self.threadsParser) ?? threads
    fallback = top.value("fallback", ValueParsers.fallback) ?? fallback
    read(&top, "timeouts") { $0.timeouts.read(&$1) }
    stacks.legacy.inherit(timeouts)
    stacks.new.inherit(timeouts)
    read(&top, "stacks") {
      $0.stacks.legacy.read(&$1, "legacy", environment: environment)
      $0.stacks.new.read(&$1, "new", environment: environment)
    }
    read(&top, "flags") {
      $0.flags.path = $1.value("path", ValueParsers.path)
      $0.flags.allowReshuffle = $1.value("allow_reshuffle", ValueParsers.bool) ?? false
      $0.flags.source = $1.value("url", Receiver.url)
      $0.flags.interval =
        $1.value("interval", ValueParsers.duration(.milliseconds(100) ... .seconds(3600)))
        ?? $0.flags.interval
      $0.flags.authorization = $1.value("authorization_file", PasswordFile.read)
      $0.flags.tls.ca = $1.value("ca", ValueParsers.path)
    }
    read(&top, "ledger") { $0.ledger.read(&$1) }
    read(&top, "mirror") {
      $0.mirror.queueCommands =
        $1.value("queue_commands", ValueParsers.whole(1...10_000_000)) ?? $0.mirror.queueCommands
      $0.mirror.queueBytes =
        $1.value("queue_bytes", ValueParsers.size(64 << 10...64 << 30)) ?? $0.mirror.queueBytes
      $0.mirror.ttlTolerance =
        $1.value("ttl_tolerance", ValueParsers.duration(.zero ... .seconds(3600))) ?? $0.mirror.ttlTolerance
    }
    read(&top, "copy") {
      $0.copy.slice =
        $1.value("slice", ValueParsers.duration(.milliseconds(1) ... .seconds(1))) ?? $0.copy.slice
      $0.copy.hold = $1.value("hold", ValueParsers.duration(.zero ... .seconds(10))) ?? $0.copy.hold
    }
    warmOnMiss = top.value("warm_on_miss", ValueParsers.bool) ?? warmOnMiss
    read(&top, "transactions") {
      $0.splitsTransactions = $1.value("split", ValueParsers.bool) ?? $0.splitsTransactions
    }
    readScripts(&top)
    read(&top, "limits") { $0.limits.read(&$1) }
    read(&top, "auth") {
      if let file = $1.value("password_file", PasswordFile.named) { ($0.passwordFile, $0.password) = file }
      if let file = $1.value("control_password_file", PasswordFile.named) {
        ($0.controlPasswordFile, $0.controlPassword) = file
      }
      $0.allowsNoPassword = $1.value("allow_none", ValueParsers.bool) ?? false
    }
    readUsers(&top)
    read(&top, "tls") { $0.tls.read(&$1) }
    read(&top, "drain") {
      $0.drainDeadline =
        $1.value("deadline", ValueParsers.duration(.zero ... .seconds(600))) ?? $0.drainDeadline
    }
    receivers = top.list("notify", Receiver.read)
    read(&top, "otlp") { $0.telemetry.read(&$1) }
    read(&top, "log") {
      $0.logLevel = $1.value("level", ValueParsers.logLevel) ?? $0.logLevel
      $0.logFormat = $1.value("format", ValueParsers.choice("is no format of the log")) ?? $0.logFormat
    }
  }

  private mutating func read(
    _ top: inout Section, _ key: String, _ body: (inout ServeConfiguration, inout Section) -> Void
  ) {
    var section = top.section(key)
    body(&self, &section)
    top.finish(section)
  }
}

extension ServeConfiguration.Timeouts {
  static var connectParser: (String) throws(ValueError) -> Duration {
    ValueParsers.duration(.milliseconds(10) ... .seconds(300))
  }
  static var commandParser: (String) throws(ValueError) -> Duration {
    ValueParsers.duration(.milliseconds(10) ... .seconds(3600))
  }

  mutating func read(_ section: inout Section) {
    let backoff = ValueParsers.duration(.milliseconds(1) ... .seconds(600))
    connect = section.value("connect", Self.connectParser) ?? connect
    command = section.value("command", Self.commandParser) ?? command
    reconnectInitial = section.value("reconnect_initial", backoff) ?? reconnectInitial
    reconnectMax = section.value("reconnect_max", backoff) ?? reconnectMax
    if reconnectInitial > reconnectMax {
      section.note(
        "reconnect_initial",
        "is longer than reconnect_max (\(reconnectMax.text)); make it shorter or raise that")
    }
  }
}

extension ServeConfiguration.Ledger {
  mutating func read(_ section: inout Section) {
    path = section.value("path", ValueParsers.path)
    retentionDays = section.value("retention_days", ValueParsers.whole(0...36_500)) ?? retentionDays
    hashKeys = section.value("hash_keys", ValueParsers.bool) ?? hashKeys
    previewBytes = section.value("preview_bytes", ValueParsers.size(0...64 << 10)) ?? previewBytes
    queue = section.value("queue", ValueParsers.whole(1000...16_777_216)) ?? queue
    figuresInterval =
      section.value("figures_interval", ValueParsers.duration(.seconds(1) ... .seconds(3600)))
      ?? figuresInterval
  }
}

extension ServeConfiguration.Limits {
  mutating func read(_ section: inout Section) {
    let patience = ValueParsers.duration(.milliseconds(10) ... .seconds(3600))
    let idle = ValueParsers.duration(.seconds(1) ... .seconds(30 * 86_400), orNever: true)
    frameBytes = section.value("frame_bytes", ValueParsers.size(1 << 10...4 << 30)) ?? frameBytes
    arguments = section.value("arguments", ValueParsers.whole(16...16_777_216)) ?? arguments
    inlineBytes = section.value("inline_bytes", ValueParsers.size(1 << 10...64 << 20)) ?? inlineBytes
    nesting = section.value("nesting", ValueParsers.whole(1...1024)) ?? nesting
    pipeline = section.value("pipeline", ValueParsers.whole(1...1_000_000)) ?? pipeline
    clientOutputBytes =
      section.value("client_output_bytes", ValueParsers.size(64 << 10...64 << 30)) ?? clientOutputBytes
    clientOutputStall = section.value("client_output_stall", patience) ?? clientOutputStall
    unfinishedCommand = section.value("unfinished_command", patience) ?? unfinishedCommand
    maxClients = section.value("max_clients", ValueParsers.whole(1...1_000_000)) ?? maxClients
    clientsPerAddress =
      section.value("clients_per_address", ValueParsers.whole(0...1_000_000)) ?? clientsPerAddress
    clientIdle = section.value("client_idle", idle) ?? clientIdle
    memory = section.value("memory", ValueParsers.size(16 << 20...1 << 50)) ?? memory
  }
}
