/// Differences between the stacks that were seen, and are not known to be gone. Each stays open until the same question is answered alike
/// by both, until its key is known to be equal, or until somebody closes it: what was counted before a flip does not go away with it.
///
/// What is about a cold new stack is none: `cold` tells of that.
public struct OpenDivergences: Sendable, Equatable {
  /// One question to which the stacks gave different answers.
  public struct Entry: Sendable, Equatable {
    /// The digest of the whole command, by which its next answer is known.
    public var question: UInt64
    public var kind: DivergenceKind
    public var command: UInt16
    public var key: [UInt8]

    public init(question: UInt64, kind: DivergenceKind, command: UInt16, key: [UInt8]) {
      (self.question, self.kind, self.command, self.key) = (question, kind, command, key)
    }
  }

  /// So many are known one by one. Of more it is known only how often something differed.
  public static let limit = 1024

  private var entries: [UInt64: Entry] = [:]
  /// Divergences that found no room; only who looks at all keys can close them.
  public private(set) var unlisted: UInt64 = 0
  /// Grows with every change, so that who keeps a copy knows when it is old.
  public private(set) var version: UInt64 = 0

  /// Nothing has differed.
  public init() {}

  /// The one thing that every comparison asks.
  public var isEmpty: Bool { entries.isEmpty }

  /// How many are open.
  public var count: UInt64 { UInt64(entries.count) &+ unlisted }

  /// Those that are known one by one.
  public var list: [Entry] { Array(entries.values) }

  /// The stacks gave different answers, and again when they were asked again.
  public mutating func differed(_ entry: Entry) {
    guard entries[entry.question] == nil else { return }
    version &+= 1
    if entries.count < Self.limit { entries[entry.question] = entry } else { unlisted &+= 1 }
  }

  /// The stacks gave the same answer. Need not be called while nothing is open.
  public mutating func agreed(about question: UInt64) {
    if entries.removeValue(forKey: question) != nil { version &+= 1 }
  }

  /// All that both stacks hold of the key is the same.
  public mutating func isEqual(_ key: [UInt8]) {
    guard !entries.isEmpty else { return }
    let before = entries.count
    entries = entries.filter { $0.value.key != key }
    if entries.count != before { version &+= 1 }
  }

  /// Everything was found to be equal, or somebody answers for it.
  public mutating func close() {
    version &+= 1
    (entries, unlisted) = ([:], 0)
  }

  /// Others of an earlier run, of which only the number is known.
  public mutating func recall(unlisted more: UInt64) {
    unlisted &+= more
    version &+= 1
  }
}
