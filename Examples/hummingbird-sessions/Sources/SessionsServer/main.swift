import Foundation
import Sessions
import SluiceCacheService

// REDIS_URL, DEBUG and ENABLE_AI_CACHE decide which cache it is; a Redis that is away means memory, and /health says so.
let environment = ProcessInfo.processInfo.environment
let settings = CacheSettings(environment: environment)
let port = environment["PORT"].flatMap { Int($0) } ?? 8080
let app = try await makeApplication(
  caches: CacheRegistry(), config: try settings.makeConfig(), address: .hostname("127.0.0.1", port: port))
try await app.runService()
