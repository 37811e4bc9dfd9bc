/// How we speak TLS to a server: whom we believe, who we are, and whose certificate it must be. Paths name PEM files.
public struct ClientTLS: Sendable, Hashable {
  /// What a server's certificate must prove.
  public enum Check: String, Sendable, Hashable, CaseIterable {
    /// It is signed by whom we trust, and is for the name that we connect to.
    case full
    /// It is signed by whom we trust, whatever name it is for.
    case chain
    /// Nothing: whoever stands between can read and change everything.
    case none
  }

  /// The certificates that we trust; nil means those of this machine.
  public var ca: String?
  /// What we show of ourselves, with whatever stands between it and its CA; nil shows nothing. With `key` or not at all.
  public var certificate: String?
  public var key: String?
  /// The name that the server's certificate must be for, and that the server is told; nil means the host of the address.
  public var name: String?
  public var check = Check.full

  public init() {}

  /// Takes over one setting by the name that it has in a URL and in `sluice.yaml`.
  ///
  /// - Throws: what is wrong with it, as the rest of a sentence; a name that is not known included.
  public mutating func set(_ setting: some StringProtocol, to value: String) throws(TLSFault) {
    guard ClientTLS.settings.contains(String(setting)) else {
      throw TLSFault("takes \(ClientTLS.settings.joined(separator: ", ")), and not \(setting)")
    }
    guard !value.isEmpty, !value.utf8.contains(0) else {
      throw TLSFault("names nothing by \(setting); write \(setting)=… or leave it out")
    }
    switch String(setting) {
    case "ca": ca = value
    case "cert": certificate = value
    case "key": key = value
    case "name": name = value
    default:
      guard let check = Check(rawValue: value) else {
        throw TLSFault("has check=\(value); write check=full, check=chain or check=none")
      }
      self.check = check
    }
  }

  /// The names of the settings, as a URL and `sluice.yaml` have them.
  public static let settings = ["ca", "cert", "key", "name", "check"]

  /// Reads `ca=/path&cert=/path&key=/path&name=host&check=full`, the query of a URL; `%2F` and its like are decoded.
  ///
  /// - Throws: what is wrong, as the rest of a sentence about the URL.
  public init(query: some StringProtocol) throws(TLSFault) {
    for part in Substring(query).split(separator: "&") {
      let sign = part.firstIndex(of: "=") ?? part.endIndex
      guard let value = PercentEncoding.decoded(part[sign...].dropFirst()) else {
        throw TLSFault("has a bad % escape behind ?; write % itself as %25")
      }
      try set(part[..<sign], to: value)
    }
    if let half = halfIdentity { throw TLSFault(half) }
  }

  /// Why half of an identity is none; nil if it is whole or not there.
  public var halfIdentity: String? {
    switch (certificate, key) {
    case (.some, nil): "names a certificate but not its key; add key"
    case (nil, .some): "names a key but not its certificate; add cert"
    case (.some, .some), (nil, nil): nil
    }
  }

  /// The query that `init(query:)` reads, with its `?`; empty where nothing is set.
  public var query: String {
    let parts = [("ca", ca), ("cert", certificate), ("key", key), ("name", name)]
      .compactMap { name, value in value.map { "\(name)=\(PercentEncoding.encoded($0))" } }
    let all = parts + (check == .full ? [] : ["check=\(check.rawValue)"])
    return all.isEmpty ? "" : "?" + all.joined(separator: "&")
  }
}
