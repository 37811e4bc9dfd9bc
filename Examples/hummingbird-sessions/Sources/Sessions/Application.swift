import Hummingbird
import Logging
import SluiceCache
import SluiceCacheService

/// The whole service: routes over caches that are given to it, and the caches' life cycle in the application's.
///
/// - Parameters:
///   - caches: shared by all requests; it lets go of its connections after the server has drained.
///   - config: which cache sessions get; from settings in `main`, in memory in tests.
public func makeApplication(
  caches: CacheRegistry, config: CacheConfig, address: BindAddress = .hostname("127.0.0.1", port: 8080),
  logger: Logger = Logger(label: "sessions")
) async throws -> some ApplicationProtocol {
  let sessions = SessionStore(cache: try await caches.webCache(for: config))
  let router = Router()
  SessionController(sessions: sessions).addRoutes(to: router.group("sessions"))
  router.get("health") { _, _ in
    let health = await caches.health()
    let isWell = health.values.allSatisfy { $0.status != .unhealthy }
    return EditedResponse(status: isWell ? .ok : .serviceUnavailable, response: HealthReport(caches: health))
  }
  var app = Application(
    router: router, configuration: .init(address: address, serverName: "sessions"), logger: logger)
  app.addServices(caches)
  return app
}

struct HealthReport: ResponseEncodable {
  var caches: [String: CacheHealth]
}
