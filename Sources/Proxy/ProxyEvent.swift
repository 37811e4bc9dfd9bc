import Figures
import Routing

/// What the data plane has to tell; reported on a loop, so whoever listens must be quick.
public enum ProxyEvent: Sendable {
  case health(StackID, StackHealth, lane: Int)
  case divergence(Divergence)
}

/// Two replies to one read that differ and still differed when asked again (design, section 6).
public struct Divergence: Sendable {
  public let kind: DivergenceKind
  /// The command's row in the table.
  public let command: UInt16
  /// The first key of the command.
  public let key: [UInt8]
  public let legacy: [UInt8]
  public let new: [UInt8]
  /// Distance from the start of the replies to the first byte that differs.
  public let firstDifference: Int
}
