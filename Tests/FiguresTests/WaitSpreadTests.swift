import SluiceFigures
import SluiceRouting
import Testing

/// How clients waited is told from what the stacks took, and from what was held.
@Suite struct WaitSpreadTests {
  private func figures() -> LaneFigures {
    var figures = LaneFigures()
    for _ in 0..<98 { figures[.legacy, .primary, .read].latency.record(nanoseconds: 10_000) }
    figures[.new, .primary, .read].latency.record(nanoseconds: 20_000)
    figures[.new, .primary, .write].latency.record(nanoseconds: 30_000)
    figures[.new, .mirror, .write].latency.record(nanoseconds: 9_000_000_000)
    return figures
  }

  @Test("Where nothing was held, clients wait for their primaries, and for no mirror")
  func nothingHeld() {
    let spread = figures().clientWaits()
    #expect(spread.count == 100 && spread.microseconds(atPercent: 50) == 10)
    #expect(spread.microseconds(atPercent: 99) == 20 && spread.microseconds(atPercent: 100) == 30)
    #expect(figures().clientWaits(.read).count == 99 && figures().clientWaits(.other).count == 0)
    #expect(LaneFigures().clientWaits().microseconds(atPercent: 99) == 0)
  }

  @Test("Windows of a process before stand before those of this one, and say how far back they go")
  func before() {
    var window = FigureWindows(seconds: 60, limit: 60, begins: 3660)
    #expect(window.covered(by: 3600, at: 3665) == 6)
    window.recall(figures(), at: 3000)
    window.add(figures(), at: 3661)
    window.recall(figures(), at: 3600)
    window.recall(figures(), at: 3599)
    #expect(window.each(of: 3600, at: 3665).map(\.start) == [3000, 3540, 3600, 3660])
    #expect(window.sum(over: 60, at: 3665).clientWaits().count == 200)
    #expect(window.covered(by: 3600, at: 3665) == 666 && window.covered(by: 60, at: 3665) == 66)
    #expect(window.latest(since: 3660) { _ in true }.clientWaits().count == 100)
    window.recall(LaneFigures(), at: 2000)
    #expect(window.each(of: 3600, at: 3665).count == 4 && window.covered(by: 3600, at: 3665) == 1686)
  }

  @Test("A held command counts once, with all that its client waited, whatever interval it falls into")
  func held() {
    var figures = figures()
    figures.waits.replaced(.read, nanoseconds: 20_000)
    figures.waits.waited(.read, nanoseconds: 500_020_000)
    let spread = figures.clientWaits()
    #expect(spread.count == 100 && spread.microseconds(atPercent: 98) == 10)
    #expect((500_000...540_000).contains(spread.microseconds(atPercent: 100)))
    #expect(
      figures[.new, .primary, .read].latency.value(atPercentile: 100) == 20, "the stack's is what it was")
    let taken = figures.take()
    #expect(figures.isEmpty && figures.waits.isEmpty && taken.clientWaits().count == 100)
    figures.merge(taken)
    figures.merge(self.figures())
    #expect(figures.clientWaits().count == 200)
    var window = FigureWindows(seconds: 60, limit: 60)
    window.add(taken, at: 30)
    window.add(self.figures(), at: 90)
    #expect(window.sum(over: 3600, at: 100).clientWaits().count == 200)
    #expect(window.each(of: 3600, at: 100).map(\.start) == [0, 60])
    #expect(window.covered(by: 3600, at: 100) == 101 && window.covered(by: 60, at: 7300) == 101)
    // A wait whose stack's answer fell into the interval before.
    var later = LaneFigures()
    later.waits.replaced(.read, nanoseconds: 20_000)
    later.waits.waited(.read, nanoseconds: 900_000)
    #expect(later.clientWaits().count == 1)
  }
}
