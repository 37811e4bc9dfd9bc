/// Where a request goes: `https://user:password@host:port/path?query`.
public struct HTTPPlace: Sendable, Hashable, CustomStringConvertible {
  public var isSecure: Bool
  public var host: String
  public var port: Int
  /// With its query; begins with `/`.
  public var path: String
  /// For `Authorization: Basic`; nil if nothing was said.
  public var login: String?

  /// - Throws: what is wrong, as the rest of a sentence about the URL.
  public init(_ text: String) throws(HTTPFault) {
    let isSecure = text.hasPrefix("https://")
    guard isSecure || text.hasPrefix("http://") else {
      throw HTTPFault("does not begin with http:// or https://")
    }
    guard text.utf8.count <= 4096, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw HTTPFault("has blanks, control characters or letters beyond ASCII in it, or is too long")
    }
    let rest = text.dropFirst(isSecure ? 8 : 7)
    let slash = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
    var authority = rest[..<slash]
    let behind = rest[slash...].prefix { $0 != "#" }
    path = behind.hasPrefix("/") ? String(behind) : "/" + behind
    if let at = authority.lastIndex(of: "@") {
      login = String(authority[..<at])
      authority = authority[authority.index(after: at)...]
    }
    var port = Substring("")
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
      host = String(authority[authority.index(after: authority.startIndex)..<end])
      let tail = authority[authority.index(after: end)...]
      guard tail.isEmpty || tail.hasPrefix(":") else { throw HTTPFault("has something behind its ]") }
      port = tail.dropFirst()
    } else if let colon = authority.lastIndex(of: ":") {
      host = String(authority[..<colon])
      port = authority[authority.index(after: colon)...]
    } else {
      host = String(authority)
    }
    guard !host.isEmpty else { throw HTTPFault("names no host") }
    guard port.isEmpty || (UInt16(port).map { $0 > 0 } ?? false) else {
      throw HTTPFault("has a port that is none")
    }
    self.port = UInt16(port).map(Int.init) ?? (isSecure ? 443 : 80)
    self.isSecure = isSecure
  }

  /// Without what may be secret: whoever knows the path of a webhook may use it.
  public var description: String { "\(isSecure ? "https" : "http")://\(authority)/…" }

  /// As the header `Host` wants it.
  var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }

  /// The same with another path.
  public func with(path: String) -> HTTPPlace {
    var place = self
    place.path = path
    return place
  }
}

/// Why there is no answer, as the rest of a sentence about the place.
public struct HTTPFault: Error, Sendable, Equatable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
