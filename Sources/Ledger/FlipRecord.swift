import Foundation
import Routing

/// One change of the routing, for the audit.
public struct FlipRecord: Sendable {
  /// What was done.
  public enum Action: String, CaseIterable, Sendable {
    case stage, ramp, rollback, rearm, reload, start
  }

  /// A stage and the percentage that the flag gives to the new stack, 0 … 100.
  public struct Position: Sendable, Equatable {
    public var stage: Stage
    public var percent: Double

    public init(_ stage: Stage, percent: Double) {
      self.stage = stage
      self.percent = percent
    }
  }

  public var at: Date
  /// Who did it: a user, a connection, `file`, `guardrail`.
  public var who: String
  public var action: Action
  public var from: Position
  public var to: Position
  /// Why, in the words of who did it. May be empty.
  public var reason: String
  /// Version of the flag file that says so now; nil if there is no file.
  public var fileVersion: String?
  /// The longest that the fence held a lane, in microseconds; nil if nothing was held.
  public var heldMicroseconds: Int64?

  public init(
    at: Date, who: String, action: Action, from: Position, to: Position, reason: String,
    fileVersion: String? = nil, heldMicroseconds: Int64? = nil
  ) {
    self.at = at
    self.who = who
    self.action = action
    self.from = from
    self.to = to
    self.reason = reason
    self.fileVersion = fileVersion
    self.heldMicroseconds = heldMicroseconds
  }
}
