import SluiceCache

/// Caches for tests that nothing shares: made anew for every test, gone with it.
public enum TestCaches {
  /// An empty cache in memory, of its own for every call; entries live a minute unless told otherwise.
  public static func memory(
    defaultTTL: Duration = .seconds(60), maxEntries: Int = 100, clock: CacheClock = .system
  ) -> MemoryCache {
    MemoryCache(defaultTTL: defaultTTL, maxEntries: maxEntries, clock: clock)
  }

  /// A cache of AI responses over memory, of its own for every call.
  ///
  /// - Throws: `validation` for settings that are out of range.
  public static func ai(
    _ settings: AIResponseCache.Settings = AIResponseCache.Settings(), maxEntries: Int = 100
  ) throws(CacheError) -> AIResponseCache {
    try AIResponseCache(store: memory(maxEntries: maxEntries), settings: settings)
  }
}
