/// A number of bytes, written as in `redis.conf`: `1k` is 1000 and `1kb` is 1024, likewise `m`/`mb` and
/// `g`/`gb`.
/// `kib`, `mib` and `gib` are the same as `kb`, `mb` and `gb`; case does not matter.
public struct ByteSize: Sendable, Hashable, CustomStringConvertible {
  /// The size in bytes, never negative.
  public let bytes: Int

  /// - Parameter bytes: the size in bytes; a negative one becomes zero.
  public init(bytes: Int) { self.bytes = max(0, bytes) }

  /// Reads `512`, `64kb`, `1mib`.
  /// - Throws: `ValueError` if the text is no whole number with a known unit, or does not fit 63 bits.
  public init(parsing text: String) throws(ValueError) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let unit = text.dropFirst(digits.count).lowercased()
    guard let number = Int(digits), let scale = Self.scales[unit] else {
      throw ValueError("\"\(text)\" is not a size; write bytes or 64kb, 64mb, 1gb")
    }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: scale)
    guard !overflow else { throw ValueError("\"\(text)\" is too large; write a size such as 64mb") }
    self.bytes = bytes
  }

  /// The shortest exact spelling, in binary units: `64mb`, `1000`.
  public var description: String {
    for (unit, scale) in [("gb", 1 << 30), ("mb", 1 << 20), ("kb", 1 << 10)]
    where bytes != 0 && bytes % scale == 0 {
      return "\(bytes / scale)\(unit)"
    }
    return "\(bytes)"
  }

  private static let scales: [String: Int] = [
    "": 1, "b": 1,
    "k": 1000, "kb": 1 << 10, "kib": 1 << 10,
    "m": 1_000_000, "mb": 1 << 20, "mib": 1 << 20,
    "g": 1_000_000_000, "gb": 1 << 30, "gib": 1 << 30,
  ]
}
