import SluiceRedis
import SluiceTLSSettings

extension RedisCache {
  /// How a Redis cache is made. The defaults are the guide's.
  public struct Settings: Sendable, Hashable {
    /// `redis://[user:password@]host[:port][/db]`, the same with `rediss://` for TLS, which may say whom to trust
    /// (`?ca=/path`), or `unix:///path`.
    public var url: String
    /// The password for `AUTH`; it wins over one in the URL. Nil takes the URL's.
    public var password: String?
    /// TLS although the URL says `redis://`.
    public var useTLS = false
    /// PEM files of what is shown to a Redis that asks for a certificate: both or neither. They win over the URL's.
    public var tlsCertificatePath: String?
    public var tlsKeyPath: String?
    /// For entries whose writer names no time to live; zero or less means that those never expire.
    public var defaultTTL: Duration = .seconds(3600)
    /// The most entries of the tier in this process's memory, at least 1; nil is no such tier.
    public var l1Entries: Int? = 100
    /// The longest JSON that is stored as it is, in bytes, from 0; longer ones are compressed. Nil compresses
    /// nothing.
    public var compressionThreshold: Int? = 1000
    /// 1 is fast, 9 is small.
    public var compressionLevel = 6
    /// In which bytes values are written; all formats are read.
    public var valueFormat = ValueFormat.native
    /// Put before every key in Redis.
    public var keyPrefix = ""
    /// Connections, 1...64, made when they are needed; many operations are under way on each. More than two pay where
    /// values are large.
    public var connections = 2
    /// How long a connection may take to come about.
    public var connectTimeout: Duration = .milliseconds(200)
    /// How long an operation may take, waiting for its turn included; one that finds no connection has
    /// `connectTimeout` besides.
    public var commandTimeout: Duration = .milliseconds(200)
    /// Whether connections say `HELLO 3`; a Redis before 6.0 knows RESP2 alone.
    public var speaksRESP3 = false
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
      let wrong: (String, String)? =
        if useTLS, url.hasPrefix("unix:") {
          ("use_tls", "a Redis behind a unix socket is not reached by TLS; set use_tls to false")
        } else if (tlsCertificatePath == nil) != (tlsKeyPath == nil) {
          ("tls_cert_path", "tls_cert_path and tls_key_path belong together; set both or neither")
        } else if !(1...9).contains(compressionLevel) {
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
        let isUpgraded = useTLS && url.hasPrefix("redis://")
        let endpoint = try RedisEndpoint(isUpgraded ? "rediss\(url.dropFirst("redis".count))" : url)
        var tls = endpoint.tls
        if let tlsCertificatePath, let tlsKeyPath {
          tls?.certificate = tlsCertificatePath
          tls?.key = tlsKeyPath
        }
        if let tls {
          do throws(TLSFault) {
            guard let make = CacheTLS.maker else {
              throw TLSFault(
                "needs TLS, which this build leaves out; depend on the package with traits: [\"TLS\"]")
            }
            _ = try make(tls)
          } catch {
            throw RedisError(.invalidEndpoint, "\(error)")
          }
        }
        let own = password.flatMap { $0.isEmpty ? nil : $0 }
        return RedisEndpoint(
          endpoint.address, user: endpoint.user, password: own ?? endpoint.password,
          database: endpoint.database, tls: tls)
      } catch {
        throw CacheError(.configuration, error.message, context: ["setting": "redis_url"])
      }
    }
  }
}
