/// How a server stands with its memory, by `INFO memory` and `INFO stats`.
public struct MemoryReading: Sendable, Equatable {
  /// Bytes.
  public var used: Int
  /// Bytes; 0 is without a limit.
  public var maximum: Int
  /// `maxmemory-policy`; nil where it is not told.
  public var policy: String?
  /// Keys that it has evicted since it was started.
  public var evicted: Int

  public init(used: Int, maximum: Int, policy: String? = nil, evicted: Int = 0) {
    (self.used, self.maximum, self.policy, self.evicted) = (used, maximum, policy, evicted)
  }

  /// Nil if the text does not tell of memory in use and its limit.
  public init?(info text: String) {
    var fields: [Substring: Substring] = [:]
    // By CR, LF or both: Swift takes CRLF for one character of its own.
    for line in text.unicodeScalars.split(whereSeparator: { $0 == "\r" || $0 == "\n" }).map(Substring.init) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[line[..<colon]] = line[line.index(after: colon)...]
    }
    guard let used = fields["used_memory"].flatMap({ Int($0) }), used >= 0,
      let maximum = fields["maxmemory"].flatMap({ Int($0) }), maximum >= 0
    else { return nil }
    self.used = used
    self.maximum = maximum
    policy = fields["maxmemory_policy"].map(String.init)
    evicted = max(0, fields["evicted_keys"].flatMap { Int($0) } ?? 0)
  }

  /// Whether it makes room by itself when it is full. One that does not say is taken to refuse writes, which is worse.
  public var evicts: Bool { policy.map { $0 != "noeviction" } ?? false }

  /// `95 MiB`.
  public static func text(_ bytes: Int) -> String {
    var (value, unit) = (Double(bytes), 0)
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024, unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
    let tenths = Int((value * 10).rounded())
    return unit == 0 || tenths >= 1000 || tenths % 10 == 0
      ? "\(Int(value.rounded())) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }
}
