import SluiceRouting

/// Everything that one lane counts, bumped by the one loop that owns the lane: plain additions in storage that
/// exists from the start, without allocation, lock or atomic.
///
/// Once per interval the owner calls ``take()`` and hands the result on; the results of all lanes are merged and
/// become one row of figures in the ledger.
public struct LaneFigures: Sendable {
  @usableFromInline var cells = InlineArray<12, OperationFigures> { _ in OperationFigures() }
  /// The answers that were counted last, as long as they are all alike: nearly all commands of a turn are.
  @usableFromInline var run = AnswerRun()
  /// Compares and mirrored writes.
  public var compare = CompareFigures()
  /// Divergences by kind and command. Who records one bumps `compare.diverged` as well, or calls
  /// ``recordDivergence(_:command:)``, which does both.
  public var divergences = DivergenceCounts()
  /// Errors by stack and kind.
  public var errors = ErrorCounts()
  /// Of the errors by which stacks spoke of themselves, the words.
  public var troubles = TroubleCounts()
  /// Suspects made, repaired and deleted.
  public var suspects = SuspectFigures.ByStack()
  /// What the stacks did, command by command.
  public var commands = CommandFigures()
  /// How copies went over.
  public var copies = CopyFigures()
  /// How long commands were held before a stack was asked.
  public var holds = HoldFigures()
  /// How long their clients waited in all.
  public var waits = HeldWaits()
  /// Transactions with keys on both stacks that were carried as one block on each.
  public var splitTransactions: UInt64 = 0
  /// Scripts that touched keys which nobody can name, and were not repeated: what they did there is on one stack alone.
  public var untoldScripts: UInt64 = 0
  /// What the proxy itself refused, by command and reason.
  public var refusals = RefusalCounts()
  /// What was asked that one of the two servers does not have, by command; the reason is ``lacking(_:)``.
  public var lacks = RefusalCounts()
  /// What no way can carry, by name.
  public var uncarried = UncarriedKeys()

  /// Nothing counted yet.
  public init() {}

  /// What a stack did in one of its roles for a class of commands. The last of what was counted by
  /// command may still be missing; ``take()`` brings it in, and ``StackWork`` looks at it.
  @inlinable
  public subscript(stack: StackID, role: Role, commandClass: CommandClass) -> OperationFigures {
    _read { yield cells[Self.index(stack, role, commandClass)] }
    _modify { yield &cells[Self.index(stack, role, commandClass)] }
  }

  /// What a stack did for a class of commands, in both roles together.
  public subscript(stack: StackID, commandClass: CommandClass) -> OperationFigures {
    var figures = self[stack, .primary, commandClass]
    figures.merge(self[stack, .mirror, commandClass])
    return figures
  }

  /// Counts a compare that found a difference and found it again.
  ///
  /// - Parameter isServed: the client had asked new, and got its answer.
  public mutating func recordDivergence(_ kind: DivergenceKind, command: UInt16, isServed: Bool = false) {
    compare.diverged &+= 1
    divergences.record(kind, command: command)
    if kind == .missingInLegacy, !isServed { compare.missedOnLegacy &+= 1 }
    guard isServed else { return }
    if kind.isAboutData { compare.servedDifferent &+= 1 }
    if kind == .missingInNew { compare.servedMissing &+= 1 }
  }

  /// Counts a command that a stack has answered: by command, and its time by class.
  ///
  /// - Parameter isSlow: it took longer than the guardrails allow.
  @inlinable
  public mutating func record(
    _ stack: StackID, _ role: Role, _ commandClass: CommandClass, command: UInt16, nanoseconds: Int64,
    isSlow: Bool, _ outcome: CommandFigures.Outcome
  ) {
    let kind = AnswerRun.Kind(
      command: command, stack: stack, role: role, commandClass: commandClass, outcome: outcome, isSlow: isSlow
    )
    if run.kind != kind || run.nanoseconds != nanoseconds { begin(kind, nanoseconds) }
    run.count &+= 1
  }

  /// Counts an answer that is no error if it is like the last one; false, and nothing counted, if it is not. Nearly all of a turn are, and
  /// nothing more of them need be known.
  ///
  /// - Parameter isNull: whether it is RESP's null, which is a miss where misses are counted.
  @inlinable
  public mutating func recordAlike(
    _ stack: StackID, _ role: Role, command: UInt16, nanoseconds: Int64, isNull: Bool
  ) -> Bool {
    guard run.nanoseconds == nanoseconds, run.kind.isAnswer(to: command, stack, role, isNull: isNull) else {
      return false
    }
    run.count &+= 1
    return true
  }

