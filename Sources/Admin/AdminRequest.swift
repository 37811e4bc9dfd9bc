/// One request at the door, whole.
public struct AdminRequest: Sendable {
  public var method: String
  /// Path and query, as they came.
  public var target: String
  /// Names in small letters; of a name that came twice the first one counts.
  public var headers: [String: String]
  public var body: [UInt8]
  public var peer: Peer
  public var isTLS: Bool

  /// Who is at the other end.
  public struct Peer: Sendable, Hashable {
    /// Its address without a port; nil on a unix socket.
    public var address: String?
    public var port: Int?
    /// The user at the other end of a unix socket.
    public var user: String?

    public init(address: String? = nil, port: Int? = nil, user: String? = nil) {
      (self.address, self.port, self.user) = (address, port, user)
    }
  }

  public init(
    method: String, target: String, headers: [String: String] = [:], body: [UInt8] = [], peer: Peer = Peer(),
    isTLS: Bool = false
  ) {
    self.method = method
    self.target = target
    self.headers = headers
    self.body = body
    self.peer = peer
    self.isTLS = isTLS
  }

  /// What `Authorization: Bearer …` brings; nil without it.
  public var bearer: String? {
    guard let value = headers["authorization"] else { return nil }
    let words = value.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
    guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
    let token = words[1].drop { $0 == " " }
    return token.isEmpty ? nil : String(token)
  }
}
