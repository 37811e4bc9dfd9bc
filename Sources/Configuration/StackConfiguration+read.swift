import Yams

extension StackConfiguration {
  /// The common deadlines hold where the stack has none of its own.
  mutating func inherit(_ timeouts: ServeConfiguration.Timeouts) {
    connectTimeout = timeouts.connect
    commandTimeout = timeouts.command
  }

  /// Reads `key: redis://…` or `key: {preset: web_app, url: redis://…, connect_timeout: 1s, …}`.
  mutating func read(_ stacks: inout Section, _ key: String, environment: [String: String]) {
    guard let node = stacks.node(key) else { return }
    if node.scalar != nil {
      endpoint = stacks.value(key, Endpoint.init(parsing:)) ?? endpoint
      return
    }
    var section = Section(node, path: stacks.join(key))
    read(&section, environment: environment)
    stacks.finish(section)
  }

  private mutating func read(_ section: inout Section, environment: [String: String]) {
    let preset = section.value("preset", StackPreset.init(parsing:))
    let url = section.value("url", Endpoint.init(parsing:))
    if preset == .auto {
      let found = AutoDetection(environment)
      if url == nil { endpoint = found.endpoint }
      layers = found.layers
      for (variable, reason) in found.problems where url == nil || variable != "REDIS_URL" {
        section.note("preset", "auto cannot use the variable \(variable): \(reason)")
      }
    } else if let preset {
      layers = preset.layers(auto: AutoDetection([:]))
    }
    endpoint = url ?? endpoint
    readTLS(&section)
    connectTimeout =
      section.value("connect_timeout", ServeConfiguration.Timeouts.connectParser) ?? connectTimeout
    commandTimeout =
      section.value("command_timeout", ServeConfiguration.Timeouts.commandParser) ?? commandTimeout
    if let (path, password) = section.value("password_file", PasswordFile.named) {
      if url?.password != nil {
        section.note("password_file", "is set although url holds a password; keep one of the two")
      } else if url != nil, endpoint.address == nil {
        section.note("password_file", "is set although the memory engine has no password; leave it out")
      }
      endpoint = endpoint.authenticated(by: password)
      passwordFile = path
    }
    layers.read(&section)
  }
}

extension StackLayers {
  mutating func read(_ section: inout Section) {
    if !isOff(&section, "l1") {
      var child = section.section("l1")
      let entries = child.value("entries", ValueParsers.whole(1...10_000_000))
      let ttl = child.value("ttl", ValueParsers.timeToLive)
      if let entries { l1 = L1(entries: entries, ttl: l1?.ttl ?? .zero) }
      if let ttl { l1?.ttl = ttl }
      if l1 == nil, ttl != nil { child.note("ttl", "is set without entries; say how many entries L1 holds") }
      section.finish(child)
    } else {
      l1 = nil
    }
    if !isOff(&section, "compression") {
      var child = section.section("compression")
      let threshold = child.value("threshold", ValueParsers.size(0...64 << 20))
      let level = child.value("level", ValueParsers.whole(1...9))
      if threshold != nil || level != nil {
        compression = Compression(
          threshold: threshold ?? compression?.threshold ?? Compression().threshold,
          level: level ?? compression?.level ?? Compression().level)
      }
      section.finish(child)
    } else {
      compression = nil
    }
    defaultTTL = section.value("default_ttl", ValueParsers.timeToLive) ?? defaultTTL
    keyPrefix = section.value("key_prefix", ValueParsers.keyPrefix) ?? keyPrefix
    onConnectionError =
      section.value("on_connection_error", OnConnectionError.init(parsing:)) ?? onConnectionError
  }

  /// `l1: off` takes away what a preset put there.
  private func isOff(_ section: inout Section, _ key: String) -> Bool {
    guard let word = section.node(key)?.scalar?.string.lowercased() else { return false }
    return ["off", "false", "no"].contains(word)
  }
}

extension StackLayers.OnConnectionError {
  init(parsing text: String) throws(ValueError) {
    guard let choice = Self(rawValue: text) else {
      throw ValueError("\"\(text)\" is neither memory nor fail; write one of them")
    }
    self = choice
  }
}

extension ValueParsers {
  /// Whole seconds as the guide writes them (`1800`), or a duration; `0` is none.
  static func timeToLive(_ text: String) throws(ValueError) -> Duration {
    if !text.isEmpty, text.allSatisfy({ $0.isASCII && $0.isNumber }) {
      return .seconds(try whole(0...31_536_000)(text))
    }
    return try duration(.seconds(1) ... .seconds(31_536_000), orNever: true)(text)
  }

  static func keyPrefix(_ text: String) throws(ValueError) -> String {
    guard !text.isEmpty, text.utf8.count <= 1024 else {
      throw ValueError("is not a text of 1 to 1024 bytes; write one, or leave the key out")
    }
    return text
  }
}
