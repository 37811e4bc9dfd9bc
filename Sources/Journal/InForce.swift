import SluiceRouting

/// What the next process must know of this one: which routing was in force, and which stack may not be believed.
public struct InForce: Sendable, Equatable {
  /// A rollback that has reached this instance: its own latch, whatever becomes of the shared file.
  public struct Latch: Sendable, Equatable {
    public var reason: String
    public var who: String
    /// Milliseconds since 1970.
    public var at: Int64
    /// Whether the shared file was there: where it is gone then, somebody has removed it.
    public var hadFile: Bool

    public init(reason: String, who: String, at: Int64, hadFile: Bool = false) {
      self.reason = reason
      self.who = who
      self.at = at
      self.hadFile = hadFile
    }
  }

  /// The bytes of the last good flags that were in force; empty if none were.
  public var definition: [UInt8] = []
  public var latch: Latch?
  /// Which latch file a re-arm here has lifted, in the words of `RollbackLatch.Mark`; empty if none that is still there. The file may
  /// have to stay for other instances.
  public var lifted: [UInt64] = []
  /// The stacks that were not told of writes, and since when, in milliseconds since 1970.
  public var leftOut: [StackID: Int64] = [:]
  /// The stacks that must be emptied before they answer for anything.
  public var doubted: Set<StackID> = []
  /// The stacks that may hold a doubtful key of which they are the primary, as behind a flip: of them nobody can say which keys are
  /// right if the list is lost.
  public var strayed: Set<StackID> = []

  public init() {}

  /// The stacks of which nothing may be served by a process that begins in `stage`: those that were doubtful, and those that come into
  /// use again.
  public func doubts(at stage: Stage) -> Set<StackID> {
    doubted.union(leftOut.keys.filter { $0 != stage.leftOut })
  }

  /// The stack that is left out by a process that begins in `stage`, if it was told of everything until then.
  public func leavesOutAnew(at stage: Stage) -> StackID? {
    stage.leftOut.flatMap { leftOut[$0] == nil && !doubted.contains($0) ? $0 : nil }
  }

  /// From now on these are not told of writes; who was not before keeps its time.
  mutating func leaveOut(_ stacks: Set<StackID>, at now: Int64) {
    leftOut = leftOut.filter { stacks.contains($0.key) }
    for stack in stacks where leftOut[stack] == nil { leftOut[stack] = now }
  }
}

// MARK: On disk

extension InForce {
  /// All but the definition, which has a place of its own. Texts are cut to what a person reads: it is less than 2,300 bytes.
  func encoded() -> [UInt8] {
    var words: [UInt64] = StackID.allCases.map { UInt64(bitPattern: leftOut[$0] ?? 0) }
    words.append(
      doubted.reduce(0) { $0 | 1 << UInt64($1.rawValue) }
        | strayed.reduce(0) { $0 | 1 << (UInt64($1.rawValue) + Self.strayedBit) })
    let marks = lifted.prefix(Self.longestMark)
    words.append(UInt64(marks.count))
    words += marks
    words.append(latch.map { $0.hadFile ? 2 : 1 } ?? 0)
    words.append(UInt64(bitPattern: latch?.at ?? 0))
    var bytes = words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
    for text in [latch?.who ?? "", latch?.reason ?? ""] {
      let part = text.utf8.prefix(Self.longestText)
      withUnsafeBytes(of: UInt64(part.count).littleEndian) { bytes.append(contentsOf: $0) }
      bytes.append(contentsOf: part)
    }
    return bytes
  }

  /// What `encoded` has written; nil if these are no such bytes.
  init?(encoded bytes: [UInt8]) {
    var reader = WordReader(bytes: bytes)
    for stack in StackID.allCases {
      guard let since = reader.word() else { return nil }
      if since != 0 { leftOut[stack] = Int64(bitPattern: since) }
    }
    guard let doubts = reader.word(), let marks = reader.word(), marks <= UInt64(Self.longestMark) else {
      return nil
    }
    doubted = Set(StackID.allCases.filter { doubts & 1 << UInt64($0.rawValue) != 0 })
    strayed = Set(StackID.allCases.filter { doubts & 1 << (UInt64($0.rawValue) + Self.strayedBit) != 0 })
    for _ in 0..<marks {
      guard let word = reader.word() else { return nil }
      lifted.append(word)
    }
    guard let isSet = reader.word(), let at = reader.word(), let who = reader.text(),
      let reason = reader.text()
    else { return nil }
    if isSet != 0 {
      latch = Latch(reason: reason, who: who, at: Int64(bitPattern: at), hadFile: isSet == 2)
    }
  }

  private static let strayedBit: UInt64 = 8
  private static let longestMark = 8
  private static let longestText = 1024
}

/// Reads words and texts one after the other, and nothing behind the end.
private struct WordReader {
  let bytes: [UInt8]
  private var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func word() -> UInt64? {
    guard bytes.count - position >= 8 else { return nil }
    defer { position += 8 }
    return (0..<8).reduce(0) { $0 | UInt64(bytes[position + $1]) << UInt64(8 * $1) }
  }

  mutating func text() -> String? {
    guard let length = word(), length <= UInt64(bytes.count - position) else { return nil }
    defer { position += Int(length) }
    return String(decoding: bytes[position..<position + Int(length)], as: UTF8.self)
  }
}
