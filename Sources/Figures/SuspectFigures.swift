import SluiceRouting

/// What became of the suspects of one stack: keys that it may hold wrongly (law 7).
///
/// One key may be several of these: deleted because it was asked for, and repaired when its value comes back. So what is left is none of
/// their differences, and is written down as what it is.
public struct SuspectFigures: Sendable, Equatable {
  /// Keys that became doubtful. A key that already was does not count again.
  public var made: UInt64 = 0
  /// Keys whose copy from the other stack has arrived, or that were deleted because it does not have them either.
  public var repaired: UInt64 = 0
  /// Keys that were deleted because somebody asked for them before their repair, because the other stack could give no copy, or with
  /// everything else on the stack.
  public var deleted: UInt64 = 0
  /// Keys that were doubtful when this was written down; nil where nobody has looked.
  public var pending: UInt64?
  /// Times that all that the stack holds became doubtful, so that it must be emptied.
  public var wholeStack: UInt64 = 0

  /// Nothing counted yet.
  public init() {}

  /// Whether nothing was counted.
  public var isEmpty: Bool { self == SuspectFigures() }

  /// Adds what another one counted.
  public mutating func merge(_ other: SuspectFigures) {
    made &+= other.made
    repaired &+= other.repaired
    deleted &+= other.deleted
    wholeStack &+= other.wholeStack
    pending = other.pending ?? pending
  }

  /// One for each stack.
  public struct ByStack: Sendable, Equatable {
    private var legacy = SuspectFigures()
    private var new = SuspectFigures()

    /// Nothing counted yet.
    public init() {}

    /// Those of one stack.
    public subscript(stack: StackID) -> SuspectFigures {
      get { stack == .legacy ? legacy : new }
      set { if stack == .legacy { legacy = newValue } else { new = newValue } }
    }

    /// Whether nothing was counted.
    public var isEmpty: Bool { legacy.isEmpty && new.isEmpty }

    /// Adds what another one counted.
    public mutating func merge(_ other: ByStack) {
      legacy.merge(other.legacy)
      new.merge(other.new)
    }
  }
}
