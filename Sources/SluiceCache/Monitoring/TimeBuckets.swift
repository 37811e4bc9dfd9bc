/// Counts of whole numbers in buckets as an HDR histogram of two digits has them: numbers below 256 each by itself, beyond that 128
/// buckets for each doubling, so that no bucket is wider than a hundredth of what is in it.
///
/// http://hdrhistogram.org, in the few lines that are needed here: a service that caches needs no package for it.
struct TimeBuckets: Sendable {
  private static let half = 128
  private let longest: UInt64
  /// As many as `longest` needs; made with the first number.
  private var counts: [UInt64] = []
  private var total: UInt64 = 0
  private var highest: UInt64 = 0
  private var lowest = UInt64.max

  /// - Parameter longest: larger numbers count as this one.
  init(longest: UInt64) { self.longest = longest }

  mutating func record(_ number: UInt64) {
    let number = min(number, longest)
    if counts.isEmpty { counts = [UInt64](repeating: 0, count: Self.index(of: longest) + 1) }
    counts[Self.index(of: number)] &+= 1
    total &+= 1
    highest = max(highest, number)
    lowest = min(lowest, number)
  }

  /// The number that so many of a hundred are not above; 0 of none.
  func value(atPercentile percent: Double) -> UInt64 {
    guard total > 0 else { return 0 }
    let wanted = max(1, UInt64((max(0, min(percent.nextDown, 100)) * Double(total) / 100).rounded(.up)))
    var sum: UInt64 = 0
    for (index, count) in counts.enumerated() {
      sum &+= count
      if sum >= wanted { return max(min(Self.upperEnd(index), highest), lowest) }
    }
    return highest
  }

  /// Buckets that hold something, by their upper ends.
  var filled: [(upperEnd: UInt64, count: UInt64)] {
    counts.enumerated().filter { $0.element > 0 }.map { (Self.upperEnd($0.offset), $0.element) }
  }

  private static func shift(_ number: UInt64) -> Int { 56 - (number | 255).leadingZeroBitCount }

  private static func index(of number: UInt64) -> Int {
    let shift = shift(number)
    return shift * half + Int(number >> UInt64(shift))
  }

  private static func upperEnd(_ index: Int) -> UInt64 {
    let shift = max(0, index / half - 1)
    return UInt64(index - shift * half + 1) << UInt64(shift) - 1
  }
}
