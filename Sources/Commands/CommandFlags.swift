/// What a Redis server says of a command, flag by flag
/// (https://redis.io/docs/latest/commands/command/#flags).
public struct CommandFlags: OptionSet, Sendable, BitwiseCopyable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let write = CommandFlags(rawValue: 1 << 0)
  public static let readonly = CommandFlags(rawValue: 1 << 1)
  public static let denyoom = CommandFlags(rawValue: 1 << 2)
  public static let admin = CommandFlags(rawValue: 1 << 3)
  public static let pubsub = CommandFlags(rawValue: 1 << 4)
  public static let noscript = CommandFlags(rawValue: 1 << 5)
  public static let blocking = CommandFlags(rawValue: 1 << 6)
  public static let loading = CommandFlags(rawValue: 1 << 7)
  public static let stale = CommandFlags(rawValue: 1 << 8)
  public static let skipMonitor = CommandFlags(rawValue: 1 << 9)
  public static let skipSlowlog = CommandFlags(rawValue: 1 << 10)
  public static let asking = CommandFlags(rawValue: 1 << 11)
  public static let fast = CommandFlags(rawValue: 1 << 12)
  public static let noAuth = CommandFlags(rawValue: 1 << 13)
  public static let mayReplicate = CommandFlags(rawValue: 1 << 14)
  public static let noMandatoryKeys = CommandFlags(rawValue: 1 << 15)
  public static let noAsyncLoading = CommandFlags(rawValue: 1 << 16)
  public static let noMulti = CommandFlags(rawValue: 1 << 17)
  public static let movablekeys = CommandFlags(rawValue: 1 << 18)
  public static let allowBusy = CommandFlags(rawValue: 1 << 19)
  /// Of a module, loaded or built in.
  public static let module = CommandFlags(rawValue: 1 << 20)

  /// The server's words by bit, lowest first.
  private static let words = [
    "write", "readonly", "denyoom", "admin", "pubsub", "noscript", "blocking", "loading", "stale",
    "skip_monitor", "skip_slowlog", "asking", "fast", "no_auth", "may_replicate", "no_mandatory_keys",
    "no_async_loading", "no_multi", "movablekeys", "allow_busy", "module",
  ]

  /// From the server's words; what is none of those above is left out.
  init(names: [String]) {
    self = []
    for (bit, word) in Self.words.enumerated() where names.contains(word) {
      insert(CommandFlags(rawValue: 1 << UInt32(bit)))
    }
  }

  /// The flags in the server's own words, as `COMMAND INFO` shows them; allocates.
  public var names: [String] {
    Self.words.enumerated().filter { rawValue & (1 << UInt32($0.offset)) != 0 }.map(\.element)
  }
}
