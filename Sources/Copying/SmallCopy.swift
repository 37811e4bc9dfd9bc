import SluiceRESP
import SluiceServers

/// Small keys on their way from one server to another, thousands a second: what `ValueCopy` says of one key, without a word that is
/// allocated for it.
///
///     string      time, GETRANGE ─▶ SET … NX                          cheaper for both servers than a dump, and the same to any server
///     the others  time, DUMP ─────▶ RESTORE                           as it is, or with the other server's stamp
///                 time, all ──────▶ MULTI, …, RENAMENX, EXEC          by value, where no dump of that type goes over
///
/// The commands of one step stand one behind the other in `frames`, as they are sent. Nothing is overwritten. What is not as plain as
/// that is left to `ValueCopy`.
public struct SmallCopy {
  /// The two servers, as far as it matters here.
  public struct Servers: Equatable, Sendable {
    let hasExpireTime: Bool
    let hasFieldTimes: Bool
    let hasTransactions: Bool
    /// Of the source's dumps, and of the receiver's.
    let from: UInt16?
    let to: UInt16?

    public init(from source: ServerFacts, to target: ServerFacts) {
      hasExpireTime = source.hasExpireTime
      hasFieldTimes = source.hasFieldTimes
      (from, to) = (source.stamp, target.stamp)
      hasTransactions = target.hasTransactions
    }

    /// Whether times are moments, and not what is left.
    public var tellsMoments: Bool { hasExpireTime }
  }

  /// One answer of the source.
  public enum Part: UInt8, Sendable {
    /// How a hash is kept: one whose fields have times is never kept in one block of memory.
    case encoding
    case time
    case dump
    case value
  }

  /// What becomes of a key whose value was told.
  public enum Step: Equatable, Sendable {
    /// `frames` bring it to the receiver.
    case write(CopyWay)
    /// It has to be asked for by value.
    case askAnew
    case absent
    /// It is of another type.
    case other
    /// Not as plain as that.
    case open
  }

  /// What the receiver has said of it.
  public enum Ending: Equatable, Sendable {
    case copied, present, open
    /// What was written is not what was read.
    case damaged
  }

  public let kind: ValueKind
  public let servers: Servers
  /// Bytes of a string that is small.
  private let largest: Int
  /// Commands, and where each of them ends.
  public private(set) var frames: [UInt8] = []
  public private(set) var ends: [Int] = []
  /// The parts that were asked for, in their order.
  public private(set) var parts: [Part] = []
  /// What is known of dumps of this kind: they do not go over.
  public var goesByValue: Bool
  /// Of the key whose value comes next: milliseconds since 1970, 0 for never; nil if there is none.
  private var expiry: Int?
  /// Whether the source has told of a time, or that there is no key.
  private var isTimeKnown = false
  private var isOneBlock = false
  /// How many elements the value has that `frames` write.
  public private(set) var elements = 0

  public init(_ kind: ValueKind, _ servers: Servers, bounds: CopyBounds, goesByValue: Bool = false) {
    self.kind = kind
    self.servers = servers
    largest = min(SmallCopy.bytes, bounds.dumpBytes)
    self.goesByValue =
      goesByValue || kind == .string || !DumpTable.takesAny(from: servers.from, to: servers.to)
  }

  /// Most bytes of a string that is small; and of other values, as far as their server can tell.
  public static let bytes = 16 << 10
  /// Most elements.
  public static let elements = 512

  /// Whether keys of that type go over so at all.
  public var isPossible: Bool {
    switch kind {
    case .string: true
    case .hash, .set, .sortedSet, .list: !goesByValue || servers.hasTransactions
    case .stream: !goesByValue
    case .none, .other: false
    }
  }

  // MARK: Questions

