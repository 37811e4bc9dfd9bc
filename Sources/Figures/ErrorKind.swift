/// Why a command got no good answer from a stack.
public enum ErrorKind: UInt8, CaseIterable, Sendable {
  /// Sluice did not send it: the stack is marked as down, or its queue was full.
  case refused
  /// It was sent, and no reply came before the deadline.
  case timeout
  /// The connection could not be made, or was lost while the command was in flight.
  case unreachable
  /// The stack answered with an error.
  case reply

  /// The word for the ledger and for people.
  public var name: String {
    switch self {
    case .refused: "refused"
    case .timeout: "timeout"
    case .unreachable: "unreachable"
    case .reply: "reply"
    }
  }
}
