import SluiceFigures
import SluiceRouting
import Testing

@Suite struct FigureWindowsTests {
  private func reads(_ count: UInt64) -> LaneFigures {
    var figures = LaneFigures()
    figures[.new, .primary, .read].operations = count
    return figures
  }

  private func operations(_ window: WindowFigures) -> UInt64 { window.work(.new).operations }

  @Test func sumsReachBackAndOldOnesGo() {
    var windows = FigureWindows(seconds: 10, limit: 6)
    for second in stride(from: 0, to: 100, by: 5) as StrideTo<UInt64> { windows.add(reads(1), at: second) }
    #expect(operations(windows.sum(over: 0, at: 99)) == 2, "the window of this moment")
    #expect(operations(windows.sum(over: 10, at: 99)) == 4)
    #expect(operations(windows.sum(over: 1000, at: 99)) == 12, "six windows of two")
    // A quiet hour makes nothing better: what was seen last stays known, and is of no recent time.
    windows.add(LaneFigures(), at: 5000)
    #expect(operations(windows.sum(over: 60, at: 5000)) == 0)
    #expect(operations(windows.latest { $0.newOperations > 0 }) == 4)
    #expect(operations(windows.sum(over: 5000, at: 5000)) == 4, "and only that")
  }

  @Test func theLatestAreThoseWithSomethingInThem() {
    var windows = FigureWindows(seconds: 10, limit: 60)
    windows.add(reads(5), at: 5)
    windows.add(reads(7), at: 25)
    var compared = LaneFigures()
    compared.compare.matched = 3
    windows.add(compared, at: 45)
    #expect(operations(windows.latest { $0.work(.new).operations > 0 }) == 12)
    #expect(windows.latest { $0.compared > 0 }.compared == 3)
  }
}
