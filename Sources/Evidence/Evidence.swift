import SluiceFigures
import SluiceFlags
import SluiceRouting

/// What was counted: since the start of the process for `STATUS`, in windows of the last time, and under the present routing for the
/// verdict, the guardrails and the gates.
public struct Evidence: Sendable {
  public private(set) var total = LaneFigures()
  public private(set) var sinceFlip = LaneFigures()
  /// When the account of ``sinceFlip`` began: at the last flip to another routing. The time in which no process ran is left out.
  public private(set) var since: ContinuousClock.Instant
  /// The guardrails' tests, by signal.
  public internal(set) var tests: [Guardrails.Name: Cusum] = [:]
  /// Windows of 10 s for ten minutes, and of a minute for an hour.
  public private(set) var recent = FigureWindows(seconds: 10, limit: 60, begins: Evidence.start)
  public private(set) var minutes = FigureWindows(seconds: 60, limit: 60, begins: Evidence.start)
  /// Differences that are known and not closed; nil where nobody knows them one by one.
  public var open: UInt64?
  /// Whether there may be more.
  public var openIsLeast = false
  /// Different keys that were compared, as far as somebody wants to know.
  public internal(set) var keys: UInt64 = 0
  /// Slots of 20 ms in which clients waited for new, and how many of legacy's were slow meanwhile.
  var slow = GuardUnits.Count()
  var slowOnLegacy: UInt64 = 0
  /// Why no step up is taken before somebody answers for it, under whatever routing that was found; nil if no guardrail has asked for that.
  public internal(set) var paused: String?
  /// What new said last of its own trouble; nil if it never did.
  public var said: String?
  /// Why the present step was taken ahead of its gates; nil if it was not.
  public var forced: String?
  /// When both stacks were found to hold the same, key by key.
  public private(set) var verifiedAt: ContinuousClock.Instant?
  /// Of the missing keys, those that were brought to new since.
  private(set) var warmed: UInt64 = 0
  /// Of the divergences since the flip, those that somebody has closed.
  private(set) var answeredFor: UInt64 = 0
  /// How slow legacy was when clients last waited for it.
  var pace = LegacyPace()
  private let origin: ContinuousClock.Instant
  /// What the clock says when a process begins: the windows look back at the one before it.
  static let start: UInt64 = 3660
  /// Seconds since that, and ``start``, at the last time that something was added.
  public private(set) var clock = Evidence.start

  /// Nothing counted yet.
  public init(at now: ContinuousClock.Instant = .now) { (since, origin) = (now, now) }

  /// Adds what was counted since the last time.
  public mutating func add(_ figures: LaneFigures, at now: ContinuousClock.Instant = .now) {
    total.merge(figures)
    sinceFlip.merge(figures)
    clock = Self.start &+ UInt64(clamping: (now - origin).components.seconds)
    recent.add(figures, at: clock)
    minutes.add(figures, at: clock)
    pace.look(at: recent.sum(over: 10, at: clock), at: clock)
  }

  /// A flip begins a new account: what was true before it says nothing about what is true now. What is known to differ stays known, and
  /// what a guardrail has paused for stays unanswered: neither a way round by another share nor an edit by somebody else ends it.
  public mutating func startAgain(at now: ContinuousClock.Instant = .now) {
    sinceFlip = LaneFigures()
    since = now
    tests = [:]
    (keys, warmed, answeredFor, forced) = (0, 0, 0, nil)
    (slow, slowOnLegacy) = (GuardUnits.Count(), 0)
  }

  /// A pause of the run before, and new's last words: they are nothing of one routing.
  public mutating func recall(paused: String?, said: String?) {
    (self.paused, self.said) = (paused ?? self.paused, said ?? self.said)
  }

  /// What an earlier process has counted, so many seconds ago, for the windows of ten seconds.
  public mutating func recall(recent figures: LaneFigures, secondsAgo: UInt64) {
    recent.recall(figures, at: clock - min(clock, secondsAgo))
  }

  /// The same for those of a minute.
  public mutating func recall(minute figures: LaneFigures, secondsAgo: UInt64) {
    minutes.recall(figures, at: clock - min(clock, secondsAgo))
  }

  mutating func begin(_ figures: LaneFigures, since: ContinuousClock.Instant, warmed: UInt64) {
    (sinceFlip, self.since, self.warmed) = (figures, since, warmed)
  }

  mutating func verified(at now: ContinuousClock.Instant) { verifiedAt = now }

  /// New was brought what legacy has.
  public mutating func wasWarmed() {
    warmed = sinceFlip.divergences[.missingInNew]
    recent.warmed()
    tests[.missed] = nil
  }

  /// Both stacks were walked and found to be equal.
  public mutating func wasVerified(at now: ContinuousClock.Instant = .now) {
    wasWarmed()
    verifiedAt = now
  }

  /// Somebody answers for what the guardrails have found: a pause ends, and they begin anew.
  public mutating func close() {
    paused = nil
    tests = [:]
    (slow, slowOnLegacy) = (GuardUnits.Count(), 0)
    answered()
    warmed = sinceFlip.divergences[.missingInNew]
  }

  /// No step up is taken until somebody says so; what was a reason before stays the reason.
  ///
  /// - Parameter reason: begins with `planWord`.
  public mutating func pause(_ reason: String) { paused = paused ?? reason }

  /// Whether it is the plan, or a person, that has paused, and not a guardrail.
  public var isPausedByPlan: Bool { paused?.hasPrefix(Self.planWord) ?? false }
  /// What a pause begins with that is no guardrail's.
  public static let planWord = "plan: "

  /// Ends such a pause; what a guardrail has found is not answered for by that.
  public mutating func goOn() { if isPausedByPlan { paused = nil } }

  /// Somebody answers for all that has differed under the present routing.
  public mutating func answered() { answeredFor = sinceFlip.dataDivergences }

  /// How long the account is, in seconds.
  public func seconds(at now: ContinuousClock.Instant = .now) -> UInt64 {
    UInt64(clamping: (now - since).components.seconds)
  }

  /// What the compares since the flip say.
  public var verdict: Verdict {
    let counted = Verdict(sinceFlip, open: open, warmed: warmed)
    return paused != nil && counted == .pass ? .hold : counted
  }
}
