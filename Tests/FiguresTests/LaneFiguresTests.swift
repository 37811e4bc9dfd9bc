import SluiceFigures
import SluiceRouting
import Testing

@Suite struct LaneFiguresTests {
  @Test func everyStackAndClassHasItsOwnFigures() {
    var figures = LaneFigures()
    var number: UInt64 = 0
    for stack in [StackID.legacy, .new] {
      for commandClass in CommandClass.allCases {
        number += 1
        figures[stack, .primary, commandClass].operations += number
        figures[stack, .primary, commandClass].latency.record(nanoseconds: Int64(number) * 1000)
      }
    }
    number = 0
    for stack in [StackID.legacy, .new] {
      for commandClass in CommandClass.allCases {
        number += 1
        #expect(figures[stack, commandClass].operations == number)
        #expect(figures[stack, commandClass].latency.value(atPercentile: 50) == number)
      }
    }
  }

  @Test func takeReturnsWhatWasCountedAndLeavesNothing() {
    var figures = filled()
    let taken = figures.take()
    expectFilled(taken, times: 1)
    #expect(!taken.isEmpty)
    #expect(figures.isEmpty)
    #expect(figures.take().isEmpty)
    figures[.new, .primary, .write].operations += 1
    figures[.new, .primary, .write].latency.record(nanoseconds: 5_000)
    #expect(figures[.new, .write].latency.count == 1)
    #expect(taken[.new, .write].latency.count == 0)
    #expect(LaneFigures().isEmpty)
  }

  @Test func mergeAddsEverything() {
    var sum = LaneFigures()
    for _ in 0..<3 { sum.merge(filled()) }
    sum.merge(LaneFigures())
    expectFilled(sum, times: 3)
  }

  @Test func aCompareHasOneResult() {
    var compare = CompareFigures()
    #expect(compare.isEmpty && compare.compared == 0)
    compare.matched = 3
    compare.superseded = 2
    compare.diverged = 1
    compare.dropped = 5
    compare.ignored = 7
    #expect(compare.compared == 6)
  }

  @Test func divergencesAreCountedByKindAndCommand() {
    var counts = DivergenceCounts()
    counts.forEachCount { _, _, _ in Issue.record("counted nothing") }
    counts.record(.value, command: 0)
    counts.record(.timeout, command: 510)
    counts.record(.timeout, command: 511)
    counts.record(.timeout, command: 512)
    counts.record(.timeout, command: .max)
    #expect(counts[.value, 0] == 1)
    #expect(counts[.timeout, 510] == 1)
    #expect(counts[.timeout, 511] == 3)
    #expect(counts[.timeout, 4000] == 3)
    #expect(counts[.timeout] == 4)
    #expect(counts[.ttl] == 0)
    #expect(counts.total == 5)
    var seen: [String] = []
    counts.forEachCount { seen.append("\($0.name) \($1) \($2)") }
    #expect(seen == ["value 0 1", "timeout 510 1", "timeout 511 3"])
  }

