/// Some keys of a server, looked at one by one. `SCAN` gives them in the order of their hashes, so the first ones are as good as any.
public struct KeySample: Sendable {
  /// One key.
  public struct Key: Sendable, Equatable {
    public var name: [UInt8]
    /// As `TYPE` says it.
    public var type: String
    public var encoding: String
    /// As `MEMORY USAGE` estimates it; nil if the server would not say.
    public var bytes: Int?
    /// Bytes of a string, elements of anything else; nil where it is too small to ask.
    public var length: Int?
    /// Milliseconds that are left, or negative: it stays.
    public var left: Int
    /// Some field of a hash has a time to live.
    public var hasFieldTimes = false

    public init(
      name: [UInt8], type: String, encoding: String = "", bytes: Int? = nil, length: Int? = nil,
      left: Int = -1
    ) {
      self.name = name
      self.type = type
      self.encoding = encoding
      self.bytes = bytes
      self.length = length
      self.left = left
    }
  }

  /// How long keys live.
  public enum Life: String, Sendable, CaseIterable {
    case minute = "up to a minute"
    case hour = "up to an hour"
    case day = "up to a day"
    case month = "up to 30 days"
    case longer = "longer"
    case forever = "no time to live"

    init(left: Int) {
      switch left {
      case ..<0: self = .forever
      case ..<60_000: self = .minute
      case ..<3_600_000: self = .hour
      case ..<86_400_000: self = .day
      case ..<2_592_000_000: self = .month
      default: self = .longer
      }
    }
  }

  public struct Kind: Sendable, Equatable {
    public var count = 0
    public var bytes = 0
    public var encodings: [String: Int] = [:]
    /// Too large to be carried by one dump.
    public var inPieces = 0
    public var withFieldTimes = 0
  }

  /// Of the database that was walked.
  public let database: Int
  /// All keys of it, when the walk began; nil if it would not say.
  public let size: Int?
  public private(set) var count = 0
  public private(set) var bytes = 0
  /// Whether each key's memory is known.
  public private(set) var hasBytes = true
  /// By type; those above the limit are counted as `other`.
  public private(set) var kinds: [String: Kind] = [:]
  public private(set) var lives: [Life: Int] = [:]
  /// The largest, by memory, of those that are large.
  public private(set) var biggest: [Key] = []
  /// The whole database was seen.
  public var isComplete = false

  public init(database: Int, size: Int?) {
    self.database = database
    self.size = size
  }

  /// - Parameter bounds: elements and bytes up to which one dump carries a value.
  public mutating func add(_ key: Key, bounds: (elements: Int, bytes: Int)) {
    count += 1
    bytes = Quantity.sum(bytes, max(0, key.bytes ?? 0))
    if key.bytes == nil { hasBytes = false }
    let type = kinds[key.type] != nil || kinds.count < Self.typeLimit ? String(key.type.prefix(64)) : "other"
    var kind = kinds[type] ?? Kind()
    kind.count += 1
    kind.bytes = Quantity.sum(kind.bytes, max(0, key.bytes ?? 0))
    if kind.encodings[key.encoding] != nil || kind.encodings.count < Self.typeLimit {
      kind.encodings[String(key.encoding.prefix(64)), default: 0] += 1
    }
    let length = key.length ?? 0
    let goesInPieces =
      (key.type == "string" ? length > bounds.bytes : length > bounds.elements)
      || (key.bytes ?? 0) > bounds.bytes
    if goesInPieces { kind.inPieces += 1 }
    if key.hasFieldTimes { kind.withFieldTimes += 1 }
    kinds[type] = kind
    lives[Life(left: key.left), default: 0] += 1
    guard goesInPieces || (key.bytes ?? 0) >= Self.bigBytes else { return }
    biggest.append(key)
    biggest.sort { ($0.bytes ?? 0) > ($1.bytes ?? 0) }
    if biggest.count > Self.bigKept { biggest.removeLast() }
  }

  /// What a count in the sample means for all keys.
  public func extrapolated(_ part: Int) -> Int {
    guard count > 0, !isComplete, let size else { return part }
    return Quantity.whole(Double(part) * Double(max(0, size)) / Double(count))
  }

  /// A key that takes this much is named.
  static let bigBytes = 1 << 20
  private static let bigKept = 5
  private static let typeLimit = 50
}
