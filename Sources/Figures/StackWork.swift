import SluiceRouting

/// How much a stack was asked, and how much of it failed for the stack's own sake.
public struct StackWork: Sendable, Equatable {
  public private(set) var operations: UInt64 = 0
  /// Commands without an answer, and those that the stack answered with trouble of its own. Errors about the command or its data
  /// are the client's.
  public private(set) var failures: UInt64 = 0

  /// Nothing asked yet.
  public init() {}

  /// What the figures say of a stack.
  public init(_ stack: StackID, in figures: borrowing LaneFigures) {
    for each in CommandClass.allCases { operations &+= figures[stack, each].operations }
    for kind in ErrorKind.allCases where kind != .reply { failures &+= figures.errors[stack, kind] }
  }

  /// What came since the figures stood at `start`.
  public func since(_ start: StackWork) -> StackWork {
    var work = self
    work.operations &-= start.operations
    work.failures &-= start.failures
    return work
  }

  /// Failures per operation, 0 to 1; 0 if nothing was asked.
  public var rate: Double { operations == 0 ? 0 : Double(failures) / Double(operations) }
}
