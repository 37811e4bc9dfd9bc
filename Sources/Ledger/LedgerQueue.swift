import Dispatch
import Foundation
import SluiceFigures

/// What waits between the lanes and the writer thread. Every part is bounded: samples are dropped and counted,
/// intervals are merged, flips (a human's pace) have a limit that only a flood reaches.
///
/// The writer looks at a batch, and removes it once it is on disk; a failed write loses nothing.
///
/// `@unchecked Sendable`: every stored variable is touched only between `lock` and `unlock` of `condition`, which
/// each method holds from its first line to its last, `wait` apart.
final class LedgerQueue: @unchecked Sendable {
  /// Flips that may wait.
  static let flipLimit = 4096
  /// Intervals that may wait before neighbours are merged.
  static let intervalLimit = 120

  private let condition = NSCondition()
  private let configuration: LedgerConfiguration
  private var cap: SampleCap
  private var errorCap: SampleCap

  private var flips: [FlipRecord] = []
  private var flipCount = 0
  private var intervals: [QueuedInterval] = []
  /// Samples as they come; `outgoing` from `offset` on are older ones that the writer works off, so that no array
  /// is shifted while a lane waits for the lock.
  private var incoming: [QueuedSample] = []
  private var outgoing: [QueuedSample] = []
  private var offset = 0
  /// Intervals that the writer has in hand, which therefore must not be merged.
  private var intervalsInHand = 0

  /// Divergences that found no room: their keys are not known any more, but how many they are is.
  private var lost: [DivergenceClass: DivergenceTally] = [:]
  private var losses = LedgerLosses()
  /// The latest account of evidence, until it is written; how many there were.
  private var account: AccountRecord?
  private var accounts: UInt64 = 0
  private var written: UInt64 = 0
  private var state = LedgerHealth.State.ok
  private var path: String
  private var replaced: String?
  /// The number of waiting samples that wakes the writer; `.max` while it is awake.
  private var wakeAt = Int.max
  private var closing: (clean: Bool, deadline: Date)?
  private var finished = false

  init(_ configuration: LedgerConfiguration) {
    self.configuration = configuration
    path = configuration.path
    cap = SampleCap(perClass: configuration.samplesPerClass, perKey: configuration.samplesPerKey)
    errorCap = cap
  }

  // MARK: From any thread

  func record(_ flip: FlipRecord) {
    condition.lock()
    defer { condition.unlock() }
    guard closing == nil, flips.count < Self.flipLimit else {
      losses.flips &+= 1
      return
    }
    flips.append(flip)
    flipCount += 1
    if wakeAt != .max { condition.broadcast() }
  }

  func record(_ sample: DivergenceSample) {
    condition.lock()
    defer { condition.unlock() }
    let minute = Self.minute
    let isKept = cap.admits(
      kind: sample.kind.rawValue, command: sample.command, key: sample.key, minute: minute)
    var sample = sample
    if !isKept {
      losses.capped &+= 1
      sample.legacy?.preview = nil
      sample.new?.preview = nil
    }
    guard closing == nil, sampleCount < configuration.queueLimit else {
      if isKept { losses.samples &+= 1 }
      let tally = DivergenceTally(at: sample.at)
      let place = DivergenceClass(kind: sample.kind, command: sample.command)
      if lost[place]?.merge(tally) == nil { lost[place] = tally }
      return
    }
    append(.divergence(sample, isKept: isKept))
  }

  func record(_ sample: ErrorSample) {
    condition.lock()
    defer { condition.unlock() }
    let kind = sample.stack.rawValue << 4 | sample.kind.rawValue
    let command = sample.command ?? .max
    if errorCap.admits(kind: kind, command: command, key: sample.message, minute: Self.minute) {
      guard closing == nil, sampleCount < configuration.queueLimit else {
        losses.samples &+= 1
        return
      }
      append(.error(sample))
    } else {
      losses.capped &+= 1
    }
  }

  func record(_ decision: DecisionRecord) {
    condition.lock()
    defer { condition.unlock() }
    guard closing == nil, sampleCount < configuration.queueLimit else {
      losses.samples &+= 1
      return
    }
    append(.decision(decision))
  }

  func record(_ server: ServerRecord) {
    condition.lock()
    defer { condition.unlock() }
    guard closing == nil, sampleCount < configuration.queueLimit else {
      losses.samples &+= 1
      return
    }
    append(.server(server))
  }

  func record(_ letter: LetterRecord) {
    condition.lock()
    defer { condition.unlock() }
    guard closing == nil, sampleCount < configuration.queueLimit else {
      losses.samples &+= 1
      return
    }
    append(.letter(letter))
  }

  /// Only the latest one matters.
  func record(_ account: AccountRecord) {
    condition.lock()
    defer { condition.unlock() }
    guard !finished else { return }
    self.account = account
    accounts &+= 1
    if wakeAt == 1 { condition.broadcast() }
  }

  func record(_ figures: LaneFigures, from start: Date, to end: Date) {
    guard !figures.isEmpty else { return }
    condition.lock()
    defer { condition.unlock() }
    guard !finished else { return }
    intervals.append(QueuedInterval(flip: flipCount, start: start, end: end, figures: figures))
    mergeNeighbours()
    if wakeAt == 1 { condition.broadcast() }
  }

