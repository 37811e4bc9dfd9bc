import Logging
import ServiceLifecycle
import SluiceCache

/// One shared cache per configuration, for as long as the service runs.
///
/// Ask it wherever a cache is needed: equal configurations get the same instance, also when they ask at the same time. Run it in a
/// `ServiceGroup`: on graceful shutdown it lets go of all connections, after those that use them.
///
///     let caches = CacheRegistry()
///     let sessions = try await caches.webCache(for: config)
public actor CacheRegistry: Service {
  /// What a cache is for; part of its key, as in the guide.
  public enum Role: String, Sendable, CaseIterable, Codable {
    case main, web, ai
  }

  private struct Key: Hashable {
    let role: Role
    let config: CacheConfig
  }

  private let factory: CacheFactory
  private let logger: Logger
  private var caches: [Key: Task<MadeCache<any Cache>, any Error>] = [:]

  /// - Parameter factory: makes what is not there yet.
  public init(
    factory: CacheFactory? = nil, logger: Logger = Logger(label: "sluice.caches")
  ) {
    self.factory = factory ?? CacheFactory(logger: logger)
    self.logger = logger
  }

  /// The cache of a configuration.
  ///
  /// - Throws: what the factory throws; the next call tries again.
  public func cache(for config: CacheConfig) async throws(CacheError) -> any Cache {
    try await made(.main, config).cache
  }

  /// The cache of a configuration for a web application: without AI features, whatever the configuration says.
  public func webCache(for config: CacheConfig) async throws(CacheError) -> any Cache {
    var config = config
    config.ai = nil
    return try await made(.web, config).cache
  }

  /// The cache of a configuration for AI responses: with the default AI features if the configuration has none.
  public func aiCache(for config: CacheConfig) async throws(CacheError) -> AIResponseCache {
    var config = config
    config.ai = config.ai ?? AIConfig()
    guard let cache = try await made(.ai, config).ai else {
      throw CacheError(.infrastructure, "the factory made no AI cache of a configuration that asks for one")
    }
    return cache
  }

  /// The name of the instance that a configuration gets: the same in every process, without secrets.
  public nonisolated static func key(_ role: Role, _ config: CacheConfig) -> String {
    "\(role.rawValue)_cache: \(config)"
  }

  /// The names of the instances that are held, sorted.
  public var keys: [String] { caches.keys.map { Self.key($0.role, $0.config) }.sorted() }

  private func made(_ role: Role, _ config: CacheConfig) async throws(CacheError) -> MadeCache<any Cache> {
    let key = Key(role: role, config: config)
    let task: Task<MadeCache<any Cache>, any Error>
    if let known = caches[key] {
      task = known
    } else {
      let factory = factory
      task = Task { try await factory.makeCache(from: config) }
      caches[key] = task
    }
    do {
      return try await task.value
    } catch {
      if caches[key] == task { caches[key] = nil }
      throw error as? CacheError
        ?? CacheError(.infrastructure, "Failed to create cache instance: \(error)")
    }
  }

  // MARK: Health

  /// How every cache is, by key. Each is really asked: see ``CacheHealth/check(_:fallback:)``.
  public func health() async -> [String: CacheHealth] {
    var answers: [String: CacheHealth] = [:]
    for (key, task) in caches {
      let name = Self.key(key.role, key.config)
      let health: CacheHealth
      do {
        let made = try await task.value
        health = await CacheHealth.check(made.cache, fallback: made.fallback)
      } catch {
        health = CacheHealth(status: .unhealthy, reasons: ["it could not be made: \(error)"])
      }
      // Configurations that differ in a password alone have one name: the worse of them is told.
      if let known = answers[name], known.status >= health.status { continue }
      answers[name] = health
    }
    return answers
  }

  /// How one cache is, whoever made it.
  public nonisolated func health(of cache: any Cache) async -> CacheHealth {
    await CacheHealth.check(cache)
  }

  // MARK: Life cycle

  /// What ``cleanUp()`` did.
  public struct CleanupReport: Sendable, Hashable, Codable {
    /// Instances that were held.
    public var total = 0
    /// Of these, how many had been made.
    public var active = 0
    /// Of these, how many were told to let go of their connections.
    public var disconnected = 0
    /// What went wrong, one sentence each.
    public var errors: [String] = []

    public init() {}
  }

  /// Lets go of all connections and forgets all instances; the next call of ``cache(for:)`` makes a new one.
  @discardableResult
  public func cleanUp() async -> CleanupReport {
    let held = caches
    caches = [:]
    var report = CleanupReport()
    report.total = held.count
    for (key, task) in held {
      do {
        let made = try await task.value
        report.active += 1
        await made.cache.disconnect()
        report.disconnected += 1
      } catch {
        report.errors.append("\(Self.key(key.role, key.config)): \(error)")
      }
    }
    logger.debug(
      "caches cleaned up",
      metadata: ["total": "\(report.total)", "disconnected": "\(report.disconnected)"])
    return report
  }

  /// Waits for graceful shutdown, then cleans up.
  public func run() async throws {
    try? await gracefulShutdown()
    await cleanUp()
  }
}
