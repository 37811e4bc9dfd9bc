import SluiceCommands
import SluiceServers

/// What one server has told of itself and of its use. Nil is *not known*.
public struct ServerSurvey: Sendable {
  public struct Database: Sendable, Equatable {
    public var keys: Int
    public var expires: Int
  }

  /// Clients that call themselves the same.
  public struct Library: Sendable, Hashable {
    public var name: String
    public var version: String
  }

  /// Of the address.
  public var database = 0
  public var facts = ServerFacts()
  public var commands: [ServerCommand]?
  /// How often each command was called since the server's statistics began, by its name in upper case.
  public var calls: [String: Int]?
  /// By number; the empty ones do not stand there.
  public var databases: [Int: Database]?
  public var usedMemory: Int?
  /// Of the machine.
  public var systemMemory: Int?
  public var evicted: Int?
  public var uptime: Int?
  public var cachedScripts: Int?
  public var functions: Int?
  public var channels: Int?
  public var patterns: Int?
  public var replicas: Int?
  public var isReplica: Bool?
  /// `notify-keyspace-events`; empty is off.
  public var events: String?
  public var connectedClients: Int?
  public var libraries: [Library: Int]?
  /// Of the clients that were listed.
  public var resp3Clients = 0
  public var trackingClients = 0
  public var pubsubClients = 0
  public var sample: KeySample?
  /// What it would not tell, beside what ``ServerFacts`` knows of.
  public var refused: [String] = []

  public init() {}

  /// Keys of all databases.
  public var keys: Int? { databases?.values.reduce(0) { Quantity.sum($0, $1.keys) } }

  /// Each thing that is not known, once.
  public var unknown: [String] {
    // Of a server before 7.0 the stamp follows from the version, and is no question.
    facts.unknown.filter { !$0.contains("FUNCTION DUMP") || facts.version == nil } + refused
  }

  // MARK: What it says

  /// Takes the text of one section of `INFO`, or of several.
  public mutating func told(info text: String) {
    let fields = InfoFields(text)
    if fields["redis_version"] != nil || fields["valkey_version"] != nil { facts.told(server: text) }
    if fields["maxmemory_policy"] != nil { facts.told(memory: text) }
    if text.contains("# Modules") { facts.told(modules: text) }
    func take<Value>(_ place: WritableKeyPath<Self, Value?>, _ value: Value?) {
      if let value { self[keyPath: place] = value }
    }
    take(\.usedMemory, fields.number("used_memory"))
    take(\.systemMemory, fields.number("total_system_memory"))
    take(\.evicted, fields.number("evicted_keys"))
    take(\.uptime, fields.number("uptime_in_seconds"))
    take(\.cachedScripts, fields.number("number_of_cached_scripts"))
    take(\.functions, fields.number("number_of_functions"))
    take(\.channels, fields.number("pubsub_channels"))
    take(\.patterns, fields.number("pubsub_patterns"))
    take(\.replicas, fields.number("connected_slaves"))
    take(\.isReplica, fields["role"].map { $0 == "slave" })
    take(\.connectedClients, fields.number("connected_clients"))
    told(calls: fields)
    told(databases: fields, isSaid: text.contains("# Keyspace"))
  }

  private mutating func told(calls fields: InfoFields) {
    var calls: [String: Int] = [:]
    for name in fields.names where name.hasPrefix("cmdstat_") {
      guard calls.count < Self.commandLimit, let count = fields.parts(name)["calls"], count > 0 else {
        continue
      }
      calls[name.dropFirst("cmdstat_".count).uppercased()] = count
    }
    if !calls.isEmpty { self.calls = calls }
  }

  private mutating func told(databases fields: InfoFields, isSaid: Bool) {
    var databases: [Int: Database] = [:]
    for name in fields.names where name.hasPrefix("db") {
      guard let number = Int(name.dropFirst(2)), let keys = fields.parts(name)["keys"], keys >= 0 else {
        continue
      }
      databases[number] = Database(keys: keys, expires: max(0, fields.parts(name)["expires"] ?? 0))
    }
    if isSaid || !databases.isEmpty { self.databases = databases }
  }

  /// Takes the text of `CLIENT LIST`.
  public mutating func told(clients text: String) {
    var libraries: [Library: Int] = [:]
    for line in text.unicodeScalars.split(whereSeparator: { $0 == "\r" || $0 == "\n" }) {
      var fields: [Substring: Substring] = [:]
      for word in Substring(line).split(separator: " ") {
        guard let mark = word.firstIndex(of: "=") else { continue }
        fields[word[..<mark]] = word[word.index(after: mark)...]
      }
      guard fields["id"] != nil || fields["addr"] != nil else { continue }
      // Ourselves.
      if fields["name"] == Substring(Self.ownName) { continue }
      let flags = fields["flags"] ?? ""
      if flags.contains("S") || flags.contains("M") { continue }
      if flags.contains("P") { pubsubClients += 1 }
      if flags.contains("t") { trackingClients += 1 }
      if fields["resp"] == "3" { resp3Clients += 1 }
      let named = [fields["lib-name"], fields["name"]].compactMap(\.self).first { !$0.isEmpty }
      let library = Library(
        name: String((named ?? "").prefix(Self.nameLimit)),
        version: String((fields["lib-ver"] ?? "").prefix(Self.nameLimit)))
      if libraries[library] != nil || libraries.count < Self.libraryLimit {
        libraries[library, default: 0] += 1
      }
    }
    self.libraries = libraries
  }

  /// What an assessment calls itself at a server.
  public static let ownName = "sluice-assess"
  private static let commandLimit = 8192
  private static let libraryLimit = 1000
  private static let nameLimit = 64
}
