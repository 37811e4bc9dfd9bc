/// Numbers as servers say them: added without overflow, and written for people.
enum Quantity {
  static func sum(_ one: Int, _ other: Int) -> Int {
    let (sum, overflows) = one.addingReportingOverflow(other)
    return overflows ? .max : sum
  }

  /// The nearest number that an `Int` can be.
  static func whole(_ value: Double) -> Int {
    guard value.isFinite else { return 0 }
    return Int(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
  }

  /// `1 234 567`
  static func count(_ number: Int) -> String {
    let digits = Array(String(number.magnitude))
    var text = number < 0 ? "-" : ""
    for (place, digit) in digits.enumerated() {
      if place > 0, (digits.count - place) % 3 == 0 { text.append(" ") }
      text.append(digit)
    }
    return text
  }

  /// `1 key`, `1 234 keys`
  static func count(_ number: Int, _ one: String, _ many: String? = nil) -> String {
    "\(count(number)) \(number == 1 ? one : many ?? one + "s")"
  }

  /// `12.5 MiB`
  static func bytes(_ number: Int) -> String {
    var value = Double(number)
    for unit in ["B", "KiB", "MiB", "GiB"] {
      if value < 1024 { return "\(tenths(value)) \(unit)" }
      value /= 1024
    }
    return "\(tenths(value)) TiB"
  }

  /// `5 s`, `12 min`, `3 h`
  static func time(seconds: Double) -> String {
    guard seconds.isFinite else { return "an unknown time" }
    if seconds < 90 { return "\(max(1, whole(seconds))) s" }
    if seconds < 5400 { return "\(whole(seconds / 60)) min" }
    return "\(tenths(seconds / 3600)) h"
  }

  static func percent(_ part: Int, of whole: Int) -> String {
    guard whole > 0 else { return "0 %" }
    return "\(tenths(Double(part) / Double(whole) * 100)) %"
  }

  private static func tenths(_ value: Double) -> String {
    let tenths = whole(value * 10)
    return tenths % 10 == 0 || tenths.magnitude >= 1000
      ? "\(tenths / 10)" : "\(tenths / 10).\((tenths % 10).magnitude)"
  }
}
