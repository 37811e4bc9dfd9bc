import Testing

@testable import SluiceCache

@Suite("The switches of the guide")
struct LegacyWorldTests {
  static let rows: [(legacy: String?, new: String?, world: CacheWorld)] = [
    (nil, nil, .legacy),
    ("", "", .legacy),
    (nil, "true", .new), (nil, "TRUE", .new), (nil, " 1 ", .new), (nil, "yes", .new), (nil, "on", .new),
    (nil, "false", .legacy), (nil, "treu", .legacy),
    ("true", nil, .legacy), ("True", "true", .legacy), ("1", "true", .legacy),
    ("treu", "true", .legacy), ("please", nil, .legacy),
    ("false", "true", .new), ("0", "true", .new), ("No", "true", .new), ("off", nil, .legacy),
    ("false", "false", .legacy),
  ]

  @Test("legacy always wins, and a slip of the pen means legacy", arguments: rows)
  func choose(legacy: String?, new: String?, world: CacheWorld) {
    var environment: [String: String] = [:]
    environment["USE_LEGACY_CACHE"] = legacy
    environment["USE_NEW_CACHE_FACTORY"] = new
    #expect(CacheWorld.choose(environment: environment) == world)
  }
}
