import SluiceAccess
import SluiceScripts

extension ServeConfiguration: CustomStringConvertible {
  /// Everything in force, in the form of `sluice.yaml`, with `***` for passwords: safe to log and to attach.
  public var redacted: String {
    sections.map { name, settings in
      guard !name.isEmpty else { return settings.map { "\($0): \($1)\n" }.joined() }
      return "\(name):\n" + settings.map { "  \($0): \($1)\n" }.joined()
    }.joined()
  }

  public var description: String { redacted }

  /// Every setting with its value, in the order of the documentation.
  private var sections: [(name: String, settings: [(String, String)])] {
    [
      (
        "",
        [
          ("service", quoted(service)), ("instance", quoted(instance)),
          ("listen", list(listen)), ("control", list(control)), ("threads", "\(threads)"),
          ("warm_on_miss", "\(warmOnMiss)"),
          ("fallback", fallback.rawValue),
          ("users", inline(users.map(shown))), ("notify", inline(receivers.map(shown))),
          (
            "deny_commands",
            inline(
              deniedCommands.map { quoted(String(CommandRule($0, isGiven: false).description.dropFirst())) })
          ),
        ]
      ),
      (
        "admin",
        [
          ("listen", admin.listen.isEmpty ? "null" : list(admin.listen)),
          ("tokens_file", quoted(admin.tokensFile)),
          ("proxies", inline(admin.proxies.map(quoted))),
          ("fleet", quoted(admin.fleetFile)),
        ]
      ),
      ("stacks", [("legacy", inline(stacks.legacy)), ("new", inline(stacks.new))]),
      (
        "timeouts",
        [
          ("connect", timeouts.connect.text), ("command", timeouts.command.text),
          ("reconnect_initial", timeouts.reconnectInitial.text),
          ("reconnect_max", timeouts.reconnectMax.text),
        ]
      ),
      (
        "flags",
        [
          ("path", quoted(flags.path)), ("allow_reshuffle", "\(flags.allowReshuffle)"),
          ("url", quoted(flags.source?.description)), ("interval", flags.interval.text),
          ("authorization_file", flags.authorization == nil ? "null" : "\"***\""),
          ("ca", quoted(flags.tls.ca)),
        ]
      ),
      (
        "ledger",
        [
          ("path", quoted(ledger.path)), ("retention_days", "\(ledger.retentionDays)"),
          ("hash_keys", "\(ledger.hashKeys)"), ("preview_bytes", size(ledger.previewBytes)),
          ("queue", "\(ledger.queue)"), ("figures_interval", ledger.figuresInterval.text),
        ]
      ),
      (
        "mirror",
        [
          ("queue_commands", "\(mirror.queueCommands)"), ("queue_bytes", size(mirror.queueBytes)),
          ("ttl_tolerance", mirror.ttlTolerance.text),
        ]
      ),
      ("copy", [("slice", copy.slice.text), ("hold", copy.hold.text)]),
      ("transactions", [("split", "\(splitsTransactions)")]),
      ("", [("scripts", inline(scripts.map(shown)))]),
      ("limits", limits.settings),
      (
        "auth",
        [
          ("password_file", password == nil ? "null" : "\"***\""),
          ("control_password_file", controlPassword == nil ? "null" : "\"***\""),
          ("allow_none", "\(allowsNoPassword)"),
        ]
      ),
      (
        "tls",
        [
          ("cert", quoted(tls.certificate)), ("key", quoted(tls.key)),
          ("names", tls.names.isEmpty ? "null" : "[\(tls.names.map(named).joined(separator: ", "))]"),
          ("client_ca", quoted(tls.clientCA)), ("client_certificates", tls.whoShows.rawValue),
          ("minimum", "\"\(tls.minimum.rawValue)\""), ("handshake", tls.handshake.text),
        ]
      ),
      ("drain", [("deadline", drainDeadline.text)]),
      (
        "otlp",
        [
          ("url", quoted(telemetry.place?.description)), ("interval", telemetry.interval.text),
          ("authorization_file", telemetry.authorization == nil ? "null" : "\"***\""),
          ("ca", quoted(telemetry.tls.ca)),
        ]
      ),
      ("log", [("level", logLevel.rawValue), ("format", logFormat.rawValue)]),
    ]
  }

