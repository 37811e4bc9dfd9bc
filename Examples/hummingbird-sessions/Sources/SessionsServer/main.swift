import Foundation
import Sessions
import SluiceCacheService

// REDIS_URL, DEBUG and ENABLE_AI_CACHE decide which cache it is; a Redis that is away means memory, and /health says so.
let settings = CacheSettings(environment: ProcessInfo.processInfo.environment)
let app = try await makeApplication(caches: CacheRegistry(), config: try settings.makeConfig())
try await app.runService()
