/// How fast a walk over a server's keys may go: as fast as it was told, and slower while a stack answers more slowly than when the walk
/// began.
///
/// Additive increase, multiplicative decrease, as TCP has it (Chiu and Jain, 1989): several walks beside one another, and the traffic,
/// come to share a server. The walk asks each stack a small question of its own every now and then (`isProbeDue`); four times a second
/// the median of the answers is held against what it was before the walk. It never comes to a stand: at the least rate
/// what is slow is slow without the walk, and becomes the new measure.
///
/// Pure: times are nanoseconds of any clock that does not go back.
public struct WalkPace: Sendable {
  /// Why the walk goes slower than it could.
  public struct Slowed: Sendable, Equatable {
    /// Which stack, by the number that its probes have.
    public var stack: Int
    /// Its answers now and when it was quiet, in nanoseconds.
    public var latency: UInt64
    public var quiet: UInt64
    /// Keys a second.
    public var rate: Double
  }

  /// One stack's answers.
  private struct Probes {
    /// The median before the walk; nil as long as too few are there.
    var quiet: UInt64?
    var answers: [UInt64] = []

    mutating func takeMedian() -> UInt64 {
      defer { answers.removeAll(keepingCapacity: true) }
      return answers.isEmpty ? 0 : answers.sorted()[answers.count / 2]
    }
  }

  /// Keys a second; nil is as fast as it goes.
  public let limit: Double?
  private var allowed: Double?
  /// The best rate that was reached.
  private var best = 0.0
  private var due: UInt64
  private var probes: [Probes]
  private var probedAt: UInt64?
  private var windowBegan: UInt64
  private var keysInWindow = 0
  public private(set) var slowed: Slowed?

  /// - Parameters:
  ///   - limit: keys a second at most.
  ///   - stacks: how many are probed.
  public init(limit: Double?, stacks: Int, at now: UInt64) {
    self.limit = limit
    probes = Array(repeating: Probes(), count: max(0, stacks))
    (due, windowBegan) = (now, now)
  }

  /// Whether more answers are needed before the walk begins.
  public var isLearning: Bool { probes.contains { $0.quiet == nil } }

  public func isProbeDue(at now: UInt64) -> Bool {
    isLearning || probedAt.map { now >= $0 &+ WalkPace.probeEvery } ?? true
  }

  /// A stack has answered the walk's question after so long.
  public mutating func probed(_ stack: Int, took: UInt64, at now: UInt64) {
    guard probes.indices.contains(stack) else { return }
    probedAt = now
    probes[stack].answers.append(took)
    if probes[stack].quiet == nil {
      if probes[stack].answers.count >= WalkPace.quietProbes {
        probes[stack].quiet = probes[stack].takeMedian()
        (windowBegan, due) = (now, max(due, now))
      }
      return
    }
    let isOver = now >= windowBegan &+ WalkPace.window
    if isOver, !isLearning, probes.allSatisfy({ $0.answers.count >= WalkPace.probesToJudge }) {
      judge(at: now)
    }
  }

  /// So many keys are about to be walked; the nanoseconds to wait before.
  public mutating func wait(for keys: Int, at now: UInt64) -> UInt64 {
    keysInWindow &+= keys
    guard let rate else {
      due = now
      return 0
    }
    due = max(due, now)
    let wait = due - now
    let (next, overflows) = due.addingReportingOverflow(UInt64(min(Double(keys) / rate, 3600) * 1e9))
    due = overflows ? .max : next
    return wait
  }

  /// Keys a second, by limit and latency; nil is as fast as it goes.
  public var rate: Double? {
    switch (limit, allowed) {
    case (let limit?, let allowed?): min(limit, allowed)
    case (let limit?, nil): limit
    case (nil, let allowed): allowed
    }
  }

  private mutating func judge(at now: UInt64) {
    let reached = Double(keysInWindow) * 1e9 / Double(max(1, now &- windowBegan))
    (keysInWindow, windowBegan) = (0, now)
    best = max(best, reached)
    let least = max(WalkPace.leastRate, best / 100)
    var worst: Slowed?
    for index in probes.indices {
      let (latency, quiet) = (probes[index].takeMedian(), probes[index].quiet ?? 0)
      guard latency > WalkPace.tolerated(quiet) else { continue }
      // So slow already that it cannot be the walk.
      if let allowed, allowed <= least { probes[index].quiet = quiet &+ max(1, quiet / 10) }
      if latency > worst?.latency ?? 0 {
        worst = Slowed(stack: index, latency: latency, quiet: quiet, rate: 0)
      }
    }
    if var slow = worst {
      // What the walk was about to do counts, not what is left of an earlier rate.
      let current = min(allowed ?? .infinity, limit ?? .infinity, max(reached, least))
      allowed = max(least, current / 2)
      slow.rate = allowed ?? least
      slowed = slow
    } else if let some = allowed {
      let more = some + max(WalkPace.leastRate, best / 20)
      allowed = more >= max(best, limit ?? 0) ? nil : more
      slowed?.rate = more
      if allowed == nil { slowed = nil }
    }
  }

  /// A quiet server answers within a fraction of a millisecond: twice of next to nothing is nothing yet.
  static func tolerated(_ quiet: UInt64) -> UInt64 { quiet &* 2 &+ 2_000_000 }

  private static let probeEvery: UInt64 = 50_000_000
  private static let window: UInt64 = 250_000_000
  private static let probesToJudge = 3
  private static let quietProbes = 5
  /// Keys a second.
  private static let leastRate = 20.0
}
