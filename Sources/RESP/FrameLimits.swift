/// What a peer may send before it is cut off. The defaults are those of Redis 7.0.
public struct FrameLimits: Equatable, Sendable {
  /// Largest bulk string in bytes (`proto-max-bulk-len`, 512 MiB).
  public let bulkBytes: Int
  /// Largest number of arguments of one command (1024 * 1024).
  public let arguments: Int
  /// Longest line in bytes: an inline command, or a count that never ends (64 KiB).
  public let lineBytes: Int
  /// Largest whole frame in bytes. Redis has no such limit for one command; 1 GiB keeps offsets within 32 bits.
  public let frameBytes: Int
  /// Whether the limits are those of a client that has not said the password: the errors say so.
  public private(set) var isUnauthenticated = false
  /// Deepest nesting of a reply's aggregates.
  public let nesting: Int

  /// - Parameters: each is raised to at least 1 and lowered to 2^31 - 1. Offsets are 32 bits wide, and sums of a length that a limit
  ///   has let through cannot overflow.
  public init(
    bulkBytes: Int = 512 << 20, arguments: Int = 1 << 20, lineBytes: Int = 64 << 10,
    frameBytes: Int = 1 << 30, nesting: Int = 32
  ) {
    func bounded(_ limit: Int) -> Int { min(max(1, limit), Int(Int32.max)) }
    self.bulkBytes = bounded(bulkBytes)
    self.arguments = bounded(arguments)
    self.lineBytes = bounded(lineBytes)
    self.frameBytes = bounded(frameBytes)
    self.nesting = bounded(nesting)
  }

  /// For commands that were measured when they came, or that we have made ourselves, and are only read again.
  public static let measuredBefore = FrameLimits(
    bulkBytes: .max, arguments: .max, lineBytes: .max, frameBytes: .max)

  /// The most words of one command that every Redis takes (6.2: `processMultibulkBuffer`; from 7.0 on it is 2^31 - 1).
  public static let wordsOfAnyRedis = 1 << 20

  /// For clients that have not said the password yet, as in Redis: 10 arguments of 16 KiB.
  public static let unauthenticated: FrameLimits = {
    var limits = FrameLimits(bulkBytes: 16 << 10, arguments: 10)
    limits.isUnauthenticated = true
    return limits
  }()
}
