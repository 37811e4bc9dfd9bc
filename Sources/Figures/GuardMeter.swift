import SluiceRouting

/// Makes units for the guardrails of what a lane counts anyway: a comparison of two clocks per turn of the loop, and nothing per
/// command while all is well.
public struct GuardMeter: Sendable {
  /// The length of a slot in nanoseconds.
  public static let slot: UInt64 = 20_000_000

  /// What the guardrails wanted to know when they looked last.
  public private(set) var limits = GuardLimits()
  /// Whether something is to be told of keys about which the stacks agree. While none differs good ones change nothing: the score
  /// is 0.
  public private(set) var isAlert = false
  /// When the slot of this moment is over, in nanoseconds of the lane's clock.
  public private(set) var slotEnds: UInt64 = 0
  /// What the figures said when the slot began.
  private var start = Sides()
  private var minute: UInt64 = 0
  private var differing = Keys()
  private var missing = Keys()
  /// Keys that were compared since the account began.
  private var compared = KeySketch(bits: 1 << 20)
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

  /// Different keys of the present minute. However many more of them there are than the sketch has bits: were the good ones capped before
  /// the bad ones are, a few bad ones would be many at half a million commands a second.
  private struct Tally {
    private var sketch = KeySketch()
    private var rest = 0.0

    mutating func count(_ hash: UInt64) -> UInt64 {
      guard sketch.insert(hash) else { return 0 }
      rest += sketch.weight
      let whole = rest.rounded(.down)
      rest -= whole
      return UInt64(whole)
    }

    mutating func clear() { sketch.clear() }
  }

  /// Keys of the present minute, bad ones and good ones counted alike.
  private struct Keys {
    var bad = Tally()
    var good = Tally()
    /// One was bad since the guardrails looked last.
    var isNews = false

    mutating func clear() {
      bad.clear()
      good.clear()
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
    if legacy.slowRate > max(limits.slow, new.slowRate) { units.slowOnLegacy &+= 1 }
    guard new.operations > 0 else { return }
    let isBad = new.rate > max(limits.failed, legacy.rate)
    if isBad { units.failed.bad &+= 1 } else { units.failed.good &+= 1 }
    guard new.waited > 0 else { return }
    let isSlow = new.slowRate > max(limits.slow, legacy.slowRate)
    if isSlow { units.slow.bad &+= 1 } else { units.slow.good &+= 1 }
  }

  /// The stacks differ about a key. `hash` is of the key.
  public mutating func differed(_ hash: UInt64, at now: UInt64) {
    begin(now)
    (isAlert, differing.isNews) = (true, true)
    units.diverged.bad &+= differing.bad.count(hash)
  }

  /// A client asked new for a key that new does not have, and legacy has.
  public mutating func missed(_ hash: UInt64, at now: UInt64) {
    begin(now)
    (isAlert, missing.isNews) = (true, true)
    units.missed.bad &+= missing.bad.count(hash)
  }

  /// The stacks agree about a key. Need not be called unless ``isAlert``.
  ///
  /// - Parameter isOfNew: a client had asked new for it.
  public mutating func agreed(_ hash: UInt64, isOfNew: Bool, at now: UInt64) {
    begin(now)
    if limits.countsKeys, compared.insert(hash) { units.keys &+= 1 }
    if differing.isNews || limits.isSuspicious { units.diverged.good &+= differing.good.count(hash) }
    if isOfNew, missing.isNews || limits.isMissing { units.missed.good &+= missing.good.count(hash) }
  }

  private mutating func begin(_ now: UInt64) {
    let current = now / 60_000_000_000
    guard current != minute else { return }
    minute = current
    differing.clear()
    missing.clear()
  }

  /// What became units since the last time.
  ///
  /// - Parameter wanted: what the guardrails want to know from here on.
  public mutating func take(
    at now: UInt64, _ figures: borrowing LaneFigures, _ wanted: GuardLimits
  ) -> GuardUnits {
    if now >= slotEnds { closeSlot(at: now, figures) }
    let taken = units
    units = GuardUnits()
    if wanted.countsKeys != limits.countsKeys { compared.clear() }
    limits = wanted
    (differing.isNews, missing.isNews) = (taken.diverged.bad > 0, taken.missed.bad > 0)
    isAlert =
      wanted.isSuspicious || wanted.isMissing || wanted.countsKeys || differing.isNews || missing.isNews
    return taken
  }

  /// Another account begins: no key was compared in it, and what has differed before does so anew.
  public mutating func beginAccount() {
    compared.clear()
    differing.clear()
    missing.clear()
    units = GuardUnits()
  }

  /// To be called just before ``LaneFigures/take()``, behind which the figures begin at 0 again.
  public mutating func willTakeFigures(at now: UInt64, _ figures: borrowing LaneFigures) {
    closeSlot(at: now, figures)
    start = Sides()
  }
}
