import SluiceLocks
import SluiceRedis

/// What is known about the way to a Redis, shared by all its links: so that one failure spares the others the
/// wait.
final class RedisHealth: Sendable {
  private struct State {
    var isConnected = false
    var blockedUntil: UInt64 = 0
    var lastFailure: CacheError?
  }

  private let state = Mutex(State())
  private let clock: CacheClock
  private let retryAfter: UInt64

  /// - Parameter retryAfter: how long a failure is remembered: until then nobody tries.
  init(retryAfter: Duration, clock: CacheClock) {
    self.retryAfter = retryAfter.wholeNanoseconds
    self.clock = clock
  }

  /// Whether the last attempt succeeded.
  var isConnected: Bool { state.withLock { $0.isConnected } }

  /// What the last failure was; it stays after a recovery.
  var lastFailure: CacheError? { state.withLock { $0.lastFailure } }

  /// The failure that is still remembered: nobody should try now.
  var remembered: CacheError? {
    let now = clock.nanoseconds()
    return state.withLock { now < $0.blockedUntil ? $0.lastFailure : nil }
  }

  func succeeded() {
    state.withLock { state in
      state.isConnected = true
      state.blockedUntil = 0
    }
  }

  func failed(_ error: CacheError) {
    let until = clock.nanoseconds() &+ retryAfter
    state.withLock { state in
      state.isConnected = false
      state.lastFailure = error
      state.blockedUntil = until
    }
  }

  func disconnected() {
    state.withLock { $0.isConnected = false }
  }
}
