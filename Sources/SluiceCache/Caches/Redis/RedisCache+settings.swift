import SluiceRedisClient

extension RedisCache {
  /// How a Redis cache is made. The defaults are the guide's.
  public struct Settings: Sendable, Hashable {
    /// `redis://[user:password@]host[:port][/db]` or `unix:///path`.
    public var url: String
    /// The password for `AUTH`; it wins over one in the URL. Nil takes the URL's.
    public var password: String?
    /// TLS is refused: the client library has none.
    public var useTLS = false
    /// For entries whose writer names no time to live; zero or less means that those never expire.
    public var defaultTTL: Duration = .seconds(3600)
    /// The most entries of the tier in this process's memory, at least 1; nil is no such tier.
    public var l1Entries: Int? = 100
    /// The longest JSON that is stored as it is, in bytes, from 0; longer ones are compressed. Nil compresses
    /// nothing.
    public var compressionThreshold: Int? = 1000
    /// 1 is fast, 9 is small.
    public var compressionLevel = 6
    /// Put before every key in Redis.
    public var keyPrefix = ""
    /// Connections, each with a thread of its own, 1...64.
    public var connections = 4
    /// How long a connection may take to come about.
    public var connectTimeout: Duration = .milliseconds(200)
    /// How long Redis may take for an answer.
    public var commandTimeout: Duration = .milliseconds(200)
    /// How long a failure is remembered: until then every operation fails at once.
    public var retryAfter: Duration = .milliseconds(500)

    /// Settings with the guide's defaults.
    public init(url: String = "redis://redis:6379") {
      self.url = url
    }

    /// Where to connect, after everything else has been found right.
    ///
    /// - Throws: `configuration`, naming the setting.
    func endpoint() throws(CacheError) -> RedisEndpoint {
      guard !useTLS, !url.hasPrefix("rediss://") else {
        throw CacheError(
          .configuration,
          "TLS to Redis is not supported (hiredis 0.14 has none); use redis:// to a local tunnel such as stunnel",
          context: ["setting": "use_tls"])
      }
      let wrong: (String, String)? =
        if !(1...9).contains(compressionLevel) {
          ("compression_level", "compression_level must be an integer between 1 and 9")
        } else if let compressionThreshold, compressionThreshold < 0 {
          ("compression_threshold", "compression_threshold must be a non-negative integer")
        } else if let l1Entries, l1Entries < 1 {
          ("l1_cache_size", "l1_cache_size must be a positive integer")
        } else if !(1...64).contains(connections) {
          ("connections", "connections must be an integer between 1 and 64")
        } else if connectTimeout <= .zero || commandTimeout <= .zero {
          ("timeout", "the timeouts for connecting and for commands must be positive")
        } else {
          nil
        }
      if let (setting, message) = wrong {
        throw CacheError(.configuration, message, context: ["setting": .string(setting)])
      }
      do throws(RedisError) {
        let endpoint = try RedisEndpoint(url)
        guard let password, !password.isEmpty else { return endpoint }
        return RedisEndpoint(
          endpoint.address, user: endpoint.user, password: password, database: endpoint.database)
      } catch {
        throw CacheError(.configuration, error.message, context: ["setting": "redis_url"])
      }
    }
  }
}
