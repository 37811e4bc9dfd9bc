/// How values went from one stack to the other.
public struct CopyFigures: Sendable, Equatable {
  /// The dump as it is.
  public var dump: UInt64 = 0
  /// The dump with the other server's stamp.
  public var restamped: UInt64 = 0
  /// Read and written by type, at once.
  public var value: UInt64 = 0
  /// The same in pieces.
  public var pieces: UInt64 = 0

  /// Nothing counted yet.
  public init() {}

  /// All of them.
  public var total: UInt64 { dump &+ restamped &+ value &+ pieces }

  /// Whether nothing was counted.
  public var isEmpty: Bool { self == CopyFigures() }

  /// Adds what another one counted.
  public mutating func merge(_ other: CopyFigures) {
    dump &+= other.dump
    restamped &+= other.restamped
    value &+= other.value
    pieces &+= other.pieces
  }
}
