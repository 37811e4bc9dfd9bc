/// Everything that decides which cache a service gets. Made by ``CacheConfigBuilder``, used by
/// ``CacheFactory``.
public struct CacheConfig: Sendable, Hashable {
  /// Where the service runs.
  public enum Environment: String, Sendable, CaseIterable {
    case development, testing, production
  }

  /// `redis://[user:password@]host[:port][/db]`; nil means a cache in memory.
  public var redisURL: String?
  /// The password, if it is not part of the URL. One that is given here wins.
  public var redisPassword: String?
  /// Whether Redis is reached by TLS although its URL says `redis://`.
  public var useTLS: Bool
  /// PEM files of what is shown to a Redis that asks for a certificate: both or neither.
  public var tlsCertificatePath: String?
  public var tlsKeyPath: String?
  /// How long an entry lives that is stored without a time to live: whole seconds, 1 to 31,536,000.
  public var defaultTTL: Duration
  /// The entries of the L1 tier, or of the cache in memory; at least 1.
  public var memoryCacheSize: Int
  /// Values whose serialised form has more bytes than this are compressed; at least 0.
  public var compressionThreshold: Int
  /// The level of zlib, 1 (fast) to 9 (small).
  public var compressionLevel: Int
  public var environment: Environment
  /// Connections, timeouts, prefix and format of values.
  public var redis: RedisOptions
  /// Present exactly where the cache shall be one of AI responses.
  public var ai: AIConfig?

  public init(
    redisURL: String? = nil,
    redisPassword: String? = nil,
    useTLS: Bool = false,
    tlsCertificatePath: String? = nil,
    tlsKeyPath: String? = nil,
    defaultTTL: Duration = .seconds(3600),
    memoryCacheSize: Int = 100,
    compressionThreshold: Int = 1000,
    compressionLevel: Int = 6,
    environment: Environment = .development,
    redis: RedisOptions = RedisOptions(),
    ai: AIConfig? = nil
  ) {
    self.redisURL = redisURL
    self.redisPassword = redisPassword
    self.useTLS = useTLS
    self.tlsCertificatePath = tlsCertificatePath
    self.tlsKeyPath = tlsKeyPath
    self.defaultTTL = defaultTTL
    self.memoryCacheSize = memoryCacheSize
    self.compressionThreshold = compressionThreshold
    self.compressionLevel = compressionLevel
    self.environment = environment
    self.redis = redis
    self.ai = ai
  }
}

extension CacheConfig: CustomStringConvertible {
  /// The settings by their names in files, in the order of the alphabet, secrets removed.
  public var description: String {
    let settings = Secrets.masked(toDictionary()).sorted { $0.key < $1.key }
    return "CacheConfig(\(settings.map { "\($0.key): \($0.value.plain)" }.joined(separator: ", ")))"
  }
}
