/// What a cache was asked to do, as the monitor counts it.
public enum CacheOperation: String, Sendable, CaseIterable, Codable {
  case get, set, delete, exists, ttl, invalidate
}

/// How an operation ended.
public enum CacheOutcome: String, Sendable, CaseIterable, Codable {
  /// A read found its value.
  case hit
  /// A read found nothing, or its store could not be reached.
  case miss
  /// Something that is no read did what it was asked to do.
  case done
  /// The store did not take it.
  case failed
}
