import Foundation
import SluiceRouting

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

  /// One lane in which keys were held while the flip came into force.
  public struct Fence: Sendable, Equatable {
    /// The lane's number, from 0.
    public var lane: Int
    public var heldMicroseconds: Int64
    /// Commands that waited.
    public var commands: Int
    /// Stacks that were cut off because they did not answer in time.
    public var cutOff: [StackID]

    public init(lane: Int, heldMicroseconds: Int64, commands: Int, cutOff: [StackID] = []) {
      self.lane = lane
      self.heldMicroseconds = heldMicroseconds
      self.commands = commands
      self.cutOff = cutOff
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
  /// The lanes that were held.
  public var fences: [Fence]

  public init(
    at: Date, who: String, action: Action, from: Position, to: Position, reason: String,
    fileVersion: String? = nil, fences: [Fence] = []
  ) {
    self.at = at
    self.who = who
    self.action = action
    self.from = from
    self.to = to
    self.reason = reason
    self.fileVersion = fileVersion
    self.fences = fences
  }

  /// The longest that a lane was held, in microseconds; nil if none was.
  public var heldMicroseconds: Int64? { fences.map(\.heldMicroseconds).max() }
}
