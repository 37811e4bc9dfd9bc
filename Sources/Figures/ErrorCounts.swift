import SluiceRouting

/// Exact counts of errors by stack and kind.
public struct ErrorCounts: Sendable {
  private var counts = InlineArray<10, UInt64>(repeating: 0)

  /// Nothing counted yet.
  public init() {}

  /// How many errors of this kind the stack had.
  public subscript(stack: StackID, kind: ErrorKind) -> UInt64 {
    get { counts[Self.index(stack, kind)] }
    set { counts[Self.index(stack, kind)] = newValue }
  }

  /// All errors of a stack.
  public func total(_ stack: StackID) -> UInt64 {
    ErrorKind.allCases.reduce(0) { $0 &+ self[stack, $1] }
  }

  /// Adds what another one counted.
  public mutating func merge(_ other: ErrorCounts) {
    for index in counts.indices { counts[index] &+= other.counts[index] }
  }

  private static func index(_ stack: StackID, _ kind: ErrorKind) -> Int {
    (stack == .legacy ? 0 : 5) + Int(kind.rawValue)
  }
}
