/// 0 to 100 % in steps of a hundredth: what an operator may ask for.
public struct Percentage: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// 0 to 10,000.
  public let hundredths: Int

  /// Nil outside 0 to 10,000.
  public init?(hundredths: Int) {
    guard (0...10_000).contains(hundredths) else { return nil }
    self.hundredths = hundredths
  }

  /// Nil outside 0 to 100.
  public init?(percent: Int) {
    guard (0...100).contains(percent) else { return nil }
    hundredths = percent * 100
  }

  /// Digits with at most two decimals, as in `25`, `0.5` or `12.25`; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let isDigits = parts.allSatisfy { part in part.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    guard isDigits, (1...2).contains(parts.count), (1...3).contains(parts[0].utf8.count),
      let whole = Int(parts[0])
    else { return nil }
    guard parts.count == 2 else {
      self.init(percent: whole)
      return
    }
    guard (1...2).contains(parts[1].utf8.count), let fraction = Int(parts[1]) else { return nil }
    self.init(hundredths: whole * 100 + (parts[1].utf8.count == 1 ? fraction * 10 : fraction))
  }

  /// The weights of a `fractional` for it: hundreds where they suffice, else ten thousands.
  public var weights: (first: Int, second: Int) {
    hundredths.isMultiple(of: 100)
      ? (hundredths / 100, 100 - hundredths / 100) : (hundredths, 10_000 - hundredths)
  }

  public static func < (left: Percentage, right: Percentage) -> Bool { left.hundredths < right.hundredths }

  /// As `25`, `0.5` or `12.25`, without the sign.
  public var description: String {
    let (whole, fraction) = hundredths.quotientAndRemainder(dividingBy: 100)
    if fraction == 0 { return "\(whole)" }
    if fraction.isMultiple(of: 10) { return "\(whole).\(fraction / 10)" }
    return "\(whole).\(fraction < 10 ? "0" : "")\(fraction)"
  }
}
