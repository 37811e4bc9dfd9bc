/// The 95 % interval of a share that was counted, by Wilson (E. B. Wilson, *Probable inference, the law of succession, and statistical
/// inference*, JASA 22, 1927): right for few counts too, and never outside of 0 to 1.
struct Bounds: Equatable {
  let lower: Double
  let upper: Double

  /// - Parameters:
  ///   - bad: of `total`. With 0 of 0 nothing is known: 0 to 1.
  init(_ bad: UInt64, of total: UInt64) {
    guard total > 0 else {
      (lower, upper) = (0, 1)
      return
    }
    let n = Double(total)
    let share = min(1, Double(bad) / n)
    let z = 1.96
    let z2 = z * z
    let middle = share + z2 / (2 * n)
    let reach = z * (share * (1 - share) / n + z2 / (4 * n * n)).squareRoot()
    lower = bad == 0 ? 0 : max(0, (middle - reach) / (1 + z2 / n))
    upper = min(1, (middle + reach) / (1 + z2 / n))
  }
}

extension Double {
  /// A share as people read it: `12.5 %`, two decimals at most.
  var percent: String {
    let hundredths = (self * 10_000).rounded()
    guard hundredths >= 0, hundredths < 1e15 else { return "- %" }
    let whole = UInt64(hundredths)
    let (units, rest) = (whole / 100, whole % 100)
    if rest == 0 { return hundredths == 0 && self > 0 ? "under 0.01 %" : "\(units) %" }
    return rest % 10 == 0 ? "\(units).\(rest / 10) %" : "\(units).\(rest < 10 ? "0" : "")\(rest) %"
  }
}
