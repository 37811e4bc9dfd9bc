/// What a path of the door means.
public enum AdminRoute: Sendable, Hashable {
  case page
  case live
  case ready(isVerbose: Bool)
  /// `?commands=1`: by command as well.
  case metrics(byCommand: Bool)
  /// `?windows=1`: with the last hour, window by window.
  case status(withWindows: Bool)
  case gates
  case plan
  case story(since: Since?)
  case divergences
  /// The proxies of the service beside each other.
  case fleet
  case events
  case order(AdminOrder)

  /// From when on a story is told.
  public enum Since: Sendable, Hashable {
    /// So many seconds ago.
    case ago(Int)
    /// As the ledger writes it: `2026-11-30 16:00:00`.
    case at(String)
  }

  /// Why there is no answer.
  public enum Refusal: Error, Sendable, Hashable {
    case unknownPath
    /// With the methods that are.
    case wrongMethod(allowed: String)
    case badQuery(String)
  }

  public init(method: String, target: String) throws(Refusal) {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let path = String(parts.first ?? "")
    let query = Self.query(parts.count > 1 ? parts[1] : "")
    func isSet(_ name: String) -> Bool {
      guard let value = query[name] else { return false }
      return value != "0" && value != "false"
    }
    if path.hasPrefix("/api/"), let order = AdminOrder(rawValue: String(path.dropFirst(5))) {
      guard method == "POST" else { throw .wrongMethod(allowed: "POST") }
      self = .order(order)
      return
    }
    switch path {
    case "/": self = .page
    case "/livez": self = .live
    case "/readyz": self = .ready(isVerbose: isSet("verbose"))
    case "/metrics": self = .metrics(byCommand: isSet("commands"))
    case "/api/status": self = .status(withWindows: isSet("windows"))
    case "/api/gates": self = .gates
    case "/api/plan": self = .plan
    case "/api/story": self = .story(since: try query["since"].map(Self.since))
    case "/api/divergences": self = .divergences
    case "/api/fleet": self = .fleet
    case "/events": self = .events
    default: throw .unknownPath
    }
    guard method == "GET" || method == "HEAD" else { throw .wrongMethod(allowed: "GET, HEAD") }
  }

  /// Who may ask; nil is everybody.
  public var role: AdminRole? {
    switch self {
    // The page has nothing in it that is not everybody's; what it shows it asks for.
    case .page, .live, .ready: nil
    case .metrics, .status, .gates, .plan, .story, .divergences, .fleet, .events: .view
    case .order(let order): order.role
    }
  }

  /// `a=1&b` as names and values; a name without one has an empty value.
  private static func query(_ text: Substring) -> [String: String] {
    var query: [String: String] = [:]
    for pair in text.split(separator: "&").prefix(32) {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      query[String(sides[0])] = sides.count > 1 ? decoded(sides[1]) : ""
    }
    return query
  }

  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(2)
      if byte == UInt8(ascii: "%"), digits.count == 2,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// `90s`, `15m`, `2h`, `7d`, or a point in time.
  private static func since(_ text: String) throws(Refusal) -> Since {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    if let last = text.last, let unit = units[last], let count = Int(text.dropLast()), count >= 0 {
      let (seconds, isTooMuch) = count.multipliedReportingOverflow(by: unit)
      if !isTooMuch, seconds <= 100 * 366 * 86_400 { return .ago(seconds) }
    }
    // 2026-11-30, 2026-11-30T16:00, 2026-11-30 16:00:00Z
    let shape = Array("dddd-dd-dd dd:dd:dd".utf8)
    let given = text.hasSuffix("Z") ? Array(text.utf8.dropLast()) : Array(text.utf8)
    let fits =
      [10, 16, 19].contains(given.count)
      && zip(given, shape).allSatisfy { byte, wanted in
        switch wanted {
        case UInt8(ascii: "d"): (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        case UInt8(ascii: " "): byte == wanted || byte == UInt8(ascii: "T")
        default: byte == wanted
        }
      }
    guard fits else {
      throw .badQuery(
        "since is neither a time to look back (90s, 15m, 2h, 7d) nor a point in time (2026-11-30T16:00:00Z)")
    }
    return .at(
      String(decoding: given.map { $0 == UInt8(ascii: "T") ? UInt8(ascii: " ") : $0 }, as: UTF8.self))
  }
}
