import Foundation
import SluiceLoadGenerator
import SluiceRedisClient

/// When one rollback was ordered, acknowledged and lifted, by the monotonic clock in nanoseconds.
struct RollbackMark {
  let wentLive: UInt64
  let ordered: UInt64
  let acknowledged: UInt64
  let lifted: UInt64
}

/// Live, rollback, rearm, and again, at moments that follow from a seed.
struct RollbackTrial {
  let proxy: SluiceProcess
  let percent: Int
  let rounds: Int
  let seed: UInt64
  /// The new stack, if it shall be stopped before each rollback.
  var victim: LocalServer?

  func run(_ watch: Watch) throws -> [RollbackMark] {
    let control = try RedisClient(proxy.control)
    var generator = SplitMix64(seed: seed)
    var marks: [RollbackMark] = []
    for round in 0..<rounds {
      // What the round before has done to new speaks against it.
      try order(control, "STAGE", "live", "\(percent)", "FORCE", "bench")
      // While legacy stands in for a new that has just come back, which may last a minute, there is nothing to roll back.
      try until(within: 90, "stage live is in force") { try proxy.effectiveStage() == "live" }
      let seen = watch.answeredByNew
      let wentLive = MonotonicClock.now()
      // Without a read from the new stack before it, a rollback would prove nothing.
      try until(within: 5, "round \(round + 1): a read comes from the new stack") {
        watch.answeredByNew > seen
      }
      usleep(UInt32.random(in: 5000..<40_000, using: &generator))
      // Long enough that every client waits for an answer that does not come.
      if let victim {
        kill(victim.process.pid, SIGSTOP)
        usleep(20_000)
      }
      defer { if let victim { kill(victim.process.pid, SIGCONT) } }
      let ordered = MonotonicClock.now()
      try order(control, "ROLLBACK", "bench")
      let acknowledged = MonotonicClock.now()
      usleep(30_000)
      let lifted = MonotonicClock.now()
      if let victim {
        kill(victim.process.pid, SIGCONT)
        try until(within: 10, "new is back") { try proxy.health("new") == "up" }
      }
      marks.append(
        RollbackMark(wentLive: wentLive, ordered: ordered, acknowledged: acknowledged, lifted: lifted))
      try order(control, "REARM")
    }
    return marks
  }

  private func until(within seconds: UInt64, _ what: String, _ condition: () throws -> Bool) throws {
    let deadline = MonotonicClock.now() + seconds * 1_000_000_000
    while try !condition() {
      guard MonotonicClock.now() < deadline else { throw BenchError("not within \(seconds) s: \(what)") }
      usleep(500)
    }
  }

  private func order(_ control: RedisClient, _ words: String...) throws {
    if case .error(let text) = try control.command(words.map { Array($0.utf8) }) {
      throw BenchError("sluice refused \(words.joined(separator: " ")): \(text)")
    }
  }
}

/// What the rollbacks showed; times in milliseconds.
struct RollbackReport: Codable {
  let rollbacks: Int
  let acknowledgement: Spread?
  /// Reads by the new stack while it was live: what could have gone wrong afterwards.
  let newReadsWhileLive: Int
  /// Reads that began after an acknowledgement and ended before the rollback was lifted. One that was still under way
  /// then may rightly be answered by either stack.
  let readsAfter: Int
  /// Those of them that the new stack answered.
  let newReadsAfter: Int
  /// Those that were answered by an error, and those of all that began before an acknowledgement.
  let errorsAfter: Int
  let errorsBefore: Int
  /// Errors that the load may see: commands in flight at a stack that was stopped.
  let allowedErrors: Int
  let load: LoadFigures

  init(marks: [RollbackMark], readings: [Watch.Reading], load: LoadFigures, allowedErrors: Int) {
    let ordered = readings.sorted { $0.began < $1.began }
    var (live, after, wrong, failed) = (0, 0, 0, 0)
    var next = 0
    for reading in ordered {
      while next < marks.count, reading.began >= marks[next].lifted { next += 1 }
      guard next < marks.count else { break }
      if reading.began > marks[next].acknowledged {
        guard reading.ended < marks[next].lifted else { continue }
        after += 1
        wrong += reading.byNew ? 1 : 0
        failed += reading.isError ? 1 : 0
      } else if reading.began >= marks[next].wentLive, reading.began < marks[next].ordered, reading.byNew {
        live += 1
      }
    }
    rollbacks = marks.count
    acknowledgement = Spread(marks.map { Double($0.acknowledged - $0.ordered) / 1e6 })
    newReadsWhileLive = live
    readsAfter = after
    newReadsAfter = wrong
    errorsAfter = failed
    errorsBefore = ordered.count { $0.isError } - failed
    self.allowedErrors = allowedErrors
    self.load = load
  }

  /// Zero of zero is no pass.
  var passes: Bool {
    newReadsAfter == 0 && readsAfter > 0 && newReadsWhileLive > 0 && errorsAfter == 0
      && load.errors <= allowedErrors && load.unanswered == 0
      && load.lostConnections == 0
  }

  var text: String {
    let times = acknowledgement.map {
      "median \(fixed($0.median, 2)) ms, longest \(fixed($0.most, 2)) ms"
    }
    return """
      rollbacks            \(rollbacks), acknowledged after \(times ?? "-")
      before them          \(newReadsWhileLive) watched reads were answered by new
      after them           \(readsAfter) watched reads began; \(newReadsAfter) of them were answered by new, \(errorsAfter) by an error
      in flight            \(errorsBefore) watched reads were answered by an error
      verdict              \(passes ? "PASS" : "FAIL")
      the load meanwhile
      \(load.text)
      """
  }
}