  var health: LedgerHealth {
    condition.lock()
    defer { condition.unlock() }
    return LedgerHealth(
      state: state, path: path, replaced: replaced, queued: sampleCount,
      waiting: flips.count + intervals.count, written: written,
      lostSamples: losses.samples, cappedSamples: losses.capped, lostFlips: losses.flips)
  }

  /// Has the writer write what is there and end, and waits for that until shortly after the deadline.
  func close(clean: Bool, within seconds: TimeInterval) {
    condition.lock()
    defer { condition.unlock() }
    if closing == nil {
      closing = (clean, Date(timeIntervalSinceNow: seconds))
      condition.broadcast()
    }
    let patience = Date(timeIntervalSinceNow: seconds + 1)
    while !finished, condition.wait(until: patience) {}
    state = .closed
  }

  private func append(_ content: QueuedSample.Content) {
    incoming.append(QueuedSample(flip: flipCount, content: content))
    if incoming.count >= wakeAt { condition.broadcast() }
  }

  private var sampleCount: Int { incoming.count + outgoing.count - offset }

  private static var minute: UInt64 { DispatchTime.now().uptimeNanoseconds / 60_000_000_000 }

  /// Makes one interval of two neighbours while there are too many: the oldest two under one flip, or the oldest
  /// two at all. The sums stay exact, and what may wait stays bounded however long the disk is full.
  private func mergeNeighbours() {
    let first = intervalsInHand
    while intervals.count > Self.intervalLimit, first + 1 < intervals.count {
      let same = (first..<intervals.count - 1).first { intervals[$0].flip == intervals[$0 + 1].flip }
      // While the writer has some in hand the rest may have no two alike; there will be more to choose from later.
      guard let earlier = same ?? (first == 0 ? 0 : nil) else { return }
      let later = intervals.remove(at: earlier + 1)
      intervals[earlier].merge(later)
    }
  }
}

// MARK: From the writer thread

extension LedgerQueue {
  enum Step {
    case write(LedgerBatch)
    case housekeeping
    case finish(clean: Bool)
  }

  /// Waits for something to do. Sleeps until then; a sample waits for company, a flip does not.
  func next(housekeeping: Date) -> Step {
    condition.lock()
    defer {
      wakeAt = .max
      condition.unlock()
    }
    wakeAt = 1
    while closing == nil, isEmpty {
      if !condition.wait(until: housekeeping) { return .housekeeping }
    }
    wakeAt = max(2, configuration.batchRows)
    let company = Date(timeIntervalSinceNow: Double(configuration.batchMilliseconds) / 1000)
    while closing == nil, flips.isEmpty, sampleCount < configuration.batchRows {
      if !condition.wait(until: company) { break }
    }
    if let closing {
      if isEmpty || closing.deadline < Date() { return .finish(clean: closing.clean && isEmpty) }
    } else if housekeeping < Date() {
      return .housekeeping
    }
    return .write(peek())
  }

  func wrote(flips count: Int) {
    condition.lock()
    defer { condition.unlock() }
    flips.removeFirst(count)
    written &+= UInt64(count)
  }

  func wrote(intervals count: Int) {
    condition.lock()
    defer { condition.unlock() }
    intervals.removeFirst(count)
    intervalsInHand = 0
    written &+= UInt64(count)
  }

  func wrote(samples count: Int, lost written: [DivergenceClass: DivergenceTally], account number: UInt64) {
    condition.lock()
    defer { condition.unlock() }
    if number == accounts { account = nil }
    offset += count
    for (place, tally) in written {
      lost[place]?.count -= tally.count
      if lost[place]?.count == 0 { lost[place] = nil }
    }
    self.written &+= UInt64(count)
    state = .ok
  }

  /// Notes why a batch could not be written and waits before the next try; at once if the ledger is closing.
  func failed(_ reason: String, pause milliseconds: Int) {
    condition.lock()
    defer { condition.unlock() }
    intervalsInHand = 0
    mergeNeighbours()
    if case .degraded(_, let since) = state {
      state = .degraded(reason: reason, since: since)
    } else {
      state = .degraded(reason: reason, since: Date())
    }
    let end = Date(timeIntervalSinceNow: Double(milliseconds) / 1000)
    if let closing {
      _ = condition.wait(until: min(end, Date(timeIntervalSinceNow: 0.02), closing.deadline))
    } else {
      while closing == nil, condition.wait(until: end) {}
    }
  }

  /// The file that was written was lost, and another one is written from here on.
  func moved(to path: String, because reason: String) {
    condition.lock()
    defer { condition.unlock() }
    self.path = path
    replaced = reason
    state = .ok
  }

  func finish() {
    condition.lock()
    defer { condition.unlock() }
    finished = true
    condition.broadcast()
  }

  /// What was lost so far, for the run's row.
  var currentLosses: LedgerLosses {
    condition.lock()
    defer { condition.unlock() }
    return losses
  }

  private var isEmpty: Bool {
    flips.isEmpty && intervals.isEmpty && sampleCount == 0 && lost.isEmpty && account == nil
  }

  private func peek() -> LedgerBatch {
    if offset == outgoing.count {
      outgoing = incoming
      incoming = []
      offset = 0
    }
    intervalsInHand = intervals.count
    let end = min(outgoing.count, offset + max(1, configuration.batchRows))
    return LedgerBatch(
      flips: flips, intervals: intervals, samples: Array(outgoing[offset..<end]), lost: lost,
      losses: losses, account: account, accounts: accounts)
  }
}
