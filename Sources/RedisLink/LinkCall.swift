import SluiceLocks
import SluiceRedis

/// What came back for a ``LinkCommand``.
public struct LinkReplies: Sendable, Equatable {
  public var first: Reply
  /// Those of the commands behind the first.
  public var rest: [Reply] = []
  /// Where the last of them stands among all replies of a ``LinkOrder``: what Redis said later has a higher number.
  public var order: UInt64 = 0
}

/// Numbers replies in the order in which they came. Shared by the connections of a cache.
public final class LinkOrder: Sendable {
  private let count = Atomic<UInt64>(0)

  public init() {}

  /// Higher than every number before.
  public func next() -> UInt64 { count.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue }
}

/// Somebody who waits for the replies of a command: answered once, by whoever comes first of the server, the deadline and the one who
/// cancels.
final class LinkCall: Sendable {
  typealias Answer = Result<LinkReplies, RedisError>

  private enum State {
    case open
    case waiting(UnsafeContinuation<Answer, Never>)
    /// With the answer of one who was answered before anybody waited.
    case over(Answer?)
  }

  let command: LinkCommand
  private let state = Mutex(State.open)

  init(_ command: LinkCommand) { self.command = command }

  var isOver: Bool {
    state.withLock { if case .over = $0 { true } else { false } }
  }

  /// Answers it. False if it was answered before.
  @discardableResult
  func finish(_ answer: Answer) -> Bool {
    let (isFirst, waiter) = state.withLock { state -> (Bool, UnsafeContinuation<Answer, Never>?) in
      switch state {
      case .open:
        state = .over(answer)
        return (true, nil)
      case .waiting(let waiter):
        state = .over(nil)
        return (true, waiter)
      case .over: return (false, nil)
      }
    }
    waiter?.resume(returning: answer)
    return isFirst
  }

  /// Waits for the answer. To be called once. The continuation is resumed exactly once: the state leaves `waiting` once.
  func answer(isCancellable: Bool) async -> Answer {
    guard isCancellable else { return await wait() }
    return await withTaskCancellationHandler {
      await wait()
    } onCancel: {
      finish(Self.cancelled)
    }
  }

  static let cancelled = Answer.failure(
    RedisError(.cancelled, "the task was cancelled before Redis had answered"))

  private func wait() async -> Answer {
    await withUnsafeContinuation { waiter in
      let answer = state.withLock { state -> Answer? in
        if case .over(let answer) = state { return answer ?? Self.cancelled }
        state = .waiting(waiter)
        return nil
      }
      if let answer { waiter.resume(returning: answer) }
    }
  }
}
