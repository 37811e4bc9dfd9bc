import Foundation
import SluiceRedisClient
import SluiceRouting

/// Walks both stacks, compares, looks again before it calls a difference one, and repairs on request.
struct VerifyRun {
  struct Counts: Equatable {
    /// Keys compared.
    var compared = 0
    /// Looked different, and did not when looked at again.
    var superseded = 0
    /// Still doubtful after all looks: a suspect, or a lane that could not say.
    var unsettled = 0
    var repaired = 0
    var notRepaired = 0
    /// Missing on one side because no way can carry them there.
    var uncarried = 0
    /// Differ, and are meant to: sluice close has said so.
    var closed = 0
    /// Left out: their names are longer than an order to the proxy may be.
    var tooLong = 0
  }

  private var comparer: KeyComparer
  /// Nil without a running proxy.
  let lanes: ProxyLanes?
  let match: String?
  let sample: Share
  let repairs: Bool
  /// Keys a second; nil is as fast as it goes.
  let rate: Int?
  private(set) var counts = Counts()
  private(set) var differences = Differences()
  private(set) var share = 0.0
  private(set) var trouble: String?
  /// A key that was left out for its name, cut.
  private(set) var longKey = ""

  init(
    _ comparer: KeyComparer, lanes: ProxyLanes?, match: String?, sample: Share, repairs: Bool,
    rate: Int? = nil
  ) {
    self.comparer = comparer
    self.lanes = lanes
    self.match = match
    self.sample = sample
    self.repairs = repairs
    self.rate = rate
  }

  /// True at the end, false if interrupted.
  mutating func run(progress: inout Progress, isInterrupted: () -> Bool) throws(Failure) -> Bool {
    // First what legacy has, then what it has not: each key is compared once.
    var walk = KeyWalk(comparer.legacy, match: match, sample: sample)
    var gentle = try GentleWalk(legacy: comparer.legacy, new: comparer.new, rate: rate, fillsNew: false)
    while let keys = try walk.next() {
      var rest = keys[...]
      while !rest.isEmpty {
        let some = Array(rest.prefix(gentle.portion(atMost: KeyWalk.count)))
        rest = rest.dropFirst(some.count)
        try gentle.wait(for: some.count)
        if isInterrupted() { return false }
        try take(some, try comparer.compare(some))
        show(&progress, gentle.text)
      }
      share = walk.progress / 2
      note(walk.tooLong)
      if isInterrupted() { return false }
    }
    walk = KeyWalk(comparer.new, match: match, sample: sample)
    while let keys = try walk.next() {
      try gentle.wait(for: keys.count)
      let missing = try comparer.legacy.lacks(keys)
      try take(
        missing, missing.map { KeyComparer.Suspicion(key: $0, kind: .missingInLegacy, isBig: false) })
      share = 0.5 + walk.progress / 2
      note(walk.tooLong)
      if isInterrupted() { return false }
      show(&progress, gentle.text)
    }
    return true
  }

  /// Either stack may have some that the other has as well.
  private mutating func note(_ tooLong: KeyWalk.TooLong) {
    guard tooLong.count > counts.tooLong else { return }
    (counts.tooLong, longKey) = (tooLong.count, tooLong.example)
  }

  private func show(_ progress: inout Progress, _ pace: String) {
    progress.show(share, "\(counts.compared) keys compared, \(differences.count) differ\(pace)")
  }

  private mutating func take(_ keys: [[UInt8]], _ suspicions: [KeyComparer.Suspicion]) throws(Failure) {
    counts.compared += keys.count
    guard !suspicions.isEmpty else { return }
    let confirmed = try confirm(suspicions)
    for (key, kind) in confirmed { differences.add(kind, key) }
    if repairs, !confirmed.isEmpty { try repair(confirmed.map(\.0)) }
  }

  // MARK: Looking again

  private mutating func confirm(
    _ suspicions: [KeyComparer.Suspicion]
  ) throws(Failure) -> [(key: [UInt8], kind: KeyDifference)] {
    var confirmed: [(key: [UInt8], kind: KeyDifference)] = []
    // A big value is not asked of a lane, where traffic would wait behind it, unless nothing else helps.
    var kinds = Dictionary(suspicions.map { ($0.key, $0.kind) }) { first, _ in first }
    let direct = suspicions.filter { lanes == nil || $0.isBig }.map(\.key)
    let settled = Set(direct).subtracting(try lookAgain(at: direct, &kinds))
    counts.superseded += settled.count
    let open = suspicions.map(\.key).filter { !settled.contains($0) }
    guard let lanes else { return open.map { ($0, kinds[$0] ?? .value) } }
    var asked = open
    for attempt in 1...VerifyRun.attempts where !asked.isEmpty {
      var again: [[UInt8]] = []
      for (key, outcome) in zip(asked, try lanes.carryOut("CHECK", asked)) {
        if let kind = KeyDifference(rawValue: outcome) {
          confirmed.append((key, kind))
        } else if outcome == "equal" {
          counts.superseded += 1
        } else if outcome.hasPrefix("closed ") {
          counts.closed += 1
        } else if outcome.hasPrefix("uncarried ") {
          counts.uncarried += 1
          confirmed.append((key, kinds[key] ?? .value))
          trouble = String(outcome.dropFirst("uncarried ".count))
        } else {
          again.append(key)
          trouble = outcome
        }
      }
      asked = again
      if !asked.isEmpty, attempt < VerifyRun.attempts { Thread.sleep(forTimeInterval: 0.3) }
    }
    counts.unsettled += asked.count
    return confirmed
  }

  /// The keys that looked different every time.
  private mutating func lookAgain(
    at keys: [[UInt8]], _ kinds: inout [[UInt8]: KeyDifference]
  ) throws(Failure) -> [[UInt8]] {
    var open = keys
    for _ in 0..<2 where !open.isEmpty {
      Thread.sleep(forTimeInterval: 0.2)
      let seen = try comparer.compare(open)
      for suspicion in seen { kinds[suspicion.key] = suspicion.kind }
      open = seen.map(\.key)
    }
    return open
  }

  /// A suspect is repaired within a second or two.
  private static let attempts = 10

  // MARK: Repairing

  private mutating func repair(_ keys: [[UInt8]]) throws(Failure) {
    guard let lanes else { return }
    var open = keys
    for attempt in 1...3 where !open.isEmpty {
      for outcome in try lanes.carryOut("REPAIR", open)
      where outcome.hasPrefix("refused ") || outcome.hasPrefix("uncarried ") {
        trouble = outcome
      }
      var again: [[UInt8]] = []
      for (key, outcome) in zip(open, try lanes.carryOut("CHECK", open)) where outcome != "equal" {
        again.append(key)
      }
      open = again
      if !open.isEmpty, attempt < 3 { Thread.sleep(forTimeInterval: 0.3) }
    }
    counts.repaired += keys.count - open.count
    counts.notRepaired += open.count
  }
}
