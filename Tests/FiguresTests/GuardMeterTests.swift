import SluiceFigures
import SluiceRouting
import Testing

@Suite struct GuardMeterTests {
  private static let slot = GuardMeter.slot

  private func asked(
    _ figures: inout LaneFigures, _ stack: StackID = .new, good: Int = 0, failed: Int = 0,
    _ kind: ErrorKind = .timeout
  ) {
    figures[stack, .write].operations &+= UInt64(good)
    for _ in 0..<failed { figures.recordUnanswered(kind, on: stack, .write) }
  }

  @Test("However many commands fail in a slot, it is one bad unit; a slot in which nothing is asked is none")
  func slots() {
    var (meter, figures) = (GuardMeter(), LaneFigures())
    _ = meter.take(at: 1, figures, limit: 0.01, isSuspicious: false)
    asked(&figures, failed: 1000)
    meter.closeSlot(at: meter.slotEnds, figures)
    meter.closeSlot(at: meter.slotEnds, figures)
    asked(&figures, good: 100)
    meter.closeSlot(at: meter.slotEnds, figures)
    asked(&figures, good: 99, failed: 1)
    meter.closeSlot(at: meter.slotEnds, figures)
    asked(&figures, failed: 1, .reply)
    let units = meter.take(at: meter.slotEnds, figures, limit: 0.01, isSuspicious: false)
    #expect(
      units.failed == .init(good: 3, bad: 1), "1 of 100 is the limit; the client's own errors are no failures"
    )
    #expect(meter.take(at: meter.slotEnds, figures, limit: 0.01, isSuspicious: false) == GuardUnits())
  }

  @Test("A slot in which legacy fails as much is not new's fault")
  func beyondLegacy() {
    var (meter, figures) = (GuardMeter(), LaneFigures())
    _ = meter.take(at: 1, figures, limit: 0.01, isSuspicious: false)
    asked(&figures, .legacy, good: 1, failed: 1)
    asked(&figures, good: 1, failed: 1)
    meter.closeSlot(at: meter.slotEnds, figures)
    asked(&figures, .legacy, good: 2, failed: 1)
    asked(&figures, good: 1, failed: 1)
    let units = meter.take(at: meter.slotEnds, figures, limit: 0.01, isSuspicious: false)
    #expect(units.failed == .init(good: 1, bad: 1))
  }

  @Test("A slot survives that the figures are taken in its middle")
  func taken() {
    var (meter, figures) = (GuardMeter(), LaneFigures())
    _ = meter.take(at: 1, figures, limit: 0.01, isSuspicious: false)
    asked(&figures, good: 1000)
    meter.willTakeFigures(at: 5, figures)
    _ = figures.take()
    asked(&figures, failed: 3)
    let units = meter.take(at: meter.slotEnds, figures, limit: 0.01, isSuspicious: false)
    #expect(units.failed == .init(good: 1, bad: 1))
  }

  @Test("A key counts once a minute as bad and once as good")
  func keys() {
    var (meter, figures) = (GuardMeter(), LaneFigures())
    #expect(!meter.isAlert)
    for _ in 0..<100 { meter.differed(7, at: 1) }
    #expect(meter.isAlert)
    for _ in 0..<100 { meter.agreed(7, at: 2) }
    for key in 0..<10 as Range<UInt64> { meter.agreed(key, at: 3) }
    var units = meter.take(at: 4, figures, limit: 1, isSuspicious: false)
    #expect(units.diverged == .init(good: 10, bad: 1))
    #expect(meter.isAlert, "a bad one came just now")
    units = meter.take(at: 5, figures, limit: 1, isSuspicious: false)
    #expect(units.diverged == .init() && !meter.isAlert)
    meter.differed(7, at: 6)
    meter.differed(7, at: 61_000_000_000)
    figures.compare.matched = 1
    #expect(meter.take(at: 61_000_000_001, figures, limit: 1, isSuspicious: false).diverged == .init(bad: 1))
  }
}
