import SluiceLinkTLS
import SluiceLoadGenerator
import SluiceTestSupport
import Testing

@testable import SluiceCache

@Suite struct RedisTLSTests {
  @Test("a cache behind TLS, with a certificate of ours, by the URL or by the settings of the guide")
  func speaksTLS() async throws {
    CacheTLS.use(LinkTLSContext.maker)
    let folder = try ScratchFolder()
    let ca = try CertificateAuthority(in: folder)
    let (server, client) = (try ca.issue("server"), try ca.issue("client", names: ["DNS:client"]))
    let redis = try RedisServer(.tls(.init(server, ca, client: client)))
    var guided = RedisCache.Settings(url: "rediss://127.0.0.1:\(redis.port)?ca=\(ca.certificate)")
    (guided.tlsCertificatePath, guided.tlsKeyPath) = (client.certificate, client.key)
    for var settings in [RedisCache.Settings(url: redis.url), guided] {
      settings.connectTimeout = .seconds(5)
      settings.commandTimeout = .seconds(5)
      settings.l1Entries = nil
      let cache = try RedisCache(settings)
      try await cache.connect()
      #expect(await cache.set("k", to: "v"))
      #expect(await cache.value(for: "k") == "v")
    }
    let stranger = try RedisCache(.init(url: "rediss://127.0.0.1:\(redis.port)"))
    await #expect(throws: CacheError.self) { try await stranger.connect() }
  }
}
