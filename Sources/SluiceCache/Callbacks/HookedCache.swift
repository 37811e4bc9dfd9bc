import Logging

/// A cache with hooks around it: callbacks composed in order, over any cache.
///
/// Over a ``ReportingCache`` the hooks learn why something was a miss; over any other cache a miss is
/// `absent`, and errors are not seen.
public final class HookedCache: ReportingCache {
  /// A hook that threw.
  public struct HookFailure: Sendable {
    /// The type of the hook.
    public let hook: String
    /// The event: `hit`, `miss`, `store`, `delete`, `error`, `invalidate`.
    public let event: String
    /// The key, or the pattern of an invalidation.
    public let key: String
    public let error: any Error
  }

  private let cache: any ReportingCache
  private let hooks: [any CacheHook]
  private let onHookFailure: @Sendable (HookFailure) -> Void

  /// Puts `hooks` around `cache`, the first one called first.
  ///
  /// - Parameter onHookFailure: told of every hook that threw; left out, a warning is logged, without the
  ///   key.
  public init(
    _ cache: any Cache, hooks: [any CacheHook],
    onHookFailure: (@Sendable (HookFailure) -> Void)? = nil
  ) {
    self.cache = reporting(cache)
    self.hooks = hooks
    self.onHookFailure =
      onHookFailure
      ?? { failure in
        Logger(label: "sluice.cache").warning(
          "A cache hook failed; the cache went on without it.",
          metadata: [
            "hook": "\(failure.hook)", "event": "\(failure.event)", "error": "\(failure.error)",
          ])
      }
  }

  public func lookup(_ key: String) async -> CacheLookup {
    let found = await cache.lookup(key)
    switch found {
    case .hit(var value):
      for hook in hooks {
        do {
          if let other = try await hook.onHit(key, value: value) { value = other }
        } catch {
          report(hook, "hit", key, error)
        }
      }
      return .hit(value)
    case .miss(let reason):
      await tell("miss", key) { try await $0.onMiss(key, reason: reason) }
      if case .failed(let error) = reason { await tellError(.get, key, error) }
      return found
    }
  }

  public func store(_ key: String, _ value: CacheValue, ttl: Duration?) async -> Result<Bool, CacheError> {
    let result = await cache.store(key, value, ttl: ttl)
    switch result {
    case .success(true): await tell("store", key) { try await $0.onStore(key, value: value, ttl: ttl) }
    case .success(false): break
    case .failure(let error): await tellError(.set, key, error)
    }
    return result
  }

  public func remove(_ key: String) async -> Result<Bool, CacheError> {
    let result = await cache.remove(key)
    switch result {
    case .success(true): await tell("delete", key) { try await $0.onDelete(key) }
    case .success(false): break
    case .failure(let error): await tellError(.delete, key, error)
    }
    return result
  }

  public func removeAll(matching pattern: String) async -> Result<Int, CacheError> {
    let result = await cache.removeAll(matching: pattern)
    switch result {
    case .success(let count):
      await tell("invalidate", pattern) { try await $0.onInvalidate(pattern: pattern, count: count) }
    case .failure(let error):
      await tellError(.invalidate, pattern, error)
    }
    return result
  }

  public func exists(_ key: String) async -> Bool { await cache.exists(key) }

  public func remainingTTL(of key: String) async -> Duration? { await cache.remainingTTL(of: key) }

  /// As the cache inside has it: no hook is called, none changes it.
  public func storedValue(for key: String) async throws(CacheError) -> CacheValue? {
    try await cache.storedValue(for: key)
  }

  public var flights: CacheFlights { cache.flights }
  public func disconnect() async { await cache.disconnect() }

  // MARK: Telling

  private func tellError(_ operation: CacheOperation, _ key: String, _ error: CacheError) async {
    await tell("error", key) { try await $0.onError(operation, key: key, error: error) }
  }

  private func tell(_ event: String, _ key: String, _ call: (any CacheHook) async throws -> Void) async {
    for hook in hooks {
      do {
        try await call(hook)
      } catch {
        report(hook, event, key, error)
      }
    }
  }

  private func report(_ hook: any CacheHook, _ event: String, _ key: String, _ error: any Error) {
    onHookFailure(HookFailure(hook: "\(type(of: hook))", event: event, key: key, error: error))
  }
}
