import Foundation
import SluiceAdmin
import SluiceLedger

/// Flips of this process, counted for the metrics. The ledger has each of them.
struct FlipTally: Sendable {
  struct Place: Hashable, Sendable {
    var action: FlipRecord.Action
    /// `order`, `file`, `guardrail`, `fallback`, `plan` or `start`: never a name, of which there may be any number.
    var source: String
  }

  private(set) var counts: [Place: UInt64] = [:]
  /// When the last one was, and by whom.
  private(set) var last: (at: Date, who: String, action: FlipRecord.Action)?
  /// How long each held commands at most; nothing is noted of one that held none.
  private(set) var holds = MetricFamily.Spread(bounds: FlipTally.bounds)
  /// What guardrails have done, by signal and reaction.
  private(set) var trips: [[String]: UInt64] = [:]

  static let bounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

  mutating func add(_ flip: FlipRecord) {
    counts[Place(action: flip.action, source: Self.source(flip.who)), default: 0] &+= 1
    last = (flip.at, flip.who, flip.action)
    if let held = flip.heldMicroseconds, held > 0 {
      let seconds = Double(held) / 1e6
      holds.add(from: seconds, to: seconds, count: 1)
    }
  }

  mutating func trip(_ signal: String, _ reaction: String) { trips[[signal, reaction], default: 0] &+= 1 }

  static func source(_ who: String) -> String {
    ["file", "guardrail", "fallback", "plan", "start"].contains(who) ? who : "order"
  }
}
