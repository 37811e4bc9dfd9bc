import SluiceRedis
import SluiceRedisLink

/// Many keys in one way there and back for each connection.
extension RedisCache {
  public func values(for keys: [String]) async -> [String: CacheValue] {
    var found: [String: CacheValue] = [:]
    var far: [Int: [String]] = [:]
    for key in Set(keys) {
      if let value = l1?.value(for: storedKey(key)) {
        found[key] = value
      } else {
        far[linkNumber(of: storedKey(key)), default: []].append(key)
      }
    }
    let near = UInt64(found.count)
    if near > 0 { counters.withLock { $0.l1Hits &+= near } }
    await withTaskGroup(of: [(String, CacheLookup)].self) { group in
      for keys in far.values { group.addTask { await self.lookup(together: keys) } }
      for await lookups in group {
        for (key, lookup) in lookups {
          count(lookup)
          found[key] = lookup.value
        }
      }
    }
    return found
  }

  /// - Parameter keys: of one link, at least one.
  private func lookup(together keys: [String]) async -> [(String, CacheLookup)] {
    let stored = keys.map { storedKey($0) }
    guard let first = stored.first else { return [] }
    var command = LinkCommand(isRead: true, [Array("MGET".utf8)] + stored)
    if l1 != nil {
      for key in stored {
        command.begin(2)
        command.append("PTTL")
        command.append(key)
      }
    }
    let generation = l1?.generation ?? 0
    let now = clock.nanoseconds()
    let replies: LinkReplies
    switch await ask(command, about: first) {
    case .success(let found): replies = found
    case .failure(let error): return keys.map { ($0, .miss(.failed(error))) }
    }
    guard case .array(let elements) = replies.first, elements.count == keys.count else {
      let text = replies.first.text ?? "an answer that MGET does not have"
      let error = CacheError(refusal: text, of: "MGET", at: endpoint)
      return keys.map { ($0, .miss(.failed(error))) }
    }
    return keys.indices.map { index in
      let found = lookup(elements[index])
      if let l1, case .hit(let value) = found {
        let life = replies.rest.indices.contains(index) ? replies.rest[index] : .null
        l1.put(
          stored[index], value, expiresAt: Self.l1End(now: now, pttl: life, defaultTTL),
          generation: generation,
          order: replies.order)
      }
      return (keys[index], found)
    }
  }

  @discardableResult
  public func set(_ values: [String: CacheValue], ttl: Duration?) async -> Int {
    // Each is a command of its own, with its own time to live; all of them leave in one buffer.
    await withTaskGroup(of: Bool.self) { group in
      for (key, value) in values { group.addTask { await self.set(key, to: value, ttl: ttl) } }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
  }
}
