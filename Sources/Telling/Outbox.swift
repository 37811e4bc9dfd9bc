/// What is to be sent and was not yet, as a machine: at least once, in order for each receiver, again and again with growing pauses.
public struct Outbox: Sendable, Equatable {
  /// One message to one receiver.
  public struct Letter: Sendable, Equatable {
    /// The event's, and the receiver's.
    public var id: String
    public var receiver: String
    public var event: String
    /// Milliseconds since 1970.
    public var at: Int64
    public var body: [UInt8]

    public init(id: String, receiver: String, event: String, at: Int64, body: [UInt8]) {
      (self.id, self.receiver, self.event, self.at, self.body) = (id, receiver, event, at, body)
    }

    /// Each letter is one row, whoever else was told of its event.
    public var key: String { "\(id) \(receiver)" }
  }

  /// What became of sending one.
  public enum Outcome: Sendable, Equatable {
    case delivered
    /// It may go better another time.
    case failed(String)
    /// The receiver will never take it.
    case refused(String)
  }

  private struct Line: Sendable, Equatable {
    var letters: [Letter] = []
    var isUnderWay = false
    var failures = 0
    /// Milliseconds since 1970.
    var next: Int64 = 0
    var trouble: String?
  }

  private var lines: [String: Line] = [:]
  public private(set) var delivered: UInt64 = 0
  /// Those that were given up: refused, too old, or too many.
  public private(set) var lost: UInt64 = 0

  /// So many wait for one receiver at most; the oldest goes then.
  public static let limit = 1000
  /// After so long nobody wants to hear of it any more: milliseconds.
  public static let age: Int64 = 3 * 86_400_000

  public init() {}

  public var waiting: Int { lines.values.reduce(0) { $0 + $1.letters.count } }

  /// What the receiver said last, or why it said nothing; nil while all is well.
  public func trouble(of receiver: String) -> String? { lines[receiver]?.trouble }

  /// - Returns: a letter that had to go for it.
  public mutating func add(_ letter: Letter) -> Letter? {
    var line = lines[letter.receiver] ?? Line()
    defer { lines[letter.receiver] = line }
    guard !line.letters.contains(where: { $0.id == letter.id }) else { return nil }
    line.letters.append(letter)
    guard line.letters.count > Self.limit else { return nil }
    lost += 1
    // The first may be on its way.
    return line.letters.remove(at: 1)
  }

  /// Those that should be sent now, at most one per receiver; they are under way from now on.
  public mutating func due(at now: Int64) -> (send: [Letter], old: [Letter]) {
    var (send, old) = ([Letter](), [Letter]())
    for name in lines.keys.sorted() {
      guard var line = lines[name], !line.isUnderWay else { continue }
      while let first = line.letters.first, first.at + Self.age < now {
        old.append(first)
        line.letters.removeFirst()
        lost += 1
      }
      if let first = line.letters.first, line.next <= now {
        line.isUnderWay = true
        send.append(first)
      }
      lines[name] = line
    }
    return (send, old)
  }

  /// - Returns: whether the letter is done with.
  public mutating func ended(_ letter: Letter, _ outcome: Outcome, at now: Int64) -> Bool {
    guard var line = lines[letter.receiver] else { return true }
    defer { lines[letter.receiver] = line }
    line.isUnderWay = false
    switch outcome {
    case .delivered:
      delivered += 1
      (line.failures, line.next, line.trouble) = (0, 0, nil)
    case .refused(let why):
      lost += 1
      (line.failures, line.next, line.trouble) = (0, 0, why)
    case .failed(let why):
      line.failures = min(20, line.failures + 1)
      // 1, 2, 4 … seconds, five minutes at most.
      line.next = now + min(300_000, 1000 << Int64(line.failures - 1))
      line.trouble = why
      return false
    }
    line.letters.removeAll { $0.id == letter.id }
    return true
  }
}
