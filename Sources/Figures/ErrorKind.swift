/// Why a command got no good answer from a stack.
public enum ErrorKind: UInt8, CaseIterable, Sendable {
  /// Sluice did not send it: the stack is marked as down, or its queue was full.
  case refused
  /// It was sent, and no reply came before the deadline.
  case timeout
  /// The connection could not be made, or was lost while the command was in flight.
  case unreachable
  /// The stack answered with an error about the command or its data (`ERR`, `WRONGTYPE`, …).
  case reply
  /// The stack answered that it is in trouble itself (`OOM`, `READONLY`, `LOADING`, `NOPERM`, …).
  case trouble

  /// The word for the ledger and for people.
  public var name: String {
    switch self {
    case .refused: "refused"
    case .timeout: "timeout"
    case .unreachable: "unreachable"
    case .reply: "reply"
    case .trouble: "trouble"
    }
  }
}
