import SluiceCacheLayers
import SluiceRedis
import SluiceRedisLink

/// What depends on what is there: decided by Redis alone, so L1 only forgets.
extension RedisCache: AtomicCache {
  public func setIfAbsent(
    _ key: String, to value: CacheValue, ttl: Duration?
  ) async throws(CacheError) -> Bool {
    let life = defaultTTL.life(given: ttl)
    if life == .over { return false }
    let key = storedKey(key)
    var words = [Array("SET".utf8), key, encoded(value), Array("NX".utf8)]
    if case .ends(let after) = life {
      words += [Array("PX".utf8), Array(String(after.wholeMilliseconds).utf8)]
    }
    let result = await write(LinkCommand(isRead: false, words), "SET", key) { replies -> Bool? in
      l1?.remove(key, order: replies.order)
      switch replies.first {
      case .status("OK"): return true
      case .null: return false
      default: return nil
      }
    }
    return try result.get()
  }

  @discardableResult
  public func increment(_ key: String, by amount: Int, ttl: Duration?) async throws(CacheError) -> Int {
    let life = defaultTTL.life(given: ttl)
    if life == .over {
      _ = try await remove(key).get()
      return amount
    }
    let key = storedKey(key)
    // Its life begins with the counter; one that is there keeps what is left of its own.
    var command = LinkCommand(isRead: false)
    command.begin(life == .forever ? 4 : 6)
    for word in [Array("SET".utf8), key, Array("0".utf8), Array("NX".utf8)] { command.append(word) }
    if case .ends(let after) = life {
      command.append("PX")
      command.append(String(after.wholeMilliseconds))
    }
    command.begin(3)
    command.append("INCRBY")
    command.append(key)
    command.append(String(amount))
    let result = await write(command, "INCRBY", key) { replies -> Int? in
      l1?.remove(key, order: replies.order)
      guard case .integer(let sum) = replies.rest.first else { return nil }
      return Int(sum)
    }
    return try result.get()
  }
}
