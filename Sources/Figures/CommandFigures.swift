import SluiceRouting

/// What the stacks did command by command, by role: a flat table, so that a command costs a few additions, and a list of the rows that
/// are in use, so that who reads it need not look at the rest.
public struct CommandFigures: Sendable {
  /// One command of one stack in one role.
  public struct Cell: Sendable {
    /// Times are told apart to a factor of two: bucket `n` holds what took less than 2ⁿ · 1.024 µs, the last one all that is longer.
    public static let buckets = 24

    public internal(set) var operations: UInt64 = 0
    public internal(set) var hits: UInt64 = 0
    public internal(set) var misses: UInt64 = 0
    public internal(set) var errors: UInt64 = 0
    public internal(set) var failures: UInt64 = 0
    var times = InlineArray<24, UInt32>(repeating: 0)

    init() {}

    /// In one piece, so that the table is looked at once.
    mutating func add(_ nanoseconds: Int64?, _ outcome: Outcome) {
      operations &+= 1
      switch outcome {
      case .done: break
      case .hit: hits &+= 1
      case .miss: misses &+= 1
      case .refused: errors &+= 1
      case .failed:
        errors &+= 1
        failures &+= 1
      }
      guard let nanoseconds else { return }
      let bucket = min(Self.buckets - 1, 64 - (UInt64(clamping: nanoseconds) >> 10).leadingZeroBitCount)
      times[bucket] &+= 1
    }

    mutating func merge(_ other: Cell) {
      operations &+= other.operations
      hits &+= other.hits
      misses &+= other.misses
      errors &+= other.errors
      failures &+= other.failures
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
  public enum Outcome: Sendable {
    case done, hit, miss
    /// About the command or its data.
    case refused
    /// For the stack's own sake.
    case failed
  }

  /// Command numbers are below this; the last one stands for every number that is not.
  private static let commands = DivergenceCounts.commandLimit

  private var cells: [Cell] = []
  private var used: [UInt16] = []

  /// Nothing counted yet.
  public init() {}

  public var isEmpty: Bool { used.isEmpty }

  /// Counts one command.
  ///
  /// - Parameter nanoseconds: nil if there was no answer.
  public mutating func record(
    _ stack: StackID, _ role: Role, command: UInt16, nanoseconds: Int64?, _ outcome: Outcome
  ) {
    let index = Self.index(stack, role, command)
    if cells.isEmpty { cells = [Cell](repeating: Cell(), count: 4 * Self.commands) }
    if cells[index].operations == 0 { used.append(UInt16(truncatingIfNeeded: index)) }
    cells[index].add(nanoseconds, outcome)
  }

  /// Adds what another lane, or an earlier interval, counted.
  public mutating func merge(_ other: CommandFigures) {
    guard !other.isEmpty else { return }
    guard !cells.isEmpty else {
      self = other
      return
    }
    for place in other.used {
      let index = Int(place)
      if cells[index].operations == 0 { used.append(place) }
      cells[index].merge(other.cells[index])
    }
  }

  /// Visits what was counted.
  public func forEachCell(_ body: (_ stack: StackID, _ role: Role, _ command: UInt16, _ cell: Cell) -> Void) {
    for place in used.sorted() {
      let (group, command) = Int(place).quotientAndRemainder(dividingBy: Self.commands)
      body(
        group < 2 ? .legacy : .new, group & 1 == 0 ? .primary : .mirror, UInt16(truncatingIfNeeded: command),
        cells[Int(place)])
    }
  }

  private static func index(_ stack: StackID, _ role: Role, _ command: UInt16) -> Int {
    ((stack == .legacy ? 0 : 2) + (role == .primary ? 0 : 1)) * commands + min(Int(command), commands - 1)
  }
}
