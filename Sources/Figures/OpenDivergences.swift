/// Differences between the stacks that were seen, and are not known to be gone. Each stays open until the same question is answered alike
/// by both, until its key is known to be equal, or until somebody closes it: what was counted before a flip does not go away with it.
///
/// What is closed is meant to stay: seen again, it is none to act on, until the answers are others or somebody opens it again.
/// What is about a cold new stack is none of these: `cold` tells of that.
public struct OpenDivergences: Sendable {
  /// One question to which the stacks gave different answers.
  public struct Entry: Sendable, Equatable {
    /// The digest of the whole command, by which its next answer is known.
    public var question: UInt64
    public var kind: DivergenceKind
    public var command: UInt16
    public var key: [UInt8]
    /// Digests of both answers.
    public var legacy: UInt64
    public var new: UInt64
    /// Why it is meant to stay; nil while it is open.
    public var closed: String?

    public init(
      question: UInt64, kind: DivergenceKind, command: UInt16, key: [UInt8], legacy: UInt64 = 0,
      new: UInt64 = 0, closed: String? = nil
    ) {
      (self.question, self.kind, self.command, self.key) = (question, kind, command, key)
      (self.legacy, self.new, self.closed) = (legacy, new, closed)
    }

    /// Whether this is what was closed, and not another difference. A time that goes by is another answer each time.
    fileprivate func isSame(as other: Entry) -> Bool {
      kind == other.kind && (kind == .ttl || (legacy == other.legacy && new == other.new))
    }
  }

  /// So many are known one by one, with names of so many bytes.
  public static let limit = 16_384
  public static let byteLimit = 2 << 20

  private var entries: [UInt64: Entry] = [:]
  /// The same by key, for who looks at all that the stacks hold of one.
  private var questions: [[UInt8]: [UInt64]] = [:]
  private var bytes = 0
  private var closedCount = 0
  /// Others, not known one by one, of which there are at least so many. Only who looks at all keys can close them.
  public private(set) var unlisted: UInt64 = 0
  /// What is meant to differ.
  public private(set) var closings: [Closing] = []
  /// Grows with every change, so that who keeps a copy knows when it is old.
  public private(set) var version: UInt64 = 0

  /// Nothing has differed.
  public init() {}

  /// The one thing that every comparison asks.
  public var isEmpty: Bool { entries.isEmpty }

  /// How many are open, or at least are.
  public var count: UInt64 { UInt64(entries.count - closedCount) &+ unlisted }

  /// Those that are known one by one, the closed ones too.
  public var list: [Entry] { Array(entries.values) }

  /// The stacks gave different answers, and again when they were asked again. Whether that is meant so, and nothing to act on.
  public mutating func differed(_ entry: Entry) -> Bool {
    if isMeant(entry.kind, entry.key) {
      remove(entry.question)
      return true
    }
    guard let known = entries[entry.question] else {
      list(entry)
      return false
    }
    if known.closed != nil, known.isSame(as: entry) { return true }
    guard known != entry else { return false }
    version &+= 1
    if known.closed != nil { closedCount -= 1 }
    entries[entry.question] = entry
    return false
  }

  private mutating func list(_ entry: Entry) {
    guard entries.count < Self.limit, bytes + entry.key.count <= Self.byteLimit else {
      if unlisted == 0 { version &+= 1 }
      unlisted = max(1, unlisted)
      return
    }
    version &+= 1
    entries[entry.question] = entry
    questions[entry.key, default: []].append(entry.question)
    bytes += entry.key.count
    if entry.closed != nil { closedCount += 1 }
  }

  private mutating func remove(_ question: UInt64) {
    guard let entry = entries.removeValue(forKey: question) else { return }
    version &+= 1
    bytes -= entry.key.count
    if entry.closed != nil { closedCount -= 1 }
    questions[entry.key]?.removeAll { $0 == question }
    if questions[entry.key]?.isEmpty == true { questions[entry.key] = nil }
  }

  /// Whether a difference of this kind is meant to be, by what was said of its kind or of its key.
  public func isMeant(_ kind: DivergenceKind, _ key: [UInt8]) -> Bool {
    !closings.isEmpty && closings.contains { $0.covers(kind, key) }
  }

  /// The stacks gave the same answer. Need not be called while nothing is known.
  public mutating func agreed(about question: UInt64) {
    if entries[question] != nil { remove(question) }
  }

  /// All that both stacks hold of the key is the same.
  public mutating func isEqual(_ key: [UInt8]) {
    guard !entries.isEmpty, let questions = questions[key] else { return }
    for question in questions { remove(question) }
  }

  /// Everything was found to be equal, but for what is meant to differ.
  public mutating func everythingIsEqual() {
    for entry in list where entry.closed == nil { remove(entry.question) }
    if unlisted > 0 { version &+= 1 }
    unlisted = 0
  }

  /// Somebody answers for all that is open.
  public mutating func close(because reason: String) {
    version &+= 1
    for question in entries.keys where entries[question]?.closed == nil {
      entries[question]?.closed = reason
      closedCount += 1
    }
    unlisted = 0
  }

  /// What is meant to differ from now on. What of it is open is so no more; what was meant by another one is open when it is seen again.
  public mutating func mean(_ closings: [Closing]) {
    guard closings != self.closings else { return }
    version &+= 1
    self.closings = closings
    for entry in list where isMeant(entry.kind, entry.key) { remove(entry.question) }
  }

  /// All that was closed is open again.
  public mutating func open() {
    version &+= 1
    closings = []
    closedCount = 0
    for question in entries.keys { entries[question]?.closed = nil }
  }

  /// What an earlier run knew.
  public mutating func recall(_ entry: Entry) {
    if entries[entry.question] == nil, !isMeant(entry.kind, entry.key) { list(entry) }
  }

  /// Others of an earlier run, of which only the number is known.
  public mutating func recall(unlisted more: UInt64) {
    guard more > 0 else { return }
    unlisted &+= more
    version &+= 1
  }
}
