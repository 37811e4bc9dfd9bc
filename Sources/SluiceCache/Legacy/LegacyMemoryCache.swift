import SluiceGlob
import SluiceLocks

/// The legacy cache in memory, with its habits: see ``LegacyEntries`` and the table in
/// `docs/cache-library.md`.
///
/// Nothing is checked: what makes no sense is stored nowhere. Whole seconds are what it knows of lives.
public final class LegacyMemoryCache: Cache {
  private let entries: Mutex<LegacyEntries>
  private let clock: CacheClock

  /// - Parameters:
  ///   - defaultTTL: for entries without a time to live; zero or less means that they never expire.
  ///   - maxSize: how many entries there may be; zero or less stores nothing.
  public init(defaultTTL: Duration = .seconds(3600), maxSize: Int = 1000, clock: CacheClock = .system) {
    entries = Mutex(LegacyEntries(defaultTTL: defaultTTL, maxSize: maxSize))
    self.clock = clock
  }

  private var now: Int64 { Int64(clamping: clock.nanoseconds()) }

  public func value(for key: String) async -> CacheValue? {
    entries.withLock { $0.value(for: key, now: now) }
  }

  /// Stores a value; zero and less are entries that have expired. True, whatever came of it.
  @discardableResult
  public func set(_ key: String, to value: CacheValue, ttl: Duration?) async -> Bool {
    entries.withLock { $0.set(key, value, ttl: ttl, now: now) }
    return true
  }

  /// Removes a key. Returns whether there was one, expired or not.
  @discardableResult
  public func delete(_ key: String) async -> Bool {
    entries.withLock { $0.remove(key) }
  }

  public func exists(_ key: String) async -> Bool {
    entries.withLock { $0.contains(key, now: now) }
  }

  /// Whole seconds, cut off.
  public func remainingTTL(of key: String) async -> Duration? {
    entries.withLock { $0.secondsLeft(key, now: now) }.map { .seconds($0) }
  }

  /// Removes by a glob over the whole key, expired entries included.
  @discardableResult
  public func invalidate(pattern: String) async -> Int {
    let pattern = Array(pattern.utf8)
    return entries.withLock {
      $0.removeAll { GlobPattern.matches(pattern.span, Array($0.utf8).span) }.count
    }
  }

  public func disconnect() async {}
}
