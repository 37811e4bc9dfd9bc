import SluiceFigures
import SluiceRouting
import Testing

@Suite struct GuardMeterTests {
  private static let limits = {
    var limits = GuardLimits()
    (limits.failed, limits.slow) = (0.01, 0.05)
    return limits
  }()

  private func asked(
    _ figures: inout LaneFigures, _ stack: StackID = .new, good: Int = 0, failed: Int = 0,
    _ kind: ErrorKind = .timeout
  ) {
    figures[stack, .primary, .write].operations &+= UInt64(good)
    for _ in 0..<failed {
      figures[stack, .primary, .write].operations &+= 1
      figures.recordError(kind, on: stack, .primary, .write)
    }
  }

  @Test("However many commands fail in a slot, it is one bad unit; a slot in which nothing is asked is none")
  func slots() {
    var (meter, figures) = (GuardMeter(), LaneFigures())
    _ = meter.take(at: 1, figures, Self.limits)
    asked(&figures, failed: 1000)
    meter.closeSlot(at: meter.slotEnds, figures)
    meter.closeSlot(at: meter.slotEnds, figures)
    asked(&figures, good: 100)
    meter.closeSlot(at: meter.slotEnds, figures)
    asked(&figures, good: 99, failed: 1)
    meter.closeSlot(at: meter.slotEnds, figures)
    asked(&figures, failed: 1, .reply)
    let units = meter.take(at: meter.slotEnds, figures, Self.limits)
    #expect(
      units.failed == .init(good: 3, bad: 1), "1 of 100 is the limit; the client's own errors are no failures"
    )
    #expect(meter.take(at: meter.slotEnds, figures, Self.limits) == GuardUnits())
  }

  @Test("A slot is one of the stack: what many lanes see of one fault is one fault")
  func lanes() {
    var all = GuardUnits()
    for lane in 0..<32 {
      var units = GuardUnits()
      units.failed = .init(good: 4, bad: lane % 2 == 0 ? 1 : 0)
      units.slow = .init(good: 5)
      units.diverged = .init(bad: 1)
      all.merge(units)
    }
    #expect(all.failed == .init(good: 4, bad: 1))
    #expect(all.slow == .init(good: 5))
    #expect(all.diverged == .init(bad: 32), "keys are of one lane each")
  }

  @Test("A slot in which legacy fails as much is not new's fault")
  func beyondLegacy() {
    var (meter, figures) = (GuardMeter(), LaneFigures())
    _ = meter.take(at: 1, figures, Self.limits)
    asked(&figures, .legacy, good: 1, failed: 1)
    asked(&figures, good: 1, failed: 1)
    meter.closeSlot(at: meter.slotEnds, figures)
    asked(&figures, .legacy, good: 2, failed: 1)
    asked(&figures, good: 1, failed: 1)
    let units = meter.take(at: meter.slotEnds, figures, Self.limits)
    #expect(units.failed == .init(good: 1, bad: 1))
  }

  @Test("A slot survives that the figures are taken in its middle")
  func taken() {
    var (meter, figures) = (GuardMeter(), LaneFigures())
    _ = meter.take(at: 1, figures, Self.limits)
    asked(&figures, good: 1000)
    meter.willTakeFigures(at: 5, figures)
    _ = figures.take()
    asked(&figures, failed: 3)
    let units = meter.take(at: meter.slotEnds, figures, Self.limits)
    #expect(units.failed == .init(good: 1, bad: 1))
  }

  @Test("A key counts once a minute as bad and once as good")
  func keys() {
    var (meter, figures) = (GuardMeter(), LaneFigures())
    #expect(!meter.isAlert)
    for _ in 0..<100 { meter.differed(7, at: 1) }
    #expect(meter.isAlert)
    for _ in 0..<100 { meter.agreed(7, isOfNew: false, at: 2) }
    for key in 0..<10 as Range<UInt64> { meter.agreed(key, isOfNew: false, at: 3) }
    var units = meter.take(at: 4, figures, GuardLimits())
    #expect(units.diverged == .init(good: 10, bad: 1))
    #expect(meter.isAlert, "a bad one came just now")
    units = meter.take(at: 5, figures, GuardLimits())
    #expect(units.diverged == .init() && !meter.isAlert)
    meter.differed(7, at: 6)
    meter.differed(7, at: 61_000_000_000)
    figures.compare.matched = 1
    #expect(meter.take(at: 61_000_000_001, figures, GuardLimits()).diverged == .init(bad: 1))
  }

  private func answered(_ figures: inout LaneFigures, _ stack: StackID, fast: UInt64, slow: UInt64) {
    figures[stack, .primary, .read].operations &+= fast + slow
    figures[stack, .primary, .read].slow &+= slow
    // Nobody waits for what a mirror does.
    figures[stack, .mirror, .read].operations &+= 1000
    figures[stack, .mirror, .read].slow &+= 1000
  }

  @Test(
    "A slot is slow if more of new's answers are than the limit, and more than legacy's; mirrors do not count"
  )
  func slow() {
    let rows: [(new: (UInt64, UInt64), legacy: (UInt64, UInt64), bad: UInt64?)] = [
      ((100, 0), (100, 0), 0), ((0, 1), (0, 0), 1), ((95, 5), (100, 0), 0), ((94, 6), (100, 0), 1),
      ((50, 50), (50, 50), 0), ((50, 50), (51, 49), 1), ((0, 0), (0, 9), nil),
    ]
    for row in rows {
      var (meter, figures) = (GuardMeter(), LaneFigures())
      _ = meter.take(at: 1, figures, Self.limits)
      answered(&figures, .new, fast: row.new.0, slow: row.new.1)
      answered(&figures, .legacy, fast: row.legacy.0, slow: row.legacy.1)
      let units = meter.take(at: meter.slotEnds, figures, Self.limits)
      #expect(units.slow.good + units.slow.bad == (row.bad == nil ? 0 : 1) && units.slow.bad == row.bad ?? 0)
      #expect(units.slowOnLegacy == (row.bad == nil ? 1 : 0))
    }
  }

  @Test("What new lacks counts for keys that clients asked it for, capped as well")
  func missed() {
    var (meter, figures) = (GuardMeter(), LaneFigures())
    for _ in 0..<100 { meter.missed(7, at: 1) }
    #expect(meter.isAlert)
    for key in 0..<10 as Range<UInt64> { meter.agreed(key, isOfNew: true, at: 2) }
    for key in 100..<110 as Range<UInt64> { meter.agreed(key, isOfNew: false, at: 2) }
    let units = meter.take(at: 3, figures, GuardLimits())
    #expect(units.missed == .init(good: 10, bad: 1) && units.diverged == .init())
    figures.compare.matched = 1
  }

  @Test(
    "A key that differed under another routing is a fault of the present one as well, and counts for it alone"
  )
  func anotherAccount() {
    let figures = LaneFigures()
    var meter = GuardMeter()
    meter.differed(7, at: 1)
    meter.missed(8, at: 1)
    #expect(meter.take(at: 2, figures, Self.limits).diverged.bad == 1)
    meter.differed(7, at: 3)
    #expect(meter.take(at: 4, figures, Self.limits).diverged.bad == 0, "it has counted in this minute")
    meter.differed(9, at: 5)
    meter.beginAccount()
    #expect(meter.take(at: 6, figures, Self.limits) == GuardUnits())
    meter.differed(7, at: 7)
    meter.missed(8, at: 7)
    let units = meter.take(at: 8, figures, Self.limits)
    #expect(units.diverged.bad == 1 && units.missed.bad == 1)
  }

  @Test("Different keys are counted as long as somebody asks, and anew for each account")
  func differentKeys() {
    var limits = GuardLimits()
    limits.countsKeys = true
    var meter = GuardMeter()
    _ = meter.take(at: 1, LaneFigures(), limits)
    for _ in 0..<3 { for key in 0..<50 as Range<UInt64> { meter.agreed(key, isOfNew: false, at: 2) } }
    #expect(meter.take(at: 3, LaneFigures(), limits).keys == 50)
    meter.agreed(7, isOfNew: false, at: 4)
    meter.beginAccount()
    meter.agreed(7, isOfNew: false, at: 5)
    #expect(meter.take(at: 6, LaneFigures(), limits).keys == 1)
  }
}
