import Hummingbird
import HummingbirdTesting
import Sessions
import SluiceCache
import SluiceCacheService
import Testing

@Suite struct SessionsTests {
  @Test("A session is kept, read and ended; the caches are healthy, and cleaned up at the end")
  func sessions() async throws {
    let caches = CacheRegistry()
    let app = try await makeApplication(caches: caches, config: CacheConfig())
    try await app.test(.router) { client in
      try await client.execute(uri: "/sessions/1", method: .get) { #expect($0.status == .notFound) }
      try await client.execute(uri: "/sessions/1", method: .put, body: ByteBuffer(string: "Ada")) {
        #expect($0.status == .noContent)
      }
      try await client.execute(uri: "/sessions/1", method: .get) {
        #expect($0.status == .ok)
        #expect(String(buffer: $0.body) == "Ada")
      }
      try await client.execute(uri: "/sessions/1", method: .delete) { #expect($0.status == .noContent) }
      try await client.execute(uri: "/health", method: .get) {
        #expect($0.status == .ok)
        #expect(String(buffer: $0.body).contains("\"healthy\""))
      }
    }
    // The application has shut down, and with it the registry.
    #expect(await caches.keys.isEmpty)
  }
}
