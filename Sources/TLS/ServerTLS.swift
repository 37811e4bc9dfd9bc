/// How a door of ours speaks TLS. Paths name PEM files.
public struct ServerTLS: Sendable, Hashable {
  /// Whether clients must show a certificate that `clientCA` has signed.
  public enum Clients: String, Sendable, Hashable, CaseIterable {
    case none
    /// Who shows one must show a good one.
    case optional
    case required
  }

  /// What the door shows: its certificate, with whatever stands between it and its CA, and the key.
  public struct Identity: Sendable, Hashable {
    public var certificate: String
    public var key: String

    public init(certificate: String, key: String) {
      self.certificate = certificate
      self.key = key
    }
  }

  public var identity: Identity
  /// What is shown to clients that ask for such a name (SNI): a host name, or `*.example.org`. The first that fits counts.
  public var names: [(name: String, identity: Identity)] { pairs.map { ($0.name, $0.identity) } }
  public var clientCA: String?
  public var clients = Clients.none
  /// Whether TLS 1.2 is refused as well.
  public var onlyTLS13 = false

  private var pairs: [Pair] = []

  private struct Pair: Sendable, Hashable {
    var name: String
    var identity: Identity
  }

  public init(_ identity: Identity) { self.identity = identity }

  public mutating func add(_ name: String, _ identity: Identity) {
    pairs.append(Pair(name: name.lowercased(), identity: identity))
  }

  /// Which of `names` a client means; nil if none.
  static func place(of asked: String, among names: [String]) -> Int? {
    let asked = asked.lowercased()
    return names.firstIndex { name in
      guard name.hasPrefix("*.") else { return name == asked }
      // One label, as in certificates.
      guard let dot = asked.firstIndex(of: "."), dot != asked.startIndex else { return false }
      return asked[dot...] == name.dropFirst()
    }
  }
}
