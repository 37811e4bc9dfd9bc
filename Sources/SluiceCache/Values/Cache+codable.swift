/// Values of a service's own types.
extension Cache {
  /// The value under `key` as `type`; nil on a miss.
  ///
  /// - Throws: `validation` if something else is stored there.
  public func value<Value: Decodable>(
    for key: String, as type: Value.Type
  ) async throws(CacheError) -> Value? {
    guard let found = await value(for: key) else { return nil }
    return try found.decoded(as: type)
  }

  /// Stores a value of a service's own type. Returns what ``set(_:to:ttl:)`` returns.
  ///
  /// - Throws: `validation` for what JSON cannot say.
  @discardableResult
  public func set(
    _ key: String, encoding value: some Encodable & Sendable, ttl: Duration? = nil
  ) async throws(CacheError) -> Bool {
    await set(key, to: try CacheValue(encoding: value), ttl: ttl)
  }

  /// The value under `key`, or what `make` makes, which is stored then.
  ///
  /// Of all tasks of this process that miss the same key of this cache at once one makes it; the others wait for what it made. What it throws
  /// they throw as well, unless it was cancelled: then the next one makes it. A task that is cancelled while it waits
  /// makes it by itself, which its `make` is free to refuse. A cache that cannot be reached, and a value that
  /// is no `Value`, are misses.
  ///
  /// - Parameter ttl: as in ``set(_:to:ttl:)``.
  /// - Throws: what `make` throws.
  public func getOrSet<Value: Codable & Sendable, Failure: Error>(
    _ key: String, as type: Value.Type = Value.self, ttl: Duration? = nil,
    make: @Sendable () async throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    if let found = await value(for: key), let value = try? found.decoded(as: type) { return value }
    return try await flights.fly(key) { () async throws(Failure) -> Value in
      let made = try await make()
      if let value = try? CacheValue(encoding: made) { await set(key, to: value, ttl: ttl) }
      return made
    }
  }
}
