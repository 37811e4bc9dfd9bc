import Foundation
import SluiceFigures
import SluiceRouting

/// The evidence of the routing in force, as it stands: kept so that a restart goes on with it.
public struct AccountRecord: Sendable, Equatable {
  /// How near one guardrail is.
  public struct Score: Sendable, Equatable {
    public var signal: String
    public var score: Double
    public var bad: UInt64
    public var total: UInt64
    public var healthy: Double
    public var broken: Double
    public var reaction: String

    public init(
      signal: String, score: Double, bad: UInt64, total: UInt64, healthy: Double = 0, broken: Double = 0,
      reaction: String = ""
    ) {
      (self.signal, self.score, self.bad, self.total) = (signal, score, bad, total)
      (self.healthy, self.broken, self.reaction) = (healthy, broken, reaction)
    }
  }

  /// One condition for the next step.
  public struct Gate: Sendable, Equatable {
    public var name: String
    public var now: String
    public var needed: String
    public var missing: String
    public var isAgainst: Bool

    public init(name: String, now: String, needed: String, missing: String, isAgainst: Bool) {
      (self.name, self.now, self.needed) = (name, now, needed)
      (self.missing, self.isAgainst) = (missing, isAgainst)
    }
  }

  /// Differences that are known.
  public struct Known: Sendable, Equatable {
    public var list: [OpenDivergences.Entry]
    /// All that are open, those included that are not known one by one.
    public var count: UInt64
    /// Whether there may be more.
    public var isLeast: Bool
    /// What is meant to differ.
    public var closings: [Closing] = []
    /// Another number is another list; nil where nobody counts.
    public var version: UInt64?

    public init(list: [OpenDivergences.Entry] = [], count: UInt64 = 0, isLeast: Bool = false) {
      (self.list, self.count, self.isLeast) = (list, count, isLeast)
    }
  }

  /// When its routing came into force.
  public var beganAt: Date
  /// The same text is the same routing.
  public var routing: String
  public var position: FlipRecord.Position
  public var at = Date()
  /// How long it was in force, without the time in which no proxy ran.
  public var seconds: UInt64 = 0
  public var compare = CompareFigures()
  /// Divergences by kind.
  public var kinds: [DivergenceKind: UInt64] = [:]
  /// Keys that new lacked and was brought since.
  public var warmed: UInt64 = 0
  /// What new was asked, and how much of it failed.
  public var operations: UInt64 = 0
  public var failures: UInt64 = 0
  public var keys: UInt64 = 0
  public var isVerified = false
  /// Legacy's p99 when clients last waited for it, in microseconds; 0 if that is not known.
  public var readPace: UInt64 = 0
  public var writePace: UInt64 = 0
  /// Slots of 20 ms in which clients waited for new, and those of them that were slow.
  public var slots: UInt64 = 0
  public var slowSlots: UInt64 = 0
  public var paused: String?
  public var forced: String?
  /// New's last words about its own trouble.
  public var said: String?
  public var next: String?
  public var scores: [Score] = []
  public var gates: [Gate] = []
  public var known = Known()

  public init(beganAt: Date, routing: String, position: FlipRecord.Position) {
    (self.beganAt, self.routing, self.position) = (beganAt, routing, position)
  }
}

/// Something that was decided, by a person or by a guardrail.
public struct DecisionRecord: Sendable {
  public enum Action: String, Sendable {
    case refused, forced
    case rolledBack = "rolled back"
    case paused, notified, closed, reopened
    /// Of an automatic ramp: what was done, and what is missing.
    case advanced, held, asked, approved, resumed
  }

  public var at: Date
  public var who: String
  public var action: Action
  /// What it was about: an order, or the step in force.
  public var step: String
  /// A guardrail's name; empty if it was none.
  public var signal: String
  public var bad: UInt64?
  public var total: UInt64?
  public var limit: Double?
  public var words: String

  public init(
    at: Date = Date(), who: String, _ action: Action, step: String, signal: String = "", bad: UInt64? = nil,
    total: UInt64? = nil, limit: Double? = nil, words: String
  ) {
    (self.at, self.who, self.action, self.step) = (at, who, action, step)
    (self.signal, self.bad, self.total, self.limit, self.words) = (signal, bad, total, limit, words)
  }
}
