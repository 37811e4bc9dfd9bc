import SluiceRouting

/// How much a stack was asked, how much of it failed for the stack's own sake, and how much was slow.
public struct StackWork: Sendable, Equatable {
  public private(set) var operations: UInt64 = 0
  /// Commands without an answer, and those that the stack answered with trouble of its own. Errors about the command or its data
  /// are the client's.
  public private(set) var failures: UInt64 = 0
  /// Commands for which clients waited, and those of them that took longer than the guardrails allow.
  public private(set) var waited: UInt64 = 0
  public private(set) var slow: UInt64 = 0

  /// Nothing asked yet.
  public init() {}

  /// What the figures say of a stack.
  public init(_ stack: StackID, in figures: borrowing LaneFigures) {
    for role in Role.allCases {
      for each in CommandClass.allCases {
        let operations = figures[stack, role, each].operations
        self.operations &+= operations
        failures &+= figures[stack, role, each].failures
        guard role == .primary else { continue }
        waited &+= operations
        slow &+= figures[stack, role, each].slow
      }
    }
    add(figures.run, ofStack: stack)
  }

  /// What the figures by class do not say yet.
  private mutating func add(_ run: AnswerRun, ofStack stack: StackID) {
    guard run.count > 0, run.kind.stack == stack else { return }
    operations &+= run.count
    if run.kind.outcome == .failed { failures &+= run.count }
    guard run.kind.role == .primary else { return }
    waited &+= run.count
    if run.kind.isSlow { slow &+= run.count }
  }

  /// What came since the figures stood at `start`.
  public func since(_ start: StackWork) -> StackWork {
    var work = self
    work.operations &-= start.operations
    work.failures &-= start.failures
    work.waited &-= start.waited
    work.slow &-= start.slow
    return work
  }

  /// Adds what came at another time.
  public mutating func merge(_ other: StackWork) {
    operations &+= other.operations
    failures &+= other.failures
    waited &+= other.waited
    slow &+= other.slow
  }

  /// Failures per operation, 0 to 1; 0 if nothing was asked.
  public var rate: Double { operations == 0 ? 0 : Double(failures) / Double(operations) }

  /// Slow ones per operation for which a client waited, 0 to 1; 0 if there was none.
  public var slowRate: Double { waited == 0 ? 0 : Double(slow) / Double(waited) }
}
