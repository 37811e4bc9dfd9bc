import Testing

@testable import SluiceCore

@Suite struct BackoffTests {
  private static let milliseconds: UInt64 = 1_000_000

  private func pauses(_ end: Backoff.End, _ count: Int) -> [Int64] {
    var backoff = Backoff()
    return (0..<count).map { _ in backoff.failed(end, initial: 50_000_000, maximum: 2_000_000_000) / 1_000_000
    }
  }

  @Test func whatNeverCameUpIsAskedLessAndLess() {
    #expect(pauses(Backoff.End(), 8) == [50, 100, 200, 400, 800, 1600, 2000, 2000])
  }

  @Test func anAnswerIsNoProofIfTheStackBreaksTheProtocol() {
    let end = Backoff.End(lived: 100 * BackoffTests.milliseconds, hasAnswered: true, isBroken: true)
    #expect(pauses(end, 4) == [50, 100, 200, 400])
  }

  @Test func aHandShakeIsNoProof() {
    let end = Backoff.End(lived: 1900 * BackoffTests.milliseconds, hasAnswered: false)
    #expect(pauses(end, 4) == [50, 100, 200, 400])
  }

  @Test func whoAnsweredForLongerThanItWasWaitedForHasWorked() {
    let long = Backoff.End(lived: 51 * BackoffTests.milliseconds, hasAnswered: true)
    #expect(pauses(long, 4) == [50, 50, 50, 50])
    let short = Backoff.End(lived: 5 * BackoffTests.milliseconds, hasAnswered: true)
    #expect(pauses(short, 4) == [50, 100, 200, 400])
  }

  @Test func whatLastedIsForgiven() {
    var backoff = Backoff()
    for _ in 0..<9 { _ = backoff.failed(Backoff.End(), initial: 50_000_000, maximum: 2_000_000_000) }
    let end = Backoff.End(lived: 2001 * BackoffTests.milliseconds, hasAnswered: false, isBroken: true)
    #expect(backoff.failed(end, initial: 50_000_000, maximum: 2_000_000_000) == 50_000_000)
    #expect(backoff.failures == 1)
  }

  @Test(arguments: [Int64.min, -1, 0, 1, 1 << 40, .max]) func noSettingOverflows(setting: Int64) {
    for other in [Int64.min, -1, 0, 1, 1 << 40, .max] {
      var backoff = Backoff()
      for _ in 0..<100 {
        let pause = backoff.failed(
          Backoff.End(lived: .max, hasAnswered: true), initial: setting, maximum: other)
        #expect(pause >= 1)
      }
      for _ in 0..<100 { #expect(backoff.failed(Backoff.End(), initial: setting, maximum: other) >= 1) }
    }
  }
}
