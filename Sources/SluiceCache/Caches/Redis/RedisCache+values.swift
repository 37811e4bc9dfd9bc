import SluiceCacheLayers
import SluiceRedisClient

/// Reading and writing one key.
extension RedisCache {
  public func lookup(_ key: String) async -> CacheLookup {
    let key = storedKey(key)
    if let value = l1?.value(for: key) {
      counters.withLock { $0.l1Hits &+= 1 }
      return .hit(value)
    }
    let found = await ask(key, promoting: true)
    counters.withLock { counters in
      switch found {
      case .hit: counters.storeHits &+= 1
      case .miss(.absent), .miss(.foreign): counters.misses &+= 1
      case .miss(.failed): counters.failures &+= 1
      }
    }
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
    var command = CommandArguments(["SET".utf8])
    command.append(key)
    command.append(bytes)
    if case .ends(let after) = life {
      command.append("PX")
      command.append(String(after.wholeMilliseconds))
    }
    let (set, l1, clock, defaultTTL) = (command, l1, clock, defaultTTL)
    let result = await lane(of: key).run { redis throws(RedisError) -> Reply in
      let generation = l1?.generation ?? 0
      // Before Redis starts its own count.
      let now = clock.nanoseconds()
      let reply: Reply
      do throws(RedisError) {
        reply = try redis.command(set)
      } catch {
        // Nobody knows whether it came to pass: neither the old value nor the new one may be served from
        // here.
        l1?.remove(key)
        throw error
      }
      if reply == .status("OK") {
        l1?.put(
          key, value, expiresAt: Self.l1End(now: now, life: life, defaultTTL), generation: generation)
      } else {
        l1?.remove(key)
      }
      return reply
    }
    return finish(result, "SET", forgetting: key) { $0 == .status("OK") ? true : nil }
  }

  public func remove(_ key: String) async -> Result<Bool, CacheError> {
    let key = storedKey(key)
    let l1 = l1
    let result = await lane(of: key).run { redis throws(RedisError) -> Reply in
      // At the end of the job, and whatever Redis says: a delete that failed may have come to pass.
      defer { l1?.remove(key) }
      return try redis.command([Array("DEL".utf8), key])
    }
    return finish(result, "DEL", forgetting: key) { reply in
      if case .integer(let count) = reply { count > 0 } else { nil }
    }
  }

  public func exists(_ key: String) async -> Bool {
    let key = storedKey(key)
    if let l1, l1.contains(key) { return true }
    let answer = await lane(of: key).run { redis throws(RedisError) in
      try redis.command([Array("EXISTS".utf8), key])
    }
    return (try? answer.get()) == .integer(1)
  }

  public func remainingTTL(of key: String) async -> Duration? {
    let key = storedKey(key)
    let answer = await lane(of: key).run { redis throws(RedisError) in
      try redis.command([Array("PTTL".utf8), key])
    }
    guard case .success(.integer(let milliseconds)) = answer, milliseconds >= 0 else { return nil }
    return .milliseconds(milliseconds)
  }

  // MARK: Pieces

  private func encoded(_ value: CacheValue) -> [UInt8] {
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
    let (l1, clock, defaultTTL, portable) = (promoting ? l1 : nil, clock, defaultTTL, portable)
    let endpoint = endpoint
    let result = await lane(of: key).run { redis throws(RedisError) -> CacheLookup in
      let generation = l1?.generation ?? 0
      let now = clock.nanoseconds()
      try redis.append([Array("GET".utf8), key])
      if l1 != nil { try redis.append([Array("PTTL".utf8), key]) }
      let reply = try redis.reply()
      let life = l1 == nil ? .null : try redis.reply()
      switch reply {
      case .string(let stored):
        switch portable.decode(stored) {
        case .value(let value):
          l1?.put(key, value, expiresAt: Self.l1End(now: now, pttl: life, defaultTTL), generation: generation)
          return .hit(value)
        case .foreign(let why):
          return .miss(.foreign(why))
        }
      case .null:
        return .miss(.absent)
      case .error(let text):
        return .miss(.failed(CacheError(refusal: text, of: "GET", at: endpoint)))
      case .status, .integer, .array:
        return .miss(
          .failed(CacheError(refusal: "an answer that GET does not have", of: "GET", at: endpoint)))
      }
    }
    switch result {
    case .success(let found): return found
    case .failure(let error): return .miss(.failed(error))
    }
  }

  /// What a write means for the caller; after a failure without a connection L1 forgets the key as well.
  private func finish(
    _ result: Result<Reply, CacheError>, _ command: String, forgetting key: [UInt8],
    _ meaning: (Reply) -> Bool?
  ) -> Result<Bool, CacheError> {
    switch result {
    case .success(let reply):
      if let success = meaning(reply) { return .success(success) }
      counters.withLock { $0.failures &+= 1 }
      return .failure(CacheError(refusal: reply.text ?? "an unknown answer", of: command, at: endpoint))
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
  private static func l1End(now: UInt64, pttl: Reply, _ defaultTTL: DefaultTTL) -> UInt64 {
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