  @usableFromInline
  mutating func begin(_ kind: AnswerRun.Kind, _ nanoseconds: Int64) {
    settle()
    run = AnswerRun(kind: kind, nanoseconds: nanoseconds)
  }

  private mutating func settle() {
    guard run.count > 0 else { return }
    let kind = run.kind
    let index = Self.index(kind.stack, kind.role, kind.commandClass)
    commands.record(run)
    cells[index].add(run)
    run.count = 0
  }

  /// Counts a command to which no answer came, or that was not sent because none could come.
  public mutating func recordUnanswered(
    _ kind: ErrorKind, on stack: StackID, _ role: Role, _ commandClass: CommandClass, command: UInt16
  ) {
    commands.recordUnanswered(stack, role, command: command)
    self[stack, role, commandClass].operations &+= 1
    recordError(kind, on: stack, role, commandClass)
  }

  /// Counts an operation of no command of the table that failed, in the figures of its role and class and by its kind.
  public mutating func recordError(
    _ kind: ErrorKind, on stack: StackID, _ role: Role, _ commandClass: CommandClass
  ) {
    self[stack, role, commandClass].errors &+= 1
    if kind != .reply { self[stack, role, commandClass].failures &+= 1 }
    errors[stack, kind] &+= 1
  }

  /// The reason of a command that a stack's server does not have.
  public static func lacking(_ stack: StackID) -> String { "\(stack.name)_lacks_it" }

  /// Whether nothing was counted.
  public var isEmpty: Bool {
    for index in cells.indices where !cells[index].isEmpty { return false }
    return lacks.isEmpty && uncarried.isEmpty && compare.isEmpty && divergences.total == 0
      && errors.total(.legacy) == 0 && errors.total(.new) == 0 && troubles.isEmpty && suspects.isEmpty
      && copies.isEmpty
      && holds.isEmpty && splitTransactions == 0 && untoldScripts == 0 && waits.isEmpty && refusals.isEmpty
      && commands.isEmpty
      && run.count == 0
  }

  /// Adds what another lane, or an earlier interval, counted, and was taken from it.
  public mutating func merge(_ other: LaneFigures) {
    for index in cells.indices { cells[index].merge(other.cells[index]) }
    compare.merge(other.compare)
    divergences.merge(other.divergences)
    errors.merge(other.errors)
    troubles.merge(other.troubles)
    suspects.merge(other.suspects)
    commands.merge(other.commands)
    copies.merge(other.copies)
    holds.merge(other.holds)
    splitTransactions &+= other.splitTransactions
    untoldScripts &+= other.untoldScripts
    waits.merge(other.waits)
    refusals.merge(other.refusals)
    lacks.merge(other.lacks)
    uncarried.merge(other.uncarried)
  }

  /// Returns what was counted and starts again from nothing.
  public mutating func take() -> LaneFigures {
    settle()
    var taken = LaneFigures.nothing
    for index in cells.indices { taken.cells[index] = OperationFigures(taking: &cells[index]) }
    taken.commands = commands.take()
    taken.compare = compare
    taken.divergences = divergences
    taken.errors = errors
    taken.troubles = troubles
    taken.suspects = suspects
    taken.copies = copies
    taken.holds = holds.take()
    taken.waits = waits.take()
    taken.splitTransactions = splitTransactions
    taken.untoldScripts = untoldScripts
    taken.refusals = refusals
    taken.lacks = lacks
    taken.uncarried = uncarried
    compare = CompareFigures()
    divergences = DivergenceCounts()
    errors = ErrorCounts()
    troubles = TroubleCounts()
    suspects = SuspectFigures.ByStack()
    copies = CopyFigures()
    splitTransactions = 0
    untoldScripts = 0
    refusals = RefusalCounts()
    lacks = RefusalCounts()
    uncarried = UncarriedKeys()
    return taken
  }

  private static let nothing = LaneFigures()

  @inlinable
  static func index(_ stack: StackID, _ role: Role, _ commandClass: CommandClass) -> Int {
    (stack == .legacy ? 0 : 6) + (role == .primary ? 0 : 3) + Int(commandClass.rawValue)
  }
}