  @Test("what is counted by command is counted by class, whatever its number, and known before it is taken")
  func sums() {
    var figures = LaneFigures()
    let outcomes: [CommandFigures.Outcome] = [.done, .hit, .hit, .miss, .refused, .failed]
    for (command, commandClass) in [(3, CommandClass.read), (511, .read), (60_000, .write)] {
      for outcome in outcomes {
        figures.record(
          .new, .primary, commandClass, command: UInt16(command), nanoseconds: 5_000,
          isSlow: outcome == .done,
          outcome)
      }
    }
    figures.recordUnanswered(.timeout, on: .new, .primary, .write, command: 60_000)
    #expect(!figures.isEmpty)
    // A guardrail looks before anything is taken.
    let work = StackWork(.new, in: figures)
    #expect([work.operations, work.failures, work.waited, work.slow] == [19, 4, 19, 3])
    let taken = figures.take()
    let reads = taken[.new, .primary, .read]
    #expect(
      [reads.operations, reads.hits, reads.misses, reads.errors, reads.failures, reads.slow] == [
        12, 4, 2, 4, 2, 2,
      ])
    #expect(reads.latency.count == 12)
    let writes = taken[.new, .primary, .write]
    #expect(
      [writes.operations, writes.hits, writes.misses, writes.errors, writes.failures] == [7, 2, 1, 3, 2])
    #expect(taken.errors[.new, .timeout] == 1)
    #expect(figures.isEmpty && figures.take()[.new, .primary, .read].operations == 0)
    var seen: [String] = []
    var both = taken
    both.merge(taken)
    both.commands.forEachCell { stack, role, command, cell in
      seen.append("\(stack) \(role) \(command) \(cell.operations) \(cell.failures)")
    }
    #expect(seen == ["new primary 3 12 2", "new primary 511 26 6"])
  }

  @Test("an answer is counted at a glance if it is like the last one in everything, and only then")
  func alike() {
    var figures = LaneFigures()
    func isAlike(
      _ stack: StackID = .new, _ role: Role = .primary, command: UInt16 = 3, after: Int64 = 5_000,
      isNull: Bool = false
    ) -> Bool {
      figures.recordAlike(stack, role, command: command, nanoseconds: after, isNull: isNull)
    }
    #expect(!isAlike(.legacy, command: 0, after: 0), "nothing was before it")
    for outcome in [CommandFigures.Outcome.hit, .miss, .done, .refused, .failed] {
      figures.record(.new, .primary, .read, command: 3, nanoseconds: 5_000, isSlow: true, outcome)
      let counts = figures.take()[.new, .primary, .read]
      #expect(counts.operations == 1 && counts.slow == 1)
      for other in [
        isAlike(.legacy), isAlike(.new, .mirror), isAlike(command: 4), isAlike(after: 5_001),
      ] { #expect(!other, "\(outcome)") }
      #expect(isAlike(isNull: false) == (outcome == .hit || outcome == .done), "\(outcome)")
      #expect(isAlike(isNull: true) == (outcome == .miss || outcome == .done), "\(outcome)")
      let again = figures.take()[.new, .primary, .read]
      let expected: (hits: UInt64, misses: UInt64, all: UInt64) =
        switch outcome {
        case .hit: (1, 0, 1)
        case .miss: (0, 1, 1)
        case .done: (0, 0, 2)
        case .refused, .failed: (0, 0, 0)
        }
      #expect(again.hits == expected.hits && again.misses == expected.misses, "\(outcome)")
      #expect(again.operations == expected.all && again.slow == expected.all, "\(outcome)")
    }
  }

  private func filled() -> LaneFigures {
    var figures = LaneFigures()
    figures[.legacy, .primary, .read].operations = 9
    figures[.legacy, .primary, .read].hits = 7
    figures[.legacy, .primary, .read].misses = 2
    figures[.legacy, .primary, .read].latency.record(nanoseconds: 1_000_000)
    figures[.legacy, .primary, .read].operations &+= 1
    figures.recordError(.timeout, on: .legacy, .primary, .read)
    figures.recordDivergence(.missingInNew, command: 3)
    figures.compare.matched = 4
    figures.compare.ignored = 5
    figures.compare.superseded = 6
    figures.compare.dropped = 7
    figures.compare.mirroredWrites = 8
    figures.compare.droppedWrites = 9
    figures.compare.mirrorErrors = 11
    figures.troubles.record(.new, TroubleCounts.words.firstIndex(of: "READONLY"))
    for place in [nil, 17, 1000, -1] { figures.troubles.record(.legacy, place) }
    return figures
  }

  private func expectFilled(_ figures: LaneFigures, times n: UInt64) {
    let reads = figures[.legacy, .read]
    #expect(reads.operations == 10 * n && reads.hits == 7 * n && reads.misses == 2 * n && reads.errors == n)
    #expect(reads.latency.count == n)
    #expect(figures[.new, .read].isEmpty && figures[.legacy, .write].isEmpty)
    #expect(figures.errors[.legacy, .timeout] == n && figures.errors.total(.legacy) == n)
    #expect(figures.errors.total(.new) == 0)
    #expect(figures.divergences[.missingInNew, 3] == n && figures.divergences.total == n)
    #expect(figures.compare.diverged == n && figures.compare.matched == 4 * n)
    #expect(figures.compare.ignored == 5 * n && figures.compare.superseded == 6 * n)
    #expect(figures.compare.dropped == 7 * n && figures.compare.mirroredWrites == 8 * n)
    #expect(figures.compare.droppedWrites == 9 * n && figures.compare.mirrorErrors == 11 * n)
    #expect(figures.troubles[.new, "READONLY"] == n && figures.troubles[.legacy, "READONLY"] == 0)
    // What is in no list is one, and so is a place beyond it; the list has an end and a beginning.
    #expect(figures.troubles[.legacy, TroubleCounts.other] >= n && figures.troubles[.new, "SURPRISE"] == 0)
  }
}
