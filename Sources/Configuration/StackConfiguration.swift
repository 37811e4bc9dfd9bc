/// One stack as configured: its endpoint, the layers before it, and its deadlines.
public struct StackConfiguration: Sendable, Hashable {
  public var endpoint = Endpoint.memory(maxBytes: Endpoint.defaultMemoryBytes)
  /// Where the endpoint's password stands, to be read again; nil where it has none or is part of the URL.
  public var passwordFile: String?
  /// None of them: the proxy talks to the endpoint itself.
  public var layers = StackLayers()
  /// For a connection to be there, login included.
  public var connectTimeout: Duration = .seconds(1)
  /// For the reply of one command.
  public var commandTimeout: Duration = .seconds(1)

  public init() {}
}

extension StackConfiguration: CustomStringConvertible {
  /// The endpoint's URL without its password, and the layers that are on.
  public var description: String {
    layers.isPlain ? "\(endpoint)" : "\(endpoint) under \(layers.names.joined(separator: ", "))"
  }
}

/// The layers between a stack and its endpoint, in the words of the guide's cache library.
public struct StackLayers: Sendable, Hashable {
  /// Entries near the reader.
  public struct L1: Sendable, Hashable {
    /// Most entries, at least 1.
    public var entries: Int
    /// Longest life of an entry; zero leaves it to the endpoint's expiry.
    public var ttl: Duration = .zero
  }

  /// Values are stored by zlib when they are longer than the threshold.
  public struct Compression: Sendable, Hashable {
    /// In bytes.
    public var threshold = 1000
    /// 1 is fast, 9 is small.
    public var level = 6
  }

  /// What becomes of commands while the endpoint cannot be reached.
  public enum OnConnectionError: String, Sendable, Hashable, CaseIterable {
    case memory, fail
  }

  public var l1: L1?
  public var compression: Compression?
  /// What strings get that are written without an expiry; zero is none.
  public var defaultTTL: Duration = .zero
  /// Empty: keys stay as they are.
  public var keyPrefix = ""
  public var onConnectionError = OnConnectionError.fail

  public init() {}

  /// Whether there is nothing to stand between.
  public var isPlain: Bool { self == StackLayers() }

  /// The layers that are on, for people.
  public var names: [String] {
    var names: [String] = []
    if let l1 { names.append("l1 \(l1.entries)\(l1.ttl == .zero ? "" : " for \(l1.ttl.text)")") }
    if let compression { names.append("compression \(compression.threshold)/\(compression.level)") }
    if defaultTTL > .zero { names.append("default_ttl \(defaultTTL.text)") }
    if !keyPrefix.isEmpty { names.append("key_prefix \(keyPrefix)") }
    if onConnectionError == .memory { names.append("memory on connection error") }
    return names
  }
}
