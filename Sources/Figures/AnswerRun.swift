import SluiceRouting

/// Answers one after the other to the same command, of the same stack, with the same outcome and after the same time: what is answered in
/// one turn was mostly asked in one turn. They are counted by one addition each, and brought to the figures together.
@usableFromInline
struct AnswerRun: Sendable {
  @usableFromInline
  struct Kind: Sendable, Equatable {
    /// In one word, so that two are compared at once: command, outcome, slow, class, role, stack.
    @usableFromInline let word: UInt32

    @inlinable
    init(
      command: UInt16, stack: StackID, role: Role, commandClass: CommandClass,
      outcome: CommandFigures.Outcome,
      isSlow: Bool
    ) {
      word =
        UInt32(command) &<< 16 | UInt32(outcome.rawValue) &<< 8 | (isSlow ? 16 : 0)
        | UInt32(commandClass.rawValue) &<< 2 | (role == .primary ? 0 : 2) | (stack == .legacy ? 0 : 1)
    }

    @inlinable
    static func == (left: Self, right: Self) -> Bool { left.word == right.word }

    /// Whether an answer that is no error, to this command, by this stack in this role, is of this kind.
    @inlinable
    func isAnswer(to command: UInt16, _ stack: StackID, _ role: Role, isNull: Bool) -> Bool {
      let asked = UInt32(command) &<< 16 | (role == .primary ? 0 : 2) | (stack == .legacy ? 0 : 1)
      guard word & 0xffff_0003 == asked else { return false }
      let outcome = word &>> 8 & 0xff
      return outcome == UInt32(CommandFigures.Outcome.done.rawValue)
        || outcome == UInt32((isNull ? CommandFigures.Outcome.miss : .hit).rawValue)
    }

    var command: UInt16 { UInt16(truncatingIfNeeded: word >> 16) }
    var outcome: CommandFigures.Outcome {
      CommandFigures.Outcome(rawValue: UInt8(truncatingIfNeeded: word >> 8)) ?? .done
    }
    var isSlow: Bool { word & 16 != 0 }
    var commandClass: CommandClass { CommandClass(rawValue: UInt8(word >> 2 & 3)) ?? .other }
    var role: Role { word & 2 == 0 ? .primary : .mirror }
    var stack: StackID { word & 1 == 0 ? .legacy : .new }
  }

  @usableFromInline var kind: Kind
  @usableFromInline var nanoseconds: Int64
  @usableFromInline var count: UInt64 = 0

  init(kind: Kind, nanoseconds: Int64) {
    self.kind = kind
    self.nanoseconds = nanoseconds
  }

  /// Like no answer: none takes so long.
  init() {
    self.init(
      kind: Kind(
        command: 0, stack: .legacy, role: .primary, commandClass: .read, outcome: .done, isSlow: false),
      nanoseconds: .min)
  }
}
