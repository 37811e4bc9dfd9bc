import Foundation
import SluiceFigures
import SluiceRouting

/// One error of a stack, as evidence.
public struct ErrorSample: Sendable {
  public var at: Date
  public var stack: StackID
  public var kind: ErrorKind
  /// The command's number, as in ``LaneFigures``; nil if the error was no command's.
  public var command: UInt16?
  /// What the stack or the system said; cut to 200 characters.
  public var message: String

  public init(at: Date, stack: StackID, kind: ErrorKind, command: UInt16? = nil, message: String) {
    self.at = at
    self.stack = stack
    self.kind = kind
    self.command = command
    self.message = message
  }
}
