import SluiceRouting

/// Exact counts of what stacks have said of themselves, by stack and by the word that it began with. Words that are not in the list are
/// one: a module or a proxy on the way may have any number of them.
public struct TroubleCounts: Sendable {
  /// Redis 7.2, `server.c` and `cluster.c`, and Sluice's own word for a stack that it cannot ask.
  public static let words = [
    "OOM", "READONLY", "LOADING", "MISCONF", "NOPERM", "NOAUTH", "WRONGPASS", "DENIED", "BUSY", "NOREPLICAS",
    "MASTERDOWN", "CLUSTERDOWN", "MOVED", "ASK", "TRYAGAIN", "IOERR", "STACKDOWN",
  ]
  /// What a word that is not in the list is called.
  public static let other = "other"

  private static let room = 20
  private var counts = InlineArray<40, UInt64>(repeating: 0)

  /// Nothing counted yet.
  public init() {}

  /// - Parameter place: of the word in ``words``; nil, and what is beyond it, is any other one.
  public mutating func record(_ stack: StackID, _ place: Int?) { counts[Self.index(stack, place)] &+= 1 }

  /// How often the stack has begun with that word.
  public subscript(stack: StackID, word: String) -> UInt64 {
    counts[Self.index(stack, Self.words.firstIndex(of: word))]
  }

  public var isEmpty: Bool { counts.indices.allSatisfy { counts[$0] == 0 } }

  /// Adds what another one counted.
  public mutating func merge(_ other: TroubleCounts) {
    for index in counts.indices { counts[index] &+= other.counts[index] }
  }

  private static func index(_ stack: StackID, _ place: Int?) -> Int {
    let last = room - 1
    return (stack == .legacy ? 0 : room) + min(max(0, place ?? last), last)
  }
}
