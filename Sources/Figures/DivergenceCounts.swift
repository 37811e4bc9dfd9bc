/// Exact counts of divergences by kind and command: a flat table, so that a count costs one addition however many
/// keys of a cold stack are missing.
public struct DivergenceCounts: Sendable {
  /// Command numbers are below this. The last one stands for every number that is not.
  public static let commandLimit = 512

  /// Row by row of kinds, or empty while nothing was counted.
  private var counts: [UInt64] = []
  /// All divergences.
  public private(set) var total: UInt64 = 0

  /// Nothing counted yet.
  public init() {}

  /// Counts one divergence of the command with this number.
  public mutating func record(_ kind: DivergenceKind, command: UInt16) {
    add(1, at: Self.index(kind, command))
  }

  /// Counts divergences of commands that are not known any more.
  public mutating func record(_ kind: DivergenceKind, count: UInt64) {
    if count > 0 { add(count, at: Self.index(kind, .max)) }
  }

  /// How many divergences of this kind the command with this number had.
  public subscript(kind: DivergenceKind, command: UInt16) -> UInt64 {
    counts.isEmpty ? 0 : counts[Self.index(kind, command)]
  }

  /// How many divergences of this kind there were, over all commands.
  public subscript(kind: DivergenceKind) -> UInt64 {
    guard !counts.isEmpty else { return 0 }
    let start = Self.index(kind, 0)
    return counts[start..<start + Self.commandLimit].reduce(0, &+)
  }

  /// Visits what is not zero, by kind, then by command.
  public func forEachCount(_ body: (_ kind: DivergenceKind, _ command: UInt16, _ count: UInt64) -> Void) {
    guard total > 0 else { return }
    for kind in DivergenceKind.allCases {
      for command in 0..<UInt16(Self.commandLimit) {
        let count = counts[Self.index(kind, command)]
        if count > 0 { body(kind, command, count) }
      }
    }
  }

  /// Adds what another one counted.
  public mutating func merge(_ other: DivergenceCounts) {
    guard other.total > 0 else { return }
    if total == 0 {
      self = other
    } else {
      for index in other.counts.indices { counts[index] &+= other.counts[index] }
      total &+= other.total
    }
  }

  private mutating func add(_ count: UInt64, at index: Int) {
    if counts.isEmpty {
      counts = [UInt64](repeating: 0, count: DivergenceKind.allCases.count * Self.commandLimit)
    }
    counts[index] &+= count
    total &+= count
  }

  private static func index(_ kind: DivergenceKind, _ command: UInt16) -> Int {
    Int(kind.rawValue) * commandLimit + min(Int(command), commandLimit - 1)
  }
}
