/// The complete configurations of the guide, one per environment. None names a Redis.
public enum EnvironmentPresets {
  public static let development = CacheConfig(
    defaultTTL: .seconds(1800), memoryCacheSize: 50, compressionThreshold: 2000, compressionLevel: 4,
    environment: .development)

  public static let testing = CacheConfig(
    defaultTTL: .seconds(60), memoryCacheSize: 25, compressionThreshold: 1000, compressionLevel: 1,
    environment: .testing)

  public static let production = CacheConfig(
    defaultTTL: .seconds(7200), memoryCacheSize: 200, compressionThreshold: 1000, compressionLevel: 6,
    environment: .production)

  /// ``development`` for AI responses, with texts hashed from 500 code points on.
  public static let aiDevelopment = with(AIConfig(textHashThreshold: 500), development)

  /// ``production`` for AI responses, with texts of up to 200,000 code points.
  public static let aiProduction = with(
    AIConfig(textHashThreshold: 1000, maxTextLength: 200_000), production)

  /// The preset without AI features of an environment.
  public static func of(_ environment: CacheConfig.Environment) -> CacheConfig {
    switch environment {
    case .development: development
    case .testing: testing
    case .production: production
    }
  }

  private static func with(_ ai: AIConfig, _ config: CacheConfig) -> CacheConfig {
    var config = config
    config.ai = ai
    return config
  }
}
