/// What is special to a cache of AI responses: keys, text tiers and how long each operation's answers live.
public struct AIConfig: Sendable, Hashable {
  /// Texts longer than this many Unicode code points appear in keys as their hash; 1 to 100,000.
  public var textHashThreshold: Int
  /// The hash of long texts; `sha256` is the only one, because keys must agree between services.
  public var hashAlgorithm: String
  /// Those of a configuration are larger by default than those of a cache that is made without one.
  public var textSizeTiers: TextSizeTiers
  /// How long the answers of an operation live, in whole seconds; other operations use the cache's default.
  public var operationTTLs: [String: Duration]
  /// Kept for files of the original, where no cache reads it.
  public var enableSmartPromotion: Bool
  /// Kept for files of the original, where no cache reads it; at least 1.
  public var maxTextLength: Int

  public init(
    textHashThreshold: Int = 1000,
    hashAlgorithm: String = "sha256",
    textSizeTiers: TextSizeTiers = TextSizeTiers(small: 1000, medium: 10_000, large: 100_000),
    operationTTLs: [String: Duration] = AIConfig.defaultOperationTTLs,
    enableSmartPromotion: Bool = true,
    maxTextLength: Int = 100_000
  ) {
    self.textHashThreshold = textHashThreshold
    self.hashAlgorithm = hashAlgorithm
    self.textSizeTiers = textSizeTiers
    self.operationTTLs = operationTTLs
    self.enableSmartPromotion = enableSmartPromotion
    self.maxTextLength = maxTextLength
  }

  /// The table of a configuration. A cache that is made without one has its own.
  public static let defaultOperationTTLs: [String: Duration] = [
    "summarize": .seconds(7200),
    "sentiment": .seconds(3600),
    "key_points": .seconds(5400),
    "questions": .seconds(4800),
    "qa": .seconds(3600),
  ]
}
