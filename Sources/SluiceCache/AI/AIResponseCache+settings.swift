extension AIResponseCache {
  /// How a cache of AI responses is made. The defaults are the guide's.
  public struct Settings: Sendable, Hashable {
    /// Texts of more code points than this appear in keys as their hash; 1...100000.
    public var textHashThreshold = 1000
    public var textSizeTiers = TextSizeTiers()
    /// How long the responses of an operation live; nil or empty is ``standardOperationTTLs``, anything else
    /// replaces it.
    public var operationTTLs: [String: Duration]?
    /// For operations without an entry there; one second to 365 days.
    public var defaultTTL: Duration = .seconds(3600)

    public init() {}

    /// The table of the original.
    public static let standardOperationTTLs: [String: Duration] = [
      "summarize": .seconds(7200), "sentiment": .seconds(86400), "key_points": .seconds(7200),
      "questions": .seconds(3600), "qa": .seconds(1800),
    ]

    /// How long a response of `operation` lives.
    public func ttl(of operation: String) -> Duration {
      let table = operationTTLs.flatMap { $0.isEmpty ? nil : $0 } ?? Self.standardOperationTTLs
      return table[operation] ?? defaultTTL
    }

    /// Throws `validation` with everything that is wrong in one sentence, as the original says it.
    func validate() throws(CacheError) {
      var errors: [String] = []
      func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) {
        if value < range.lowerBound {
          errors.append("Parameter '\(name)' must be >= \(range.lowerBound), got \(value)")
        } else if value > range.upperBound {
          errors.append("Parameter '\(name)' must be <= \(range.upperBound), got \(value)")
        }
      }
      check("default_ttl", Self.seconds(defaultTTL), 1...31_536_000)
      check("text_hash_threshold", textHashThreshold, 1...100_000)
      let tiers = [
        ("small", textSizeTiers.small), ("medium", textSizeTiers.medium), ("large", textSizeTiers.large),
      ]
      for (name, size) in tiers where size < 1 {
        errors.append("Text size tier '\(name)' must be a positive integer, got: \(size)")
      }
      if textSizeTiers.small >= textSizeTiers.medium || textSizeTiers.medium >= textSizeTiers.large {
        let got = tiers.map { "\($0.0)=\($0.1)" }.joined(separator: ", ")
        errors.append("Text size tiers must be ordered: small < medium < large, got: \(got)")
      }
      let table = operationTTLs ?? [:]
      for operation in table.keys.sortedByCodePoint() {
        if let ttl = table[operation], Self.seconds(ttl) < 1 {
          errors.append(
            "Operation TTL for '\(operation)' must be a positive integer, got: \(Self.seconds(ttl))")
        }
      }
      guard errors.isEmpty else {
        throw CacheError(
          .validation,
          "AIResponseCache parameter validation failed: \(errors.joined(separator: "; "))",
          context: ["validation_errors": .array(errors.map { .string($0) })])
      }
    }

    private static func seconds(_ duration: Duration) -> Int { Int(duration.components.seconds) }
  }
}