  private func shown(_ rule: ScriptRule) -> String {
    let (name, text): (String, [UInt8]) =
      switch rule.subject {
      case .sha1(let digest): ("sha1", digest)
      case .shape(let digest): ("shape", digest)
      case .function(let function): ("function", function)
      }
    return "{\(name): \(quoted(String(decoding: text, as: UTF8.self))), "
      + "keys: \(inline(rule.keys.map { quoted($0.description) })), "
      + "no_keys: \(inline(rule.noKeys.map(String.init))), mirror: \(rule.mirroring.rawValue)}"
  }

  private func shown(_ receiver: Receiver) -> String {
    "{url: \(quoted(receiver.place.description)), format: \(receiver.format.rawValue), events: "
      + "[\(receiver.events.map(\.rawValue).joined(separator: ", "))]\(receiver.secret == nil ? "" : ", secret_file: \"***\"")}"
  }

  private func shown(_ user: User) -> String {
    var settings = ["name: \(quoted(user.access.name))", "enabled: \(user.access.isOn)"]
    if user.access.takesAnyPassword { settings.append("nopass: true") }
    let hashes = user.passwords.count - user.passwordFiles.count
    if hashes > 0 {
      settings.append("password: [\(Array(repeating: "\"***\"", count: hashes).joined(separator: ", "))]")
    }
    if !user.passwordFiles.isEmpty {
      settings.append(
        "password_file: [\(Array(repeating: "\"***\"", count: user.passwordFiles.count).joined(separator: ", "))]"
      )
    }
    settings.append("commands: \(quoted(user.access.rules.commandsText))")
    settings.append("keys: \(quoted(user.access.rules.keysText))")
    return "{\(settings.joined(separator: ", "))}"
  }

  private func named(_ name: TLS.Name) -> String {
    "{name: \(quoted(name.name)), cert: \(quoted(name.certificate)), key: \(quoted(name.key))}"
  }

  private func inline(_ entries: [String]) -> String {
    entries.isEmpty ? "null" : "[\(entries.joined(separator: ", "))]"
  }

  private func list(_ addresses: [Address]) -> String {
    "[" + addresses.map { quoted($0.description) }.joined(separator: ", ") + "]"
  }

  private func inline(_ stack: StackConfiguration) -> String {
    "{url: \(quoted(stack.endpoint.description)), connect_timeout: \(stack.connectTimeout.text), "
      + "command_timeout: \(stack.commandTimeout.text)\(layers(stack.layers))}"
  }

  /// The layers without the preset that named them: what is in force is what counts.
  private func layers(_ layers: StackLayers) -> String {
    guard !layers.isPlain else { return "" }
    var settings: [String] = []
    if let l1 = layers.l1 {
      settings.append("l1: {entries: \(l1.entries)\(l1.ttl == .zero ? "" : ", ttl: \(l1.ttl.text)")}")
    }
    if let compression = layers.compression {
      settings.append("compression: {threshold: \(compression.threshold), level: \(compression.level)}")
    }
    if layers.defaultTTL > .zero { settings.append("default_ttl: \(layers.defaultTTL.text)") }
    if !layers.keyPrefix.isEmpty { settings.append("key_prefix: \(quoted(layers.keyPrefix))") }
    settings.append("on_connection_error: \(layers.onConnectionError.rawValue)")
    return settings.map { ", \($0)" }.joined()
  }

  /// A double-quoted YAML scalar, or `null`.
  private func quoted(_ text: String?) -> String {
    guard let text else { return "null" }
    let escaped = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"": "\\\""
      case "\\": "\\\\"
      case _ where scalar.value < 0x20: "\\x" + String(scalar.value + 0x100, radix: 16).dropFirst()
      default: String(scalar)
      }
    }
    return "\"\(escaped.joined())\""
  }
}

extension ServeConfiguration.Limits {
  fileprivate var settings: [(String, String)] {
    [
      ("frame_bytes", size(frameBytes)), ("arguments", "\(arguments)"), ("inline_bytes", size(inlineBytes)),
      ("nesting", "\(nesting)"), ("pipeline", "\(pipeline)"),
      ("client_output_bytes", size(clientOutputBytes)),
      ("client_output_stall", clientOutputStall.text), ("unfinished_command", unfinishedCommand.text),
      ("max_clients", "\(maxClients)"), ("clients_per_address", "\(clientsPerAddress)"),
      ("client_idle", clientIdle.text), ("memory", size(memory)),
    ]
  }
}

private func size(_ bytes: Int) -> String { ByteSize(bytes: bytes).description }
