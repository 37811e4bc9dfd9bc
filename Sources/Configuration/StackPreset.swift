import SluiceCacheLayers

/// Names for layers, as the factories of the guide's cache library have them. Explicit settings go over them.
enum StackPreset: String, CaseIterable {
  case webApp = "web_app"
  case aiApp = "ai_app"
  case testing
  /// The legacy world's auto-detection from the environment.
  case auto
  case plain

  init(parsing text: String) throws(ValueError) {
    guard let preset = StackPreset(rawValue: text) else {
      let names = StackPreset.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValueError("\"\(text)\" is no preset; use \(names)")
    }
    self = preset
  }

  /// The layers, for an endpoint that is a Redis.
  ///
  /// - Parameter auto: what the environment says.
  func layers(auto: AutoDetection) -> StackLayers {
    var layers = StackLayers()
    switch self {
    case .plain: return layers
    case .webApp:
      layers.l1 = .init(entries: 200)
      layers.compression = .init(threshold: 2000, level: 6)
      layers.defaultTTL = .seconds(1800)
    case .aiApp:
      layers.l1 = .init(entries: 100)
      layers.compression = .init(threshold: 1000, level: 6)
      layers.defaultTTL = .seconds(3600)
    case .testing:
      layers.compression = .init(threshold: 1000, level: 1)
      layers.defaultTTL = .seconds(60)
    case .auto: return auto.layers
    }
    // The factories' fail_on_connection_error is false.
    layers.onConnectionError = .memory
    return layers
  }
}

/// What the legacy world's `get_cache_instance` makes of the environment (`LegacyEnvironment`): a Redis cache with the defaults of
/// `GenericRedisCache` (TTL 3600, L1 100, compression 1000/6), or values in memory.
struct AutoDetection {
  private(set) var endpoint = Endpoint.memory(maxBytes: Endpoint.defaultMemoryBytes)
  private(set) var layers = StackLayers()
  /// Variables that cannot be used, with the reason.
  private(set) var problems: [(variable: String, reason: String)] = []

  init(_ environment: [String: String]) {
    let environment = LegacyEnvironment(environment)
    layers.defaultTTL = .seconds(number("CACHE_TTL", 1...31_536_000, in: environment) ?? 3600)
    guard environment.usesRedis else { return }
    do throws(ValueError) {
      endpoint = try Endpoint(parsing: environment.redisURL)
    } catch {
      problems.append(("REDIS_URL", error.reason))
    }
    layers.l1 = .init(entries: number("CACHE_SIZE", 1...10_000_000, in: environment) ?? 100)
    guard environment.compresses else { return }
    layers.compression = .init(
      threshold: number("COMPRESSION_THRESHOLD", 0...(64 << 20), in: environment) ?? 1000, level: 6)
  }

  private mutating func number(
    _ variable: String, _ range: ClosedRange<Int>, in environment: LegacyEnvironment
  ) -> Int? {
    guard let text = environment.text(variable) else { return nil }
    do throws(ValueError) {
      return try ValueParsers.whole(range)(text)
    } catch {
      problems.append((variable, error.reason))
      return nil
    }
  }
}
