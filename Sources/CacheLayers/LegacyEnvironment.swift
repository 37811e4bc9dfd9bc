/// What the guide's `get_cache_instance` takes from the environment to choose a cache: the legacy world's guess, for the library and
/// for the preset `auto` of a stack. A variable that is empty is not set.
public struct LegacyEnvironment: Sendable {
  private let variables: [String: String]

  public init(_ variables: [String: String]) { self.variables = variables }

  /// A variable's text; nil if it is not set.
  public func text(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }

  /// Whether a variable says `true`, in any case, which alone is yes; nil if it is not set.
  public func isTrue(_ name: String) -> Bool? { text(name).map { $0.lowercased() == "true" } }

  /// Whether it comes to Redis: `CACHE_TYPE` over `USE_REDIS` over whether there is a `REDIS_URL`.
  public var usesRedis: Bool {
    switch text("CACHE_TYPE")?.lowercased() {
    case "memory": false
    case "redis": true
    default: isTrue("USE_REDIS") ?? (text("REDIS_URL") != nil)
    }
  }

  public var redisURL: String { text("REDIS_URL") ?? "redis://localhost:6379" }

  public var compresses: Bool { isTrue("ENABLE_COMPRESSION") ?? true }
}
