/// What a stack's server has told of itself at the hand-shake.
///
/// Nil is *not known*: a managed server hides `CONFIG`, `COMMAND` or fields of `INFO`, and works all the same. What follows from a
/// fact that is not known is decided where it is asked for, on the safe side.
public struct ServerFacts: Sendable, Equatable {
  /// Whose server it is.
  public enum Kind: Sendable, Hashable {
    case redis, valkey
    /// Another one that speaks the protocol, by its own name in lower case; empty where it has not said so much.
    case other(String)

    /// As people write it.
    public var name: String {
      switch self {
      case .redis: "Redis"
      case .valkey: "Valkey"
      case .other(let name): name.isEmpty ? "a server that does not say what it is" : name
      }
    }
  }

  public var kind = Kind.other("")
  /// Of the server itself (`valkey_version`), not the version of Redis that it claims.
  public var version: ServerVersion?
  /// The version in the last ten bytes of its dumps. `RESTORE` of Redis takes its own number or a lower one.
  public var stamp: UInt16?
  /// What its `run_id` was when this was told.
  public var run: [UInt8]?
  /// `maxmemory-policy`, and `maxmemory` in bytes: 0 is without a limit.
  public var evictionPolicy: String?
  public var maximumMemory: Int?
  /// Whether it is a node of a cluster.
  public var isCluster: Bool?
  /// How many databases it has.
  public var databases: Int?
  /// Names of its modules.
  public var modules: [String]?
  /// Whether it has told what commands it has (`COMMAND`).
  public var tellsCommands: Bool?
  /// Whether several commands can be carried out as one. Layers and the embedded engine have no `MULTI`.
  public var hasTransactions = true

  public init() {}

  /// `Valkey 9.1.2`.
  public var name: String { version.map { "\(kind.name) \($0)" } ?? kind.name }

  /// What it has not told, for people.
  public var unknown: [String] {
    var missing: [String] = []
    if version == nil { missing.append("its version (INFO server)") }
    if run == nil { missing.append("its run_id (INFO server)") }
    if stamp == nil { missing.append("the version of its dumps (FUNCTION DUMP)") }
    if evictionPolicy == nil { missing.append("its maxmemory-policy (INFO memory)") }
    if databases == nil { missing.append("its number of databases (CONFIG GET databases)") }
    if tellsCommands == false { missing.append("its commands (COMMAND)") }
    return missing
  }
}

// MARK: What follows from its version

extension ServerFacts {
  /// Whether it knows `PEXPIRETIME` (since 7.0). Where that is not known it is tried.
  public var hasExpireTime: Bool { isSince(redis: ServerVersion(7, 0)) }
  /// Whether a stream's counts can be set (`XSETID … ENTRIESADDED`, since 7.0).
  public var hasStreamCounts: Bool { isSince(redis: ServerVersion(7, 0)) }
  /// Whether fields of a hash may have a time to live (Redis 7.4, Valkey 9.0). Where that is not known it is asked.
  public var hasFieldTimes: Bool { isSince(redis: ServerVersion(7, 4), valkey: ServerVersion(9, 0)) }

  /// - Parameter valkey: nil if every Valkey has it.
  private func isSince(redis: ServerVersion, valkey: ServerVersion? = nil) -> Bool {
    guard let version else { return true }
    switch kind {
    case .redis: return version >= redis
    case .valkey: return valkey.map { version >= $0 } ?? true
    case .other: return true
    }
  }
}

// MARK: Reading what it says

extension ServerFacts {
  /// Takes the text of `INFO server`.
  public mutating func told(server text: String) {
    let fields = Self.fields(text)
    run = fields["run_id"].map { Array($0.utf8) }
    if run?.isEmpty == true { run = nil }
    isCluster = (fields["redis_mode"] ?? fields["server_mode"]).map { $0 == "cluster" }
    if let version = fields["valkey_version"] {
      kind = .valkey
      self.version = ServerVersion(version)
    } else if let name = fields["server_name"], name != "redis" {
      kind = .other(String(name).lowercased())
      version = (fields["\(name)_version"] ?? fields["redis_version"]).flatMap { ServerVersion($0) }
    } else if let field = fields.keys.first(where: Self.isAnothersVersion) {
      kind = .other(String(field.dropLast("_version".count)))
      // `df-v1.30.0`
      version = fields[field].flatMap { ServerVersion($0.drop { !$0.isNumber }) }
    } else if let version = fields["redis_version"] {
      kind = .redis
      self.version = ServerVersion(version)
    }
    if stamp == nil { stamp = stampOfVersion }
  }

  /// `dragonfly_version`, `kvrocks_version`, …: servers that name a version of Redis too.
  private static func isAnothersVersion(_ field: Substring) -> Bool {
    ["dragonfly_version", "kvrocks_version", "garnet_version", "keydb_version", "pika_version"].contains(
      String(field))
  }

  /// Takes the text of `INFO memory`.
  public mutating func told(memory text: String) {
    let fields = Self.fields(text)
    evictionPolicy = fields["maxmemory_policy"].map(String.init)
    maximumMemory = fields["maxmemory"].flatMap { Int($0) }
  }

  /// Takes the text of `INFO modules`: a line `module:name=vectorset,ver=1,…` for each.
  public mutating func told(modules text: String) {
    modules = text.utf8Lines.filter { $0.hasPrefix("module:name=") }.map {
      String($0.dropFirst("module:name=".count).prefix { $0 != "," })
    }
  }

  /// Takes a dump, of a key or of all functions: what it is stamped with is worth more than what follows from the version.
  public mutating func told(dump: Span<UInt8>) {
    if let stamp = Self.stamp(of: dump) { self.stamp = stamp }
  }

  /// The two bytes before the checksum of a dump, the lower one first; nil for what is too short.
  public static func stamp(of dump: Span<UInt8>) -> UInt16? {
    guard dump.count >= 10 else { return nil }
    return UInt16(dump[dump.count - 10]) | UInt16(dump[dump.count - 9]) << 8
  }

  /// What servers of these versions stamp their dumps with, where they would not show one: `RDB_VERSION` of each release.
  private var stampOfVersion: UInt16? {
    guard let version else { return nil }
    switch kind {
    case .redis:
      switch (version.major, version.minor) {
      case (5, _), (6, _): return 9
      case (7, 0): return 10
      case (7, ..<4): return 11
      case (7, _), (8, ...2): return 12
      default: return nil
      }
    case .valkey: return version.major < 9 ? 11 : version.major == 9 ? 80 : nil
    case .other: return nil
    }
  }

  private static func fields(_ text: String) -> [Substring: Substring] {
    var fields: [Substring: Substring] = [:]
    for line in text.utf8Lines {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[line[..<colon]] = line[line.index(after: colon)...]
    }
    return fields
  }
}

extension String {
  /// By CR, LF or both: Swift takes CRLF for one character of its own.
  fileprivate var utf8Lines: [Substring] {
    unicodeScalars.split { $0 == "\r" || $0 == "\n" }.map(Substring.init)
  }
}
