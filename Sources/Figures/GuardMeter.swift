import SluiceRouting

/// Makes units for the guardrails of what a lane counts anyway: a comparison of two clocks per turn of the loop, and nothing per
/// command while all is well.
public struct GuardMeter: Sendable {
  /// The length of a slot in nanoseconds.
  public static let slot: UInt64 = 20_000_000
  /// Bits for keys of a minute. With more keys than these some share a bit, bad ones as well as good ones.
  static let bits = 1 << 16

  /// Whether a key differed lately, so that good ones count as well. While none does they change nothing: the score is 0.
  public private(set) var isAlert = false
  /// The share of new's commands in a slot that may fail.
  private var limit = 1.0
  /// When the slot of this moment is over, in nanoseconds of the lane's clock.
  public private(set) var slotEnds: UInt64 = 0
  /// What the figures said when the slot began.
  private var start = Sides()
  private var minute: UInt64 = 0
  private var badKeys: [UInt64] = []
  private var goodKeys: [UInt64] = []
  private var units = GuardUnits()

  private struct Sides {
    var legacy = StackWork()
    var new = StackWork()

    init() {}

    init(_ figures: borrowing LaneFigures) {
      legacy = StackWork(.legacy, in: figures)
      new = StackWork(.new, in: figures)
    }
  }

  /// Nothing counted yet.
  public init() {}

  /// To be called by the first turn of the loop that begins at ``slotEnds`` or later: what is counted from here on belongs to the
  /// next slot.
  public mutating func closeSlot(at now: UInt64, _ figures: borrowing LaneFigures) {
    slotEnds = now &+ Self.slot
    let end = Sides(figures)
    let new = end.new.since(start.new)
    let legacy = end.legacy.since(start.legacy)
    start = end
    guard new.operations > 0 else { return }
    let isBad = new.rate > max(limit, legacy.rate)
    if isBad { units.failed.bad &+= 1 } else { units.failed.good &+= 1 }
  }

  /// The stacks differ about a key. `hash` is of the key.
  public mutating func differed(_ hash: UInt64, at now: UInt64) {
    begin(now)
    isAlert = true
    if Self.isFirst(hash, in: &badKeys) { units.diverged.bad &+= 1 }
  }

  /// The stacks agree about a key. Need not be called unless ``isAlert``.
  public mutating func agreed(_ hash: UInt64, at now: UInt64) {
    begin(now)
    if Self.isFirst(hash, in: &goodKeys) { units.diverged.good &+= 1 }
  }

  private mutating func begin(_ now: UInt64) {
    let current = now / 60_000_000_000
    guard current != minute || badKeys.isEmpty else { return }
    minute = current
    badKeys = [UInt64](repeating: 0, count: Self.bits / 64)
    goodKeys = badKeys
  }

  private static func isFirst(_ hash: UInt64, in keys: inout [UInt64]) -> Bool {
    let bit = Int(truncatingIfNeeded: hash) & (bits - 1)
    guard keys[bit >> 6] & 1 << UInt64(bit & 63) == 0 else { return false }
    keys[bit >> 6] |= 1 << UInt64(bit & 63)
    return true
  }

  /// What became units since the last time.
  ///
  /// - Parameters:
  ///   - limit: the share of new's commands in a slot that may fail, from here on.
  ///   - isSuspicious: whether the score of divergences is above 0, so that good keys count.
  public mutating func take(
    at now: UInt64, _ figures: borrowing LaneFigures, limit: Double, isSuspicious: Bool
  ) -> GuardUnits {
    if now >= slotEnds { closeSlot(at: now, figures) }
    let taken = units
    units = GuardUnits()
    self.limit = limit
    isAlert = isSuspicious || taken.diverged.bad > 0
    return taken
  }

  /// To be called just before ``LaneFigures/take()``, behind which the figures begin at 0 again.
  public mutating func willTakeFigures(at now: UInt64, _ figures: borrowing LaneFigures) {
    closeSlot(at: now, figures)
    start = Sides()
  }
}
