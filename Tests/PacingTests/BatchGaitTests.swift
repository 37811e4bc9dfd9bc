import SluicePacing
import Testing

/// How many small keys are under way, with clients about and without.
@Suite struct BatchGaitTests {
  private static let millisecond: UInt64 = 1_000_000

  private func begin(_ gait: inout BatchGait, at now: UInt64) -> Int {
    var count = 0
    while gait.hasRoom {
      gait.began(at: now)
      count += 1
    }
    return count
  }

  @Test func withoutClientsBothServersAreKeptBusy() {
    var gait = BatchGait()
    gait.look(served: 40, at: 0)
    #expect(begin(&gait, at: 0) == BatchGait.most)
    // Room for several, not for one.
    for left in (BatchGait.most / 2 + 1..<BatchGait.most).reversed() {
      #expect(gait.ended(at: 1) == .nothing, "\(left) left")
    }
    #expect(gait.ended(at: 1) == .goOn)
    #expect(begin(&gait, at: 1) == BatchGait.most / 2)
  }

  @Test func whileClientsAreServedAHandfulGoesAndThenRests() {
    var gait = BatchGait()
    gait.look(served: 40, at: 0)
    gait.look(served: 41, at: 1)
    #expect(begin(&gait, at: 1) == BatchGait.handful)
    for _ in 1..<BatchGait.handful { #expect(gait.ended(at: Self.millisecond) == .nothing) }
    #expect(!gait.hasRoom, "nothing comes to a handful that is under way")
    guard case .rest(let rest) = gait.ended(at: Self.millisecond + 1) else {
      Issue.record("it does not rest")
      return
    }
    #expect(rest > 0 && rest <= 5 * Self.millisecond)
    #expect(gait.isResting(at: Self.millisecond + rest))
    #expect(!gait.isResting(at: Self.millisecond + 1 + rest))
    #expect(gait.hasRoom)
  }

  @Test func aHandfulThatTookLongRestsNoLongerThanAFewMilliseconds() {
    var gait = BatchGait()
    gait.look(served: 1, at: 0)
    gait.look(served: 2, at: 1)
    gait.began(at: 1)
    #expect(gait.ended(at: 9_000_000_000) == .rest(5 * Self.millisecond))
  }

  @Test func whenTheClientsAreGoneItGoesOnAtFullSpeed() {
    var gait = BatchGait()
    gait.look(served: 1, at: 0)
    gait.look(served: 2, at: 1)
    #expect(begin(&gait, at: 1) == BatchGait.handful)
    gait.look(served: 2, at: 300 * Self.millisecond)
    #expect(gait.ended(at: 300 * Self.millisecond) == .goOn)
    #expect(begin(&gait, at: 300 * Self.millisecond) > BatchGait.handful)
  }
}
