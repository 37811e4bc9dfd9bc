/// How a Redis is reached, for the places where a cache is asked for by its purpose: the factory, a configuration, the environment.
/// The settings of a ``RedisCache`` have the same under the same names.
public struct RedisOptions: Sendable, Hashable {
  /// Connections, 1...64; many operations are under way on each.
  public var connections = 2
  /// How long a connection may take to come about.
  public var connectTimeout: Duration = .milliseconds(200)
  /// How long an operation may take, waiting for its turn included.
  public var commandTimeout: Duration = .milliseconds(200)
  /// How long a failure is remembered: until then every operation fails at once.
  public var retryAfter: Duration = .milliseconds(500)
  /// Put before every key in Redis.
  public var keyPrefix = ""
  /// In which bytes values are written; all formats are read.
  public var valueFormat = ValueFormat.native

  /// The defaults.
  public init() {}
}

extension RedisOptions {
  /// The options by their names in files, times in whole milliseconds. What is as it is by default is left out.
  func toDictionary() -> [String: CacheValue] {
    let usual = RedisOptions()
    var members: [String: CacheValue] = [:]
    func time(_ name: String, _ path: KeyPath<RedisOptions, Duration>) {
      if self[keyPath: path] != usual[keyPath: path] {
        members[name] = .int(Int(clamping: self[keyPath: path].wholeMilliseconds))
      }
    }
    if connections != usual.connections { members["connections"] = .int(connections) }
    time("connect_timeout_ms", \.connectTimeout)
    time("command_timeout_ms", \.commandTimeout)
    time("retry_after_ms", \.retryAfter)
    if keyPrefix != usual.keyPrefix { members["key_prefix"] = .string(keyPrefix) }
    if valueFormat != usual.valueFormat { members["value_format"] = .string(valueFormat.description) }
    return members
  }

  /// Takes over every known option that `reader` has.
  mutating func apply(_ reader: inout SettingsReader) {
    reader.integer("connections") { connections = $0 }
    reader.integer("connect_timeout_ms") { connectTimeout = .milliseconds($0) }
    reader.integer("command_timeout_ms") { commandTimeout = .milliseconds($0) }
    reader.integer("retry_after_ms") { retryAfter = .milliseconds($0) }
    reader.text("key_prefix") { keyPrefix = $0 ?? "" }
    var format: String?
    reader.text("value_format") { format = $0 }
    guard let format else { return }
    if let known = ValueFormat(format) {
      valueFormat = known
    } else {
      reader.refuse("value_format must be one of \(Self.formats)")
    }
  }

  static var formats: String { ValueFormat.all.map(\.description).joined(separator: ", ") }
}

extension RedisCache.Settings {
  /// Takes over all options.
  mutating func apply(_ options: RedisOptions) {
    connections = options.connections
    connectTimeout = options.connectTimeout
    commandTimeout = options.commandTimeout
    retryAfter = options.retryAfter
    keyPrefix = options.keyPrefix
    valueFormat = options.valueFormat
  }
}
