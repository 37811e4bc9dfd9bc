import NIOPosix
import SluiceLayeredServer
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport

/// How a stack differs from one without layers.
struct Layers {
  let change: (inout LayeredSettings) -> Void
}

/// A real redis-server behind layers, served inside of the test.
final class LayeredStack {
  let redis: RedisServer
  let server: LayeredServer
  private let group: MultiThreadedEventLoopGroup

  init(_ redis: RedisServer? = nil, _ layers: Layers) async throws {
    let redis = try redis ?? RedisServer()
    self.redis = redis
    // It may be down: the address is all that is asked for.
    let port = Int(redis.url.split(separator: ":").last ?? "") ?? 0
    let address = LayeredSettings.Address.tcp(host: "127.0.0.1", port: port)
    var settings = LayeredSettings(address: address, label: redis.url)
    layers.change(&settings)
    group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    server = try await LayeredServer.start(settings, on: group)
  }

  func stop() async throws {
    await server.stop()
    try await group.shutdownGracefully()
  }

  /// Through the layers.
  func client() throws(RedisError) -> RedisClient {
    try RedisClient(RedisEndpoint(.unix(path: server.socketPath)))
  }

  /// Past the layers.
  func direct() throws(RedisError) -> RedisClient { try redis.client() }

  /// Runs with a stack and stops it, however it ends.
  static func with(
    redis: RedisServer? = nil, _ layers: Layers, _ body: (LayeredStack) async throws -> Void
  ) async throws {
    let stack = try await LayeredStack(redis, layers)
    do {
      try await body(stack)
    } catch {
      try? await stack.stop()
      throw error
    }
    try await stack.stop()
  }
}

extension LayeredSettings {
  /// Every layer, with bounds so low that tests meet them.
  mutating func turnEverythingOn() {
    l1 = L1(entries: 16, ttl: .seconds(30))
    compression = Compression(threshold: 64, level: 6)
    defaultTTL = .seconds(1800)
    keyPrefix = Array("app:*[1]:".utf8)
  }
}

extension RedisClient {
  @discardableResult
  func run(_ words: [[UInt8]]) throws(RedisError) -> Reply { try command(words) }

  @discardableResult
  func run(_ words: [String]) throws(RedisError) -> Reply { try command(words.map { Array($0.utf8) }) }
}
