import SluiceRouting

/// What the stacks did command by command, by role: a place for each command, which says where its figures are in a short list of those
/// that were asked at all. So a command costs a few additions, what is in use lies together, and to start again costs little.
public struct CommandFigures: Sendable {
  /// One command of one stack in one role.
  public struct Cell: Sendable {
    /// Times are told apart to a factor of two: bucket `n` holds what took less than 2ⁿ · 1.024 µs, the last one all that is longer.
    public static let buckets = 24

    let place: UInt16
    /// By ``Outcome``.
    private var ended = InlineArray<5, UInt64>(repeating: 0)
    private var times = InlineArray<24, UInt32>(repeating: 0)

    public var operations: UInt64 { ended.indices.reduce(0) { $0 &+ ended[$1] } }
    public var hits: UInt64 { self[.hit] }
    public var misses: UInt64 { self[.miss] }
    /// Failures are among them.
    public var errors: UInt64 { self[.refused] &+ failures }
    public var failures: UInt64 { self[.failed] }

    init(place: UInt16) { self.place = place }

    private subscript(outcome: Outcome) -> UInt64 { ended[Int(outcome.rawValue)] }

    mutating func add(_ count: UInt64, after nanoseconds: Int64, _ outcome: Outcome) {
      ended[Int(outcome.rawValue)] &+= count
      let bucket = min(Self.buckets - 1, 64 - (UInt64(clamping: nanoseconds) >> 10).leadingZeroBitCount)
      times[bucket] &+= UInt32(truncatingIfNeeded: count)
    }

    mutating func addUnanswered() {
      ended[Int(Outcome.failed.rawValue)] &+= 1
    }

    mutating func merge(_ other: Cell) {
      for index in ended.indices { ended[index] &+= other.ended[index] }
      for index in times.indices {
        times[index] = UInt32(clamping: UInt64(times[index]) &+ UInt64(other.times[index]))
      }
    }

    /// The time in microseconds that `percent` percent (1 … 100) did not exceed, rounded up to the end of its bucket; 0 if there is none.
    public func microseconds(atPercent percent: UInt64) -> UInt64 {
      let total = times.indices.reduce(0 as UInt64) { $0 &+ UInt64(times[$1]) }
      guard total > 0 else { return 0 }
      var upto: UInt64 = 0
      for index in times.indices {
        upto &+= UInt64(times[index])
        if upto &* 100 >= total &* percent { return (1024 << UInt64(index)) / 1000 }
      }
      return (1024 << UInt64(Self.buckets)) / 1000
    }
  }

  /// How a command ended.
  public enum Outcome: UInt8, Sendable {
    case done, hit, miss
    /// About the command or its data.
    case refused
    /// For the stack's own sake.
    case failed
  }

  /// Command numbers are below this; the last one stands for every number that is not.
  private static let commands = DivergenceCounts.commandLimit

  /// By place: one more than where its cell is, or 0.
  private var cellAt = [UInt16](repeating: 0, count: 4 * CommandFigures.commands)
  private var cells: [Cell] = []

  /// Nothing counted yet.
  public init() {}

  public var isEmpty: Bool { cells.isEmpty }

  /// Counts one command that was answered.
  public mutating func record(
    _ stack: StackID, _ role: Role, command: UInt16, nanoseconds: Int64, _ outcome: Outcome
  ) {
    var run = AnswerRun(
      kind: AnswerRun.Kind(
        command: command, stack: stack, role: role, commandClass: .other, outcome: outcome,
        isSlow: false),
      nanoseconds: nanoseconds)
    run.count = 1
    record(run)
  }

  mutating func record(_ run: AnswerRun) {
    let place = Self.place(run.kind.stack, run.kind.role, run.kind.command)
    let at = Int(cellAt[place])
    cells[at > 0 ? at - 1 : begin(place)].add(
      run.count, after: run.nanoseconds, run.kind.outcome)
  }

  /// Counts one command to which no answer came.
  public mutating func recordUnanswered(_ stack: StackID, _ role: Role, command: UInt16) {
    let place = Self.place(stack, role, command)
    let at = Int(cellAt[place])
    cells[at > 0 ? at - 1 : begin(place)].addUnanswered()
  }

  private mutating func begin(_ place: Int) -> Int {
    cells.append(Cell(place: UInt16(truncatingIfNeeded: place)))
    cellAt[place] = UInt16(truncatingIfNeeded: cells.count)
    return cells.count - 1
  }

  /// Adds what another lane, or an earlier interval, counted.
  public mutating func merge(_ other: CommandFigures) {
    for cell in other.cells {
      let place = Int(cell.place)
      let at = Int(cellAt[place])
      cells[at > 0 ? at - 1 : begin(place)].merge(cell)
    }
  }

  /// Visits what was counted, in the order of stacks, roles and numbers.
  public func forEachCell(_ body: (_ stack: StackID, _ role: Role, _ command: UInt16, _ cell: Cell) -> Void) {
    for cell in cells.sorted(by: { $0.place < $1.place }) {
      let (group, command) = Int(cell.place).quotientAndRemainder(dividingBy: Self.commands)
      body(
        group < 2 ? .legacy : .new, group & 1 == 0 ? .primary : .mirror,
        UInt16(truncatingIfNeeded: command), cell)
    }
  }

  /// Returns what was counted and starts again from nothing.
  mutating func take() -> CommandFigures {
    guard !isEmpty else { return .nothing }
    let taken = self
    self = CommandFigures()
    return taken
  }

  private static let nothing = CommandFigures()

  private static func place(_ stack: StackID, _ role: Role, _ command: UInt16) -> Int {
    ((stack == .legacy ? 0 : 2) + (role == .primary ? 0 : 1)) * commands + min(Int(command), commands - 1)
  }
}
