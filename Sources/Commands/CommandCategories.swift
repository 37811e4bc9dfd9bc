/// The ACL categories that a server puts a command in (https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/#command-categories).
public struct CommandCategories: OptionSet, Sendable, BitwiseCopyable, Hashable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The servers' words by bit, lowest first, in the order of `ACL CAT`; behind those of every server those of Redis 8's modules.
  static let words = [
    "keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo",
    "stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction",
    "scripting", "search", "json", "timeseries", "bloom", "cuckoo", "cms", "topk", "tdigest",
  ]

  /// One category by its name, in any case of letters; nil if no server has it.
  ///
  /// - Parameter name: without `@`.
  public init?(named name: some StringProtocol) {
    let name = name.lowercased()
    guard let bit = Self.words.firstIndex(of: name) else { return nil }
    self.init(rawValue: 1 << UInt32(bit))
  }

  /// From a server's words, each with its `@`; what is none of those above is left out.
  init(words: some Sequence<String>) {
    self = []
    for word in words {
      if let category = CommandCategories(named: word.drop { $0 == "@" }) { formUnion(category) }
    }
  }

  /// The names without `@`, in the order of `ACL CAT`; allocates.
  public var names: [String] {
    Self.words.enumerated().filter { rawValue & (1 << UInt32($0.offset)) != 0 }.map(\.element)
  }

  /// Those that each server has.
  public static let ofEveryServer = CommandCategories(rawValue: (1 << 21) - 1)

  /// What follows from a command's flags (Redis's `setImplicitACLCategories`): all that is known of one whose server does not tell.
  init(following flags: CommandFlags) {
    var words: [String] = []
    if flags.contains(.write) { words.append("write") }
    if flags.contains(.readonly) { words.append("read") }
    if flags.contains(.admin) { words += ["admin", "dangerous"] }
    if flags.contains(.pubsub) { words.append("pubsub") }
    if flags.contains(.blocking) { words.append("blocking") }
    words.append(flags.contains(.fast) ? "fast" : "slow")
    self.init(words: words)
  }
}
