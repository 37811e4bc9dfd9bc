import Foundation

/// Something that others are told of: one message for one event, never one per interval.
public struct Notice: Sendable, Equatable {
  /// What may be told; the names stand in `notify.events`.
  public enum Event: String, CaseIterable, Sendable {
    case rolledBack = "rolled_back"
    case rearmed
    /// Legacy stands in for new, which cannot be reached, and does not any more.
    case fallback
    case fallbackEnded = "fallback_ended"
    /// Another stage or share, by an order, the plan or the file.
    case moved
    /// A step was taken ahead of its gates.
    case forced
    case refused
    /// The plan wants a yes.
    case asked
    case approved
    /// The plan cannot go on.
    case held
    case paused
    case resumed
    /// A guardrail has found something and does no more than say so.
    case noticed
    case closed
    case reopened

    /// Told where nobody has said which: all but what is said to whoever gave the order, and what may come with each step.
    public static let usual = allCases.filter { $0 != .refused && $0 != .held && $0 != .approved }
  }

  /// Which event it is, for whoever is told twice.
  public var id: String
  /// Milliseconds since 1970.
  public var at: Int64
  public var event: Event
  public var service: String
  public var instance: String
  public var who: String
  /// `live 25 % -> live 50 %`, or the step that it is about.
  public var what: String
  public var why: String
  /// A guardrail's, with what it has counted and its limit.
  public var signal: String?
  public var bad: UInt64?
  public var total: UInt64?
  public var limit: Double?
  /// Some keys that differ, where the ledger may have them.
  public var keys: [String]
  /// How to go back, or on.
  public var back: String

  public init(
    id: String = UUID().uuidString.lowercased(), at: Int64, _ event: Event, service: String, instance: String,
    who: String, what: String, why: String, signal: String? = nil, bad: UInt64? = nil, total: UInt64? = nil,
    limit: Double? = nil, keys: [String] = [], back: String
  ) {
    (self.id, self.at, self.event, self.service, self.instance) = (id, at, event, service, instance)
    (self.who, self.what, self.why, self.signal) = (who, what, why, signal)
    (self.bad, self.total, self.limit, self.keys, self.back) = (bad, total, limit, keys, back)
  }

  /// `shop / one`
  var place: String { [service, instance].filter { !$0.isEmpty }.joined(separator: " / ") }

  /// The share of bad ones; nil where nothing was counted.
  var value: Double? {
    guard let bad, let total, total > 0 else { return nil }
    return Double(bad) / Double(total)
  }

  /// The whole of it in a few lines.
  var lines: [String] {
    var lines = ["\(event.rawValue.replacing("_", with: " ").uppercased()) \(place): \(what)"]
    lines.append("by \(who)\(why.isEmpty ? "" : ": \(why)")")
    if let value, let bad, let total, let limit {
      lines.append("\(signal ?? "value") \(value) (\(bad) of \(total)), limit \(limit)")
    }
    if !keys.isEmpty { lines.append("for example \(keys.joined(separator: ", "))") }
    if !back.isEmpty { lines.append(back) }
    return lines
  }
}