  /// Puts the questions about a key into `frames`. The time comes right before the value: then the value goes on as it comes, and
  /// waits nowhere.
  public mutating func ask(_ key: [UInt8]) {
    begin()
    parts.removeAll(keepingCapacity: true)
    if kind == .hash, goesByValue, servers.hasFieldTimes {
      frames.append("*3\r\n$6\r\nOBJECT\r\n$8\r\nENCODING\r\n", key)
      end(.encoding)
    }
    if servers.hasExpireTime {
      frames.append("*2\r\n$11\r\nPEXPIRETIME\r\n", key)
    } else {
      frames.append("*2\r\n$4\r\nPTTL\r\n", key)
    }
    end(.time)
    guard goesByValue else {
      frames.append("*2\r\n$4\r\nDUMP\r\n", key)
      return end(.dump)
    }
    switch kind {
    case .string:
      frames.append("*4\r\n$8\r\nGETRANGE\r\n", key)
      frames.append("$1\r\n0\r\n")
      // One more than is small: who has it is not.
      frames.appendBulk(decimal: largest)
    case .hash: frames.append("*2\r\n$7\r\nHGETALL\r\n", key)
    case .set: frames.append("*2\r\n$8\r\nSMEMBERS\r\n", key)
    case .list:
      frames.append("*4\r\n$6\r\nLRANGE\r\n", key)
      frames.append("$1\r\n0\r\n$2\r\n-1\r\n")
    case .sortedSet:
      frames.append("*5\r\n$6\r\nZRANGE\r\n", key)
      frames.append("$1\r\n0\r\n$2\r\n-1\r\n$10\r\nWITHSCORES\r\n")
    case .none, .stream, .other: frames.append("*2\r\n$4\r\nTYPE\r\n", key)
    }
    end(.value)
  }

  private mutating func begin() {
    frames.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }

  private mutating func end(_ part: Part) {
    ends.append(frames.count)
    parts.append(part)
  }

  // MARK: Answers

  /// - Parameter base: what is added to a time: the shift between two clocks, and where times are what is left, now.
  public mutating func told(time reply: Span<UInt8>, base: Int) {
    isTimeKnown = true
    switch ReplyReader.integer(reply) {
    case nil:
      // An error says nothing of the key.
      (expiry, isTimeKnown) = (nil, false)
    case -2: expiry = nil
    case let time? where time < 0: expiry = 0
    case let time?: expiry = max(1, time &+ base)
    }
  }

  public mutating func told(encoding reply: Span<UInt8>) {
    guard let range = ReplyReader.string(reply) else {
      isOneBlock = false
      return
    }
    let name = reply.extracting(range)
    isOneBlock = name.count >= 7 && name.count <= 8 && name[0] != UInt8(ascii: "h")
  }

  /// No answer came.
  public mutating func lostTime() { (expiry, isOneBlock, isTimeKnown) = (nil, false, false) }

  /// The value was told; what to do.
  public mutating func told(_ part: Part, _ reply: Span<UInt8>, of key: [UInt8]) -> Step {
    if reply.count > 6, reply[0] == UInt8(ascii: "-") {
      return reply[1] == UInt8(ascii: "W") && reply[6] == UInt8(ascii: "T") ? .other : .open
    }
    if ReplyReader.isNull(reply) { return .absent }
    guard let expiry else { return isTimeKnown ? .absent : .open }
    begin()
    if part == .dump { return restore(reply, key, expiry) }
    return kind == .string ? set(reply, key, expiry) : make(reply, key, expiry)
  }

  private mutating func restore(_ reply: Span<UInt8>, _ key: [UInt8], _ expiry: Int) -> Step {
    guard reply[0] == UInt8(ascii: "$"), let range = ReplyReader.string(reply) else { return .open }
    let dump = reply.extracting(range)
    guard dump.count > 10, let version = DumpedString.version(of: dump) else { return .open }
    var way = CopyWay.dump
    frames.append(expiry > 0 ? "*5\r\n$7\r\nRESTORE\r\n" : "*4\r\n$7\r\nRESTORE\r\n", key)
    frames.appendBulk(decimal: expiry)
    switch DumpTable.way(ofType: dump[0], from: version, to: servers.to) {
    case .asIs:
      frames.append(contentsOf: reply)
    case .restamped(let stamp):
      frames.appendBulkHeader(dump.count)
      guard DumpTable.append(dump, restamped: stamp, to: &frames) else { return .open }
      frames.append("\r\n")
      way = .restamped
    case .no:
      guard kind != .stream, servers.hasTransactions else { return .open }
      return .askAnew
    }
    if expiry > 0 { frames.append("$6\r\nABSTTL\r\n") }
    ends.append(frames.count)
    return .write(way)
  }

