/// A cache whose keys can be gone through: for copying, and for looking whether two are alike.
public protocol WalkableCache: Cache {
  /// Calls `visit` with keys that match the glob `pattern`, some at a time, until all that were there throughout have come; a key may
  /// come twice.
  ///
  /// - Throws: `infrastructure` if the store could not be asked; what `visit` throws.
  func walk(
    matching pattern: String, _ visit: ([String]) async throws(CacheError) -> Void
  ) async throws(CacheError)
}

extension MemoryCache: WalkableCache {
  public func walk(
    matching pattern: String, _ visit: ([String]) async throws(CacheError) -> Void
  ) async throws(CacheError) {
    try await visit(keys(matching: pattern))
  }
}

extension RedisCache: WalkableCache {
  public func walk(
    matching pattern: String, _ visit: ([String]) async throws(CacheError) -> Void
  ) async throws(CacheError) {
    var cursor = Array("0".utf8)
    repeat {
      let (next, found) = try await scan(from: cursor, storedPattern(pattern)).get()
      cursor = next
      let own = found.compactMap { ownKey($0) }
      if !own.isEmpty { try await visit(own) }
    } while cursor != Array("0".utf8)
  }
}
