import SluiceCacheLayers
import SluiceRedis
import SluiceRedisLink

/// Reading and writing one key.
extension RedisCache {
  public func lookup(_ key: String) async -> CacheLookup {
    let key = storedKey(key)
    if let value = l1?.value(for: key) {
      counters.withLock { $0.l1Hits &+= 1 }
      return .hit(value)
    }
    let found = await ask(key, promoting: true)
    count(found)
    return found
  }

  public func storedValue(for key: String) async throws(CacheError) -> CacheValue? {
    switch await ask(storedKey(key), promoting: false) {
    case .hit(let value): return value
    case .miss(.absent), .miss(.foreign): return nil
    case .miss(.failed(let error)): throw error
    }
  }

  public func store(_ key: String, _ value: CacheValue, ttl: Duration?) async -> Result<Bool, CacheError> {
    let life = defaultTTL.life(given: ttl)
    if life == .over { return await remove(key).map { _ in false } }
    let key = storedKey(key)
    let bytes = encoded(value)
    var command = LinkCommand(isRead: false, size: key.count + bytes.count + 64)
    if case .ends(let after) = life {
      command.begin(5)
      command.append("SET")
      command.append(key)
      command.append(bytes)
      command.append("PX")
      command.append(String(after.wholeMilliseconds))
    } else {
      command.begin(3)
      command.append("SET")
      command.append(key)
      command.append(bytes)
    }
    let generation = l1?.generation ?? 0
    // Before Redis starts its own count.
    let now = clock.nanoseconds()
    return await write(command, "SET", key) { replies in
      guard replies.first == .status("OK") else { return nil }
      l1?.put(
        key, value, expiresAt: Self.l1End(now: now, life: life, defaultTTL), generation: generation,
        order: replies.order)
      return true
    }
  }

  public func remove(_ key: String) async -> Result<Bool, CacheError> {
    let key = storedKey(key)
    return await write(LinkCommand(isRead: false, [Array("DEL".utf8), key]), "DEL", key) { replies in
      guard case .integer(let count) = replies.first else { return nil }
      l1?.remove(key, order: replies.order)
      return count > 0
    }
  }

  public func exists(_ key: String) async -> Bool {
    let key = storedKey(key)
    if let l1, l1.contains(key) { return true }
    let answer = await ask(LinkCommand(isRead: true, [Array("EXISTS".utf8), key]), about: key)
    return (try? answer.get())?.first == .integer(1)
  }

  public func remainingTTL(of key: String) async -> Duration? {
    let key = storedKey(key)
    let answer = await ask(LinkCommand(isRead: true, [Array("PTTL".utf8), key]), about: key)
    guard case .integer(let milliseconds) = (try? answer.get())?.first, milliseconds >= 0 else { return nil }
    return .milliseconds(milliseconds)
  }

  // MARK: Pieces

  /// Counts a read that Redis was asked for.
  func count(_ found: CacheLookup) {
    counters.withLock { counters in
      switch found {
      case .hit: counters.storeHits &+= 1
      case .miss(.absent): counters.misses &+= 1
      case .miss(.foreign):
        counters.misses &+= 1
        counters.foreign &+= 1
      case .miss(.failed): counters.failures &+= 1
      }
    }
  }

  func encoded(_ value: CacheValue) -> [UInt8] {
    guard let monitor else { return portable.encode(value) }
    let start = ContinuousClock.now
    let bytes = portable.encode(value)
    if case .compressed(let before) = CompressionCodec.form(of: bytes.span) {
      monitor.recordCompression(from: before, to: bytes.count, took: ContinuousClock.now - start)
    }
    return bytes
  }

  /// Asks Redis, and keeps a hit in L1 for no longer than Redis keeps it.
  private func ask(_ key: [UInt8], promoting: Bool) async -> CacheLookup {
    let l1 = promoting ? l1 : nil
    var command = LinkCommand(isRead: true, size: key.count + 32)
    command.begin(2)
    command.append("GET")
    command.append(key)
    if l1 != nil {
      command.begin(2)
      command.append("PTTL")
      command.append(key)
    }
    let generation = l1?.generation ?? 0
    let now = clock.nanoseconds()
    let replies: LinkReplies
    switch await ask(command, about: key) {
    case .success(let found): replies = found
    case .failure(let error): return .miss(.failed(error))
    }
    let found = lookup(replies.first)
    if let l1, case .hit(let value) = found {
      let end = Self.l1End(now: now, pttl: replies.rest.first ?? .null, defaultTTL)
      l1.put(key, value, expiresAt: end, generation: generation, order: replies.order)
    }
    return found
  }

  /// What the answer to `GET` means.
  func lookup(_ reply: Reply) -> CacheLookup {
    switch reply {
    case .string(let stored):
      switch portable.decode(stored) {
      case .value(let value): .hit(value)
      case .foreign(let why): .miss(.foreign(why))
      }
    case .null: .miss(.absent)
    case .error(let text): .miss(.failed(CacheError(refusal: text, of: "GET", at: endpoint)))
    case .status, .integer, .array:
      .miss(.failed(CacheError(refusal: "an answer that GET does not have", of: "GET", at: endpoint)))
    }
  }

  /// Sends a write about one key, and says what its answer means.
  ///
  /// Where there is no answer, nobody knows whether it came to pass: L1 forgets the key, and again when the answer
  /// comes after all, since a read that was under way may have brought the old value back.
  ///
  /// - Parameter meaning: nil for an answer that is a refusal.
  func write<Value>(
    _ command: LinkCommand, _ name: String, _ key: [UInt8], _ meaning: (LinkReplies) -> Value?
  ) async -> Result<Value, CacheError> {
    var command = command
    if let l1 { command.late = { l1.remove(key) } }
    switch await ask(command, about: key) {
    case .success(let replies):
      if let success = meaning(replies) { return .success(success) }
      l1?.remove(key, order: replies.order)
      counters.withLock { $0.failures &+= 1 }
      let text = (replies.rest.last ?? replies.first).text ?? "an unknown answer"
      return .failure(CacheError(refusal: text, of: name, at: endpoint))
    case .failure(let error):
      l1?.remove(key)
      counters.withLock { $0.failures &+= 1 }
      return .failure(error)
    }
  }

  private static func l1End(now: UInt64, life: DefaultTTL.Life, _ defaultTTL: DefaultTTL) -> UInt64 {
    min(end(now, life), end(now, defaultTTL.life(given: nil)))
  }

  /// From what `PTTL` says: -1 is for ever, -2 or an error is "not there any more".
  static func l1End(now: UInt64, pttl: Reply, _ defaultTTL: DefaultTTL) -> UInt64 {
    switch pttl {
    case .integer(-1): end(now, defaultTTL.life(given: nil))
    case .integer(let left) where left > 0:
      l1End(now: now, life: .ends(after: min(.milliseconds(left), DefaultTTL.longest)), defaultTTL)
    default: now
    }
  }

  private static func end(_ now: UInt64, _ life: DefaultTTL.Life) -> UInt64 {
    switch life {
    case .forever: .max
    case .ends(let after): now + after.wholeNanoseconds
    case .over: now
    }
  }
}