  private mutating func set(_ reply: Span<UInt8>, _ key: [UInt8], _ expiry: Int) -> Step {
    // No bytes: a string without any, or a key that has gone since its time was told.
    guard reply[0] == UInt8(ascii: "$"), let range = ReplyReader.string(reply),
      (1...largest).contains(range.count)
    else { return .open }
    frames.append(expiry > 0 ? "*6\r\n$3\r\nSET\r\n" : "*4\r\n$3\r\nSET\r\n", key)
    frames.append(contentsOf: reply)
    frames.append("$2\r\nNX\r\n")
    if expiry > 0 {
      frames.append("$4\r\nPXAT\r\n")
      frames.appendBulk(decimal: expiry)
    }
    ends.append(frames.count)
    return .write(.value)
  }

  /// All of it in one block, under a name that nobody sees.
  private mutating func make(_ reply: Span<UInt8>, _ key: [UInt8], _ expiry: Int) -> Step {
    guard var walk = BulkWalk(reply), walk.count > 0, walk.count <= 4 * SmallCopy.elements,
      kind != .hash || isOneBlock || !servers.hasFieldTimes
    else { return .open }
    let isPaired = kind == .hash || kind == .sortedSet
    guard !isPaired || walk.count % 2 == 0 else { return .open }
    let name = HiddenName.of(key)
    frames.append("*1\r\n$5\r\nMULTI\r\n")
    ends.append(frames.count)
    frames.append("*2\r\n$6\r\nUNLINK\r\n", name)
    ends.append(frames.count)
    frames.appendArrayHeader(walk.count + 2)
    switch kind {
    case .hash: frames.append("$4\r\nHSET\r\n", name)
    case .set: frames.append("$4\r\nSADD\r\n", name)
    case .list: frames.append("$5\r\nRPUSH\r\n", name)
    case .sortedSet: frames.append("$4\r\nZADD\r\n", name)
    case .none, .string, .stream, .other: return .open
    }
    if kind == .sortedSet {
      // Told as member and score, taken as score and member.
      for _ in 0..<walk.count / 2 {
        guard let member = walk.element(in: reply), let score = walk.element(in: reply) else { return .open }
        frames.append(contentsOf: reply.extracting(score))
        frames.append(contentsOf: reply.extracting(member))
      }
    } else {
      guard let all = walk.all(in: reply) else { return .open }
      frames.append(contentsOf: reply.extracting(all))
    }
    ends.append(frames.count)
    if expiry > 0 {
      frames.append("*3\r\n$9\r\nPEXPIREAT\r\n", name)
      frames.appendBulk(decimal: expiry)
      ends.append(frames.count)
    }
    frames.append("*3\r\n$8\r\nRENAMENX\r\n", name)
    frames.appendBulk(key.span)
    ends.append(frames.count)
    frames.append("*1\r\n$4\r\nEXEC\r\n")
    ends.append(frames.count)
    elements = isPaired ? walk.count / 2 : walk.count
    return .write(.value)
  }

  // MARK: What the receiver says

  /// - Parameters:
  ///   - reply: to the last command of `frames`.
  ///   - elements: what `elements` was when they were made.
  public func ended(_ reply: Span<UInt8>, elements: Int) -> Ending {
    guard reply.count > 0 else { return .open }
    switch reply[0] {
    case UInt8(ascii: "+"): return .copied
    case UInt8(ascii: "-"):
      let isBusyKey = reply.count > 8 && reply[1] == UInt8(ascii: "B") && reply[5] == UInt8(ascii: "K")
      return isBusyKey ? .present : .open
    case UInt8(ascii: "*"):
      // The old leftovers, the elements, perhaps the time, the name.
      guard let answers = ReplyReader.elements(of: reply), (3...4).contains(answers.count) else {
        return ReplyReader.isNull(reply) ? .open : .damaged
      }
      let counted = ReplyReader.integer(reply.extracting(answers[1]))
      switch ReplyReader.integer(reply.extracting(answers[answers.count - 1])) {
      case 0: return .present
      case 1: return counted == elements ? .copied : .damaged
      default: return .open
      }
    default: return ReplyReader.isNull(reply) ? .present : .open
    }
  }

  /// After `present`: nothing is left of the copy.
  public mutating func forget(_ key: [UInt8]) {
    begin()
    frames.append("*2\r\n$6\r\nUNLINK\r\n", HiddenName.of(key))
    ends.append(frames.count)
  }
}

extension [UInt8] {
  fileprivate mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { append(contentsOf: $0) }
  }

  /// The beginning of a command, and a word.
  fileprivate mutating func append(_ text: StaticString, _ word: [UInt8]) {
    append(text)
    appendBulk(word.span)
  }
}
