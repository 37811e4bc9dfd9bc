import SluiceGlob
import SluiceLocks
import SluiceRedis
import SluiceRedisLink

/// The legacy cache in Redis, with its habits: see the table in `docs/cache-library.md`.
///
/// ```
///   value(for:) ── L1 ── hit ──▶ value
///                   └ miss ── GET ── L1 for its own default time, whatever Redis has left ──▶ value
///   set ── L1 first ── SETEX, and nothing is undone if that fails
/// ```
///
/// Nothing is checked, and nothing is thrown: an address that makes no sense is a Redis that never answers.
public final class LegacyRedisCache: Cache {
  private let link: RedisLink?
  private let l1: Mutex<LegacyEntries>?
  private let defaultTTL: Duration
  private let portable: PortableValue
  private let clock: CacheClock
  private let tally = Mutex(LegacyTally())

  /// A cache that connects when it is first used, and after a failure tries again every time.
  ///
  /// - Parameters:
  ///   - defaultTTL: for entries whose time to live is nil or zero.
  ///   - enableL1Cache: whether a tier of `l1CacheSize` entries in this process stands before Redis.
  ///   - compressionThreshold: longer JSON is compressed; nil compresses nothing.
  public init(
    redisURL: String = "redis://redis:6379", defaultTTL: Duration = .seconds(3600),
    enableL1Cache: Bool = true,
    l1CacheSize: Int = 100, compressionThreshold: Int? = 1000, compressionLevel: Int = 6,
    clock: CacheClock = .system
  ) {
    link = (try? RedisEndpoint(redisURL)).map { endpoint in
      var settings = LinkSettings(endpoint, connectTimeout: .seconds(5), commandTimeout: .seconds(5))
      settings.tls = CacheTLS.maker
      return RedisLink(settings)
    }
    l1 = enableL1Cache ? Mutex(LegacyEntries(defaultTTL: defaultTTL, maxSize: l1CacheSize)) : nil
    self.defaultTTL = defaultTTL
    portable = PortableValue(threshold: compressionThreshold, level: compressionLevel)
    self.clock = clock
  }

  private var now: Int64 { Int64(clamping: clock.nanoseconds()) }

  /// Connects and sends `PING`; false where Redis does not answer.
  public func connect() async -> Bool {
    await ask(["PING"]) == .status("PONG")
  }

  public func value(for key: String) async -> CacheValue? {
    let found = await lookup(key)
    tally.withLock { $0.read(hit: found != nil) }
    return found
  }

  @discardableResult
  public func set(_ key: String, to value: CacheValue, ttl: Duration?) async -> Bool {
    tally.withLock { $0.write() }
    // Zero is no time to live, in Python's "or".
    let life = ttl.flatMap { $0 == .zero ? nil : $0 } ?? defaultTTL
    // The original's set of L1 takes a given time, and an expired one is an entry that nobody sees.
    l1?.withLock { $0.set(key, value, ttl: life, now: now) }
    // SETEX knows whole seconds above zero; Redis refuses the rest, and L1 keeps it.
    let seconds = life.isWholeSeconds ? "\(life.wholeSeconds)" : "\(life / .seconds(1))"
    return await ask(["SETEX", key, seconds], portable.encode(value)) == .status("OK")
  }

  @discardableResult
  public func delete(_ key: String) async -> Bool {
    tally.withLock { $0.write() }
    let wasNear = l1?.withLock { $0.remove(key) } ?? false
    guard case .integer(let count) = await ask(["DEL", key]) else { return wasNear }
    return wasNear || count > 0
  }

  public func exists(_ key: String) async -> Bool {
    if l1?.withLock({ $0.contains(key, now: now) }) == true { return true }
    return await ask(["EXISTS", key]) == .integer(1)
  }

  /// What Redis says, in whole seconds.
  public func remainingTTL(of key: String) async -> Duration? {
    guard case .integer(let seconds) = await ask(["TTL", key]), seconds >= 0 else { return nil }
    return .seconds(seconds)
  }

  /// Removes by a glob, which is not escaped: `KEYS` of everything, then one `DEL` of everything found.
  @discardableResult
  public func invalidate(pattern: String) async -> Int {
    let bytes = Array(pattern.utf8)
    return await invalidate(glob: pattern) { GlobPattern.matches(bytes.span, Array($0.utf8).span) }
  }

  public func storedValue(for key: String) async throws(CacheError) -> CacheValue? {
    switch await ask(["GET", key]) {
    case .string(let stored): return decoded(stored)
    case .null: return nil
    case nil, .status, .integer, .array, .error:
      throw CacheError(
        .infrastructure, "The legacy Redis does not answer; check that it runs and is reachable")
    }
  }

  public func disconnect() async { await link?.disconnect() }

  /// Hits among all operations, writes included, 0 to 100.
  public var hitRate: Double { tally.withLock { $0.hitRate } }

  // MARK: For the cache of AI responses over it

  var figures: LegacyTally { tally.withLock { $0 } }
  var nearKeys: [String] { l1?.withLock { $0.keys } ?? [] }

  /// Counts a read of its own.
  func count(readHit hit: Bool) { tally.withLock { $0.read(hit: hit) } }

  /// Changes a value in L1 where it lies.
  func changeNear(_ key: String, _ change: (inout CacheValue) -> Void) {
    l1?.withLock { $0.change(key, change) }
  }

  /// Removes what matches `glob` in Redis and what `near` names in L1, two different rules. Returns how many
  /// keys went.
  func invalidate(glob: String, near: (String) -> Bool) async -> Int {
    var gone = Set(l1?.withLock { $0.removeAll(where: near) } ?? [])
    if case .array(let found) = await ask(["KEYS", glob]) {
      let keys = found.compactMap(\.bytes)
      if !keys.isEmpty, case .integer = await ask([Array("DEL".utf8)] + keys) {
        gone.formUnion(keys)
      }
    }
    return gone.count
  }

  /// Sends one command; nil where Redis cannot be asked.
  func ask(_ words: [String], _ last: [UInt8]? = nil) async -> Reply? {
    await ask(words.map { Array($0.utf8) } + (last.map { [$0] } ?? []))
  }

  private func ask(_ arguments: [[UInt8]]) async -> Reply? {
    guard let link else { return nil }
    return try? await link.ask(LinkCommand(isRead: false, arguments)).get().first
  }

  private func lookup(_ key: String) async -> CacheValue? {
    if let near = l1?.withLock({ $0.value(for: key, now: now) }) { return near }
    guard case .string(let stored) = await ask(["GET", key]), let value = decoded(stored) else { return nil }
    // The defect: the entry lives as long as L1 likes, and so longer than in Redis.
    l1?.withLock { $0.set(key, value, ttl: nil, now: now) }
    guard value != .null else { return nil }
    return value
  }

  private func decoded(_ stored: [UInt8]) -> CacheValue? {
    if case .value(let value) = portable.decode(stored) { value } else { nil }
  }
}
