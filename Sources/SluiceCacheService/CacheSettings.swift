import Foundation
import SluiceCache

/// The settings of an application that decide about its caches: the guide's `Settings`.
public struct CacheSettings: Sendable, Hashable {
  /// Where Redis is; nil keeps caches in memory.
  public var redisURL: String?
  /// Development instead of production.
  public var debug: Bool
  /// Testing, whatever `debug` says.
  public var testing: Bool
  /// Whether caches have AI features.
  public var enableAI: Bool

  public init(
    redisURL: String? = "redis://redis:6379", debug: Bool = false, testing: Bool = false,
    enableAI: Bool = false
  ) {
    self.redisURL = redisURL
    self.debug = debug
    self.testing = testing
    self.enableAI = enableAI
  }

  /// From `REDIS_URL`, `DEBUG` and `ENABLE_AI_CACHE`; what is not there keeps its default.
  public init(environment: [String: String]) {
    self.init()
    if let url = environment["REDIS_URL"], !url.isEmpty { redisURL = url }
    debug = Self.isOn(environment["DEBUG"])
    enableAI = Self.isOn(environment["ENABLE_AI_CACHE"])
  }

  private static func isOn(_ text: String?) -> Bool {
    ["true", "1", "yes", "on"].contains(text?.lowercased() ?? "")
  }

  /// The configuration for these settings: the environment's preset, with this Redis.
  ///
  /// - Throws: `validation` for an address that is none. The original falls back to a preset without the address, silently.
  public func makeConfig() throws(CacheError) -> CacheConfig {
    var builder = CacheConfigBuilder().forEnvironment(
      testing ? .testing : debug ? .development : .production)
    if let redisURL { builder = builder.withRedis(redisURL) }
    if enableAI { builder = builder.withAIFeatures() }
    return try builder.build()
  }
}
