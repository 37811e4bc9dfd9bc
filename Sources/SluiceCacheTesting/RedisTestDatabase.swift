import Dispatch
import Foundation
import SluiceCache
import SluiceRedisClient

/// A real Redis for tests: a cache under a key prefix of its own, which removes what it wrote.
///
///     try await RedisTestDatabase.use { cache in
///       await cache.set("k", to: "v")
///     }
///
/// Tests may run side by side in one database: each has its prefix. A database that holds anything else is refused, because a
/// test must not be run against data that somebody needs; `allowsOthersKeys` says that it is meant.
public struct RedisTestDatabase: Sendable {
  /// What all keys of test databases begin with; nothing else is ever removed.
  public static let prefix = "sluice-test:"
  /// Where Redis is looked for if neither the environment nor the caller says.
  public static let defaultURL = "redis://localhost:6379/15"

  /// The cache: no L1 that would hide what Redis holds, entries live a minute unless told otherwise.
  public let cache: RedisCache
  /// The prefix of this one's keys in Redis.
  public let keyPrefix: String
  private let endpoint: RedisEndpoint

  /// Connects and looks whether the database is fit for tests.
  ///
  /// - Parameters:
  ///   - url: used if `TEST_REDIS_URL` is not set; with a database number, which should be the tests' own.
  ///   - allowsOthersKeys: run in a database that holds other keys; they are left alone.
  /// - Throws: `infrastructure` if Redis cannot be reached, `configuration` for an address that is none, `validation` for a
  ///   database with other keys.
  public init(
    url: String = defaultURL, allowsOthersKeys: Bool = false,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) async throws(CacheError) {
    let address = environment["TEST_REDIS_URL"].flatMap { $0.isEmpty ? nil : $0 } ?? url
    do throws(RedisError) {
      endpoint = try RedisEndpoint(address)
    } catch {
      throw CacheError(.configuration, error.message)
    }
    let foreign = try await Self.blocking(endpoint) { client throws(RedisError) in try Self.foreignKey(client)
    }
    if let foreign, !allowsOthersKeys {
      throw CacheError(
        .validation,
        "\(endpoint) is not empty (it has a key \"\(foreign)\"); name a database for tests by TEST_REDIS_URL, or allow others' keys",
        context: ["key": .string(foreign)])
    }
    keyPrefix = "\(Self.prefix)\(UUID().uuidString):"
    var settings = RedisCache.Settings(url: address)
    settings.l1Entries = nil
    settings.defaultTTL = .seconds(60)
    settings.keyPrefix = keyPrefix
    settings.commandTimeout = .seconds(5)
    settings.connectTimeout = .seconds(5)
    cache = try RedisCache(settings)
  }

  /// Removes what the cache wrote and disconnects it. Returns how many keys there were.
  ///
  /// - Throws: `infrastructure` if Redis cannot be reached; the keys expire by themselves then.
  @discardableResult
  public func cleanUp() async throws(CacheError) -> Int {
    await cache.disconnect()
    let pattern = "\(keyPrefix)*"
    return try await Self.blocking(endpoint) { client throws(RedisError) in
      var removed = 0
      try Self.scan(client, matching: pattern) { keys throws(RedisError) in
        if case .integer(let count) = try client.command([Array("UNLINK".utf8)] + keys) {
          removed += Int(clamping: count)
        }
        return true
      }
      return removed
    }
  }

  /// Gives a test its cache, and cleans up whatever comes of the test.
  public static func use<Result>(
    url: String = defaultURL, allowsOthersKeys: Bool = false, _ body: (RedisCache) async throws -> Result
  ) async throws -> Result {
    let database = try await RedisTestDatabase(url: url, allowsOthersKeys: allowsOthersKeys)
    do {
      let result = try await body(database.cache)
      try await database.cleanUp()
      return result
    } catch {
      _ = try? await database.cleanUp()
      throw error
    }
  }

  /// A key that no test wrote, or nil.
  private static func foreignKey(_ client: RedisClient) throws(RedisError) -> String? {
    var found: String?
    try scan(client, matching: "*") { keys throws(RedisError) in
      found = keys.first { !$0.starts(with: prefix.utf8) }.map { String(decoding: $0, as: UTF8.self) }
      return found == nil
    }
    return found
  }

  /// Walks the keys of a pattern in batches, until `body` says false. Keys that are there all the time are met (redis.io, SCAN).
  private static func scan(
    _ client: RedisClient, matching pattern: String,
    _ body: ([[UInt8]]) throws(RedisError) -> Bool
  ) throws(RedisError) {
    var cursor = "0"
    repeat {
      guard
        case .array(let parts) = try client.command("SCAN", cursor, "MATCH", pattern, "COUNT", "500"),
        parts.count == 2, let next = parts[0].text, case .array(let keys) = parts[1]
      else { throw RedisError(.protocolViolation, "\(client.endpoint) answered SCAN with something unknown") }
      let names = keys.compactMap(\.bytes)
      if !names.isEmpty, try !body(names) { return }
      cursor = next
    } while cursor != "0"
  }

  /// hiredis blocks, so it gets a thread that may.
  private static func blocking<Result: Sendable>(
    _ endpoint: RedisEndpoint, _ work: @escaping @Sendable (RedisClient) throws(RedisError) -> Result
  ) async throws(CacheError) -> Result {
    let outcome = await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        let result: Swift.Result<Result, RedisError>
        do throws(RedisError) {
          let client = try RedisClient(
            endpoint, connectTimeout: .seconds(5), commandTimeout: .seconds(10))
          result = .success(try work(client))
        } catch {
          result = .failure(error)
        }
        continuation.resume(returning: result)
      }
    }
    switch outcome {
    case .success(let value): return value
    case .failure(let error): throw CacheError(.infrastructure, error.message)
    }
  }
}
