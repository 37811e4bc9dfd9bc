/// The named presets of the original's newest version, chosen by `CACHE_PRESET`.
///
/// Their figures are not those of ``EnvironmentPresets``: the original changed them, and both are kept under
/// their own names.
public enum CachePreset: String, Sendable, CaseIterable {
  /// A cache in memory, also where a Redis is configured.
  case disabled
  case minimal, simple, development, production
  case aiDevelopment = "ai-development"
  case aiProduction = "ai-production"

  /// The complete configuration of the preset; it names no Redis.
  public var config: CacheConfig {
    switch self {
    case .disabled: make(ttl: 300, entries: 10, threshold: 10_000, level: 1)
    case .minimal: make(ttl: 900, entries: 25, threshold: 5000, level: 1)
    case .simple: make(ttl: 3600, entries: 100, threshold: 1000, level: 6)
    case .development: make(ttl: 600, entries: 50, threshold: 2000, level: 3)
    case .production: make(ttl: 7200, entries: 500, threshold: 500, level: 9, .production)
    case .aiDevelopment: make(ttl: 1800, entries: 100, threshold: 1000, level: 6, ai: AIConfig())
    case .aiProduction:
      make(ttl: 14_400, entries: 1000, threshold: 300, level: 9, .production, ai: AIConfig())
    }
  }

  private func make(
    ttl: Int, entries: Int, threshold: Int, level: Int, _ environment: CacheConfig.Environment = .development,
    ai: AIConfig? = nil
  ) -> CacheConfig {
    CacheConfig(
      defaultTTL: .seconds(ttl), memoryCacheSize: entries, compressionThreshold: threshold,
      compressionLevel: level, environment: environment, ai: ai)
  }
}
