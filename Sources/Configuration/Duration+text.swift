/// Durations as they are written in `sluice.yaml`: a whole number and `ms`, `s`, `m`, `h` or `d`; `0` needs
/// no unit.
extension Duration {
  /// Reads `250ms`, `1s`, `2m`.
  /// - Throws: `ValueError` if the text is no whole number with a known unit, or is longer than 10000 days.
  public init(parsing text: String) throws(ValueError) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let unit = text.dropFirst(digits.count).lowercased()
    guard let number = Int64(digits) else {
      throw ValueError("\"\(text)\" is not a duration; write 250ms, 1s or 2m")
    }
    if unit.isEmpty {
      guard number == 0 else {
        throw ValueError("\"\(text)\" has no unit; write \(number)ms or \(number)s")
      }
      self = .zero
      return
    }
    guard let scale = Self.units.first(where: { $0.name == unit })?.milliseconds else {
      throw ValueError("\"\(text)\" is not a duration; write 250ms, 1s or 2m")
    }
    let (milliseconds, overflow) = number.multipliedReportingOverflow(by: scale)
    guard !overflow, milliseconds <= 10_000 * 86_400_000 else {
      throw ValueError("\"\(text)\" is too long; write at most 10000d")
    }
    self = .milliseconds(milliseconds)
  }

  /// The shortest exact spelling down to the millisecond: `1s`, `1500ms`, `0`.
  public var text: String {
    let milliseconds = wholeMilliseconds
    guard milliseconds != 0 else { return "0" }
    let unit = Self.units.first { milliseconds % $0.milliseconds == 0 }
    return "\(milliseconds / (unit?.milliseconds ?? 1))\(unit?.name ?? "ms")"
  }

  /// Whole milliseconds, rounded towards zero; at most `Int64.max`.
  public var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    guard !overflow else { return seconds < 0 ? .min : .max }
    let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
    return carried ? (seconds < 0 ? .min : .max) : sum
  }

  private static let units: [(name: String, milliseconds: Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
  ]
}
