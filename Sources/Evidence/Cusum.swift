import Glibc
import SluiceFigures

/// A sequential test that says when a rate has gone from healthy to broken: the one-sided Bernoulli CUSUM (E. S. Page, *Continuous
/// inspection schemes*, Biometrika 41, 1954).
///
/// Every bad unit adds `ln(broken / healthy)` to the score, every good one takes `ln((1 - healthy) / (1 - broken))` off, and the score
/// never falls below zero: however long all went well before, a fault is seen after the same number of units.
public struct Cusum: Sendable, Equatable {
  /// Above this score the rate has changed. With `ln 10⁹` a healthy rate is taken for a broken one about once in 10⁹ units, and all
  /// units bad are enough after 13 of them where `broken` is five times `healthy`.
  public static let threshold = 20.723_265_836_946_41

  /// Between which two rates the test decides.
  public struct Rates: Sendable, Equatable {
    /// The share of bad units that is still healthy: 0 (none) to 1 (any, which switches the test off).
    public let healthy: Double
    /// The share that is broken for sure: above `healthy`, at most 1.
    public let broken: Double

    /// - Parameter broken: above `healthy`; where that is 1 it does not matter.
    public init(healthy: Double, broken: Double) { (self.healthy, self.broken) = (healthy, broken) }

    /// A limit as people write it: at it all is well, at five times as much nothing is.
    public init(limit: Double) { self.init(healthy: limit, broken: min(5 * limit, (1 + limit) / 2)) }

    /// What a bad unit adds.
    var step: Double { healthy > 0 ? log(broken / healthy) : .infinity }
    /// What a good unit takes off.
    var relief: Double { healthy > 0 ? log((1 - healthy) / max(1 - broken, 1e-9)) : 0 }
  }

  /// 0 while all is well; never negative.
  public private(set) var score = 0.0
  /// Bad units, and all, since the score was last 0: what it rests on.
  public private(set) var bad: UInt64 = 0
  public private(set) var total: UInt64 = 0

  /// Nothing seen yet.
  public init() {}

  /// As it stood in the run before.
  public init(score: Double, bad: UInt64, total: UInt64) {
    guard score.isFinite, score > 0 else { return }
    (self.score, self.bad, self.total) = (score, bad, total)
  }

  /// Whether the rate has changed.
  public var hasFired: Bool { score >= Self.threshold }

  /// Adds units that were counted together; their order is not known, so bad ones count as spread evenly among the good ones.
  public mutating func add(_ units: GuardUnits.Count, rates: Rates) {
    guard rates.healthy < 1, !hasFired else { return }
    guard units.bad > 0 else { return recover(units.good, rates) }
    let share = units.good / (units.bad + 1)
    var rest = units.good
    for _ in 0..<units.bad {
      recover(share, rates)
      rest -= share
      score += rates.step
      bad += 1
      total += 1
      if hasFired { return }
    }
    recover(rest, rates)
  }

  /// Takes back what as many bad units have added: the same has happened where nobody suspects a fault.
  public mutating func excuse(_ units: UInt64, rates: Rates) {
    guard units > 0, !hasFired, rates.healthy > 0, rates.healthy < 1 else { return }
    score -= Double(units) * rates.step
    if score <= 0 { self = Cusum() }
  }

  private mutating func recover(_ good: UInt64, _ rates: Rates) {
    total &+= good
    score -= Double(good) * rates.relief
    if score <= 0 { self = Cusum() }
  }
}
