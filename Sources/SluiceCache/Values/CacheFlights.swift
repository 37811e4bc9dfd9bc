import SluiceLocks

/// What is being made for a cache right now, by key, so that it is made once.
///
/// ```
///   first:   miss k ── fly ── make … made ── landed ──▶
///   second:       miss k ── fly ── waits ──────────────▶ the same value
/// ```
public final class CacheFlights: Sendable {
  private struct Flight {
    var waiters: [UInt64: CheckedContinuation<Landing, Never>] = [:]
  }

  private enum Landing: Sendable {
    case value(any Sendable)
    case failure(any Error)
    /// Nobody makes it any more: whoever waits is to try again.
    case none
  }

  private struct State {
    var flights: [String: Flight] = [:]
    var next: UInt64 = 0
  }

  private let state = Mutex(State())

  /// For a cache of one's own.
  public init() {}

  /// Makes a value, or waits for who makes it already.
  func fly<Value: Sendable, Failure: Error>(
    _ key: String, make: () async throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    while true {
      let isFirst = state.withLock { state in
        guard state.flights[key] == nil else { return false }
        state.flights[key] = Flight()
        return true
      }
      if isFirst {
        do throws(Failure) {
          let value = try await make()
          land(key, .value(value))
          return value
        } catch {
          land(key, Task.isCancelled ? .none : .failure(error))
          throw error
        }
      }
      switch await wait(key) {
      case .value(let value as Value): return value
      case .failure(let error as Failure): throw error
      // Cancelled, or somebody else's type: nobody's flight is this one's.
      case .value, .failure: return try await make()
      case .none where Task.isCancelled: return try await make()
      case .none: continue
      }
    }
  }

  private func land(_ key: String, _ landing: Landing) {
    let flight = state.withLock { $0.flights.removeValue(forKey: key) }
    for waiter in flight?.waiters.values.map({ $0 }) ?? [] { waiter.resume(returning: landing) }
  }

  private func wait(_ key: String) async -> Landing {
    let number = state.withLock { state in
      state.next &+= 1
      return state.next
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in
        let isOver = state.withLock { state in
          guard !Task.isCancelled, state.flights[key] != nil else { return true }
          state.flights[key]?.waiters[number] = waiter
          return false
        }
        if isOver { waiter.resume(returning: .none) }
      }
    } onCancel: {
      let waiter = state.withLock { $0.flights[key]?.waiters.removeValue(forKey: number) }
      waiter?.resume(returning: .none)
    }
  }
}
