import SluiceCache
import SluiceRouting

/// What a write did to a key, as the mirror repeats it (law 3).
enum Effect: Sendable {
  /// The key has this value. Without a time to live each stack applies its own default, which is part of what a migration changes.
  case set(CacheValue, ttl: Duration?)
  /// The key is gone.
  case remove
}

/// A read that is compared, and what the primary answered.
struct Reading: Sendable {
  enum Question: Sendable {
    case value, exists, ttl
  }

  enum Answer: Sendable, Equatable {
    case value(CacheValue?)
    case exists(Bool)
    case ttl(Duration?)
    /// The store could not be asked.
    case failed(CacheError)
  }

  let question: Question
  let answer: Answer
  /// Before the primary was asked.
  let askedAt: ContinuousClock.Instant
  /// Whether this is the second time of asking: what differs now is a divergence.
  let isRecheck: Bool
  /// Who answered.
  let primary: StackID
  /// The publication of the routing under which the first question was asked.
  let routing: UInt64
}
