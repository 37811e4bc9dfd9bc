/// What a request must have beside a token, so that no web page of somebody else gives an order through a browser.
public enum AdminPolicy {
  /// - Parameter isOpen: nobody is asked for a token there.
  /// - Returns: why it is not looked at; nil if it is.
  public static func refusal(_ request: AdminRequest, isOpen: Bool) -> AdminResponse? {
    let host = request.headers["host"] ?? ""
    // A name that leads here for a moment (DNS rebinding) makes any page "the same origin". Who has a token has it for the right name alone.
    if isOpen, request.peer.address != nil, !isAddress(host) {
      return .refusal(
        403,
        "without tokens this door answers to its address alone, and was called \"\(host.prefix(100))\"; open it by its IP address or as localhost"
      )
    }
    let site = request.headers["sec-fetch-site"]?.lowercased()
    let isForeign = site != nil && site != "same-origin" && site != "none"
    guard request.method != "GET", request.method != "HEAD" else {
      // Following a link here is one thing, to be made use of by another page is another.
      guard isForeign, request.headers["sec-fetch-mode"]?.lowercased() != "navigate" else { return nil }
      return .refusal(403, "this door is no part of other pages; open it by itself")
    }
    // A proxy in front may speak TLS where this door does not.
    if let origin = request.headers["origin"],
      !["http://\(host)", "https://\(host)"].contains(where: { $0.lowercased() == origin.lowercased() })
    {
      return .refusal(
        403,
        "orders come from this door's own page, or from no page at all; this one came from \"\(origin.prefix(100))\""
      )
    }
    if isForeign {
      return .refusal(
        403, "orders come from this door's own page, or from no page at all; this one came from another")
    }
    let type = (request.headers["content-type"] ?? "").split(separator: ";").first.map {
      $0.lowercased().filter { $0 != " " }
    }
    guard type == "application/json" else {
      return .refusal(415, "an order's body is JSON; say so: Content-Type: application/json")
    }
    return nil
  }

  /// `127.0.0.1:6402`, `[::1]:6402`, `localhost`.
  static func isAddress(_ host: String) -> Bool {
    var name = Substring(host.lowercased())
    if name.hasPrefix("[") {
      guard let end = name.firstIndex(of: "]") else { return false }
      return name[name.index(after: name.startIndex)..<end].allSatisfy {
        $0.isHexDigit || $0 == ":" || $0 == "."
      }
    }
    if let colon = name.lastIndex(of: ":") { name = name[..<colon] }
    if name == "localhost" { return true }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { !$0.isEmpty && $0.count <= 3 && UInt8($0) != nil }
  }

  /// A name that a proxy in front has passed on; nil if it is none.
  public static func forwardedUser(_ text: String?) -> String? {
    guard let text else { return nil }
    let name = String(
      text.unicodeScalars.filter { $0.value > 0x20 && $0.value < 0x7f }.prefix(64).map(Character.init))
    return name.isEmpty ? nil : name
  }
}
