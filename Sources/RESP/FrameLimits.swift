/// What a peer may send before it is cut off. The defaults are those of Redis 7.0.
public struct FrameLimits: Equatable, Sendable {
  /// Largest bulk string in bytes (`proto-max-bulk-len`, 512 MiB).
  public var bulkBytes: Int
  /// Largest number of arguments of one command (1024 * 1024).
  public var arguments: Int
  /// Longest line in bytes: an inline command, or a count that never ends (64 KiB).
  public var lineBytes: Int
  /// Largest whole frame in bytes. Redis has no such limit for one command; 1 GiB keeps offsets within 32 bits.
  public var frameBytes: Int
  /// Whether the limits are those of a client that has not said the password: the errors say so.
  public var isUnauthenticated = false
  /// Deepest nesting of a reply's aggregates.
  public var nesting: Int

  /// - Parameters: each is raised to at least 1; `frameBytes` is lowered to 2^31 - 1, as offsets are 32 bits wide.
  public init(
    bulkBytes: Int = 512 << 20, arguments: Int = 1 << 20, lineBytes: Int = 64 << 10,
    frameBytes: Int = 1 << 30, nesting: Int = 32
  ) {
    self.bulkBytes = max(1, bulkBytes)
    self.arguments = max(1, arguments)
    self.lineBytes = max(1, lineBytes)
    self.frameBytes = min(max(1, frameBytes), Int(Int32.max))
    self.nesting = max(1, nesting)
  }

  /// For clients that have not said the password yet, as in Redis: 10 arguments of 16 KiB.
  public static let unauthenticated: FrameLimits = {
    var limits = FrameLimits(bulkBytes: 16 << 10, arguments: 10)
    limits.isUnauthenticated = true
    return limits
  }()
}
