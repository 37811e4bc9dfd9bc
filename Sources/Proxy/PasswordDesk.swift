import NIOCore
import NIOPosix
import SluicePasswords
import Synchronization

/// Looks at passwords whose hashes take long: on a thread of its own, one at a time, so that guessers cost one core at most and no loop
/// waits. What was looked at is recognised, right or wrong: a client that comes again costs microseconds.
final class PasswordDesk: Sendable {
  enum Outcome: Sendable {
    case right, wrong
    /// Too many wait already, of this address or of all: nobody looks.
    case turnedAway
  }

  private enum Next {
    case known(Outcome)
    /// Somebody has brought the same, and it is looked at.
    case wait
    case look
  }

  private struct State {
    var right: Set<[UInt8]> = []
    var wrong: Set<[UInt8]> = []
    /// Those that wait for a look, by what they brought: the same is looked at once.
    var waiting: [[UInt8]: [@Sendable (Outcome) -> Void]] = [:]
    var byAddress: [String: Int] = [:]
  }

  private let memory = PasswordMemory()
  private let state = Mutex(State())
  private let thread = NIOThreadPool(numberOfThreads: 1)
  private let hasBegun = Atomic<Bool>(false)

  /// Looks, and tells on the loop.
  ///
  /// - Returns: what is known without waiting; nil if `done` will tell.
  func look(
    _ given: [UInt8], _ stored: [StoredPassword], from address: String, on loop: EventLoop,
    _ done: @escaping @Sendable (Outcome) -> Void
  ) -> Outcome? {
    if stored.contains(where: { !$0.isSlow && $0.isRight(given) }) { return .right }
    let slow = stored.filter(\.isSlow)
    guard !slow.isEmpty else { return .wrong }
    let code = memory.code(of: given, for: slow)
    let answer = { @Sendable (outcome: Outcome) in loop.execute { done(outcome) } }
    let next = state.withLock { state -> Next in
      if state.right.contains(code) { return .known(.right) }
      if state.wrong.contains(code) { return .known(.wrong) }
      if state.waiting[code] != nil {
        state.waiting[code]?.append(answer)
        return .wait
      }
      guard state.waiting.count < Self.mostLooks, state.byAddress[address, default: 0] < Self.mostOfAddress
      else { return .known(.turnedAway) }
      state.waiting[code] = [answer]
      state.byAddress[address, default: 0] += 1
      return .look
    }
    switch next {
    case .known(let outcome): return outcome
    case .wait: return nil
    case .look: break
    }
    begin()
    thread.submit { [self] runs in
      // A pool that ends leaves nobody in.
      let isRight = runs == .active && slow.contains { $0.isRight(given) }
      finish(code, address, isRight ? .right : .wrong)
    }
    return nil
  }

  private func finish(_ code: [UInt8], _ address: String, _ outcome: Outcome) {
    let waiting = state.withLock { state in
      if let count = state.byAddress[address] { state.byAddress[address] = count > 1 ? count - 1 : nil }
      if outcome == .right {
        if state.right.count >= Self.remembered { state.right.removeAll() }
        state.right.insert(code)
      } else {
        if state.wrong.count >= Self.remembered { state.wrong.removeAll() }
        state.wrong.insert(code)
      }
      return state.waiting.removeValue(forKey: code) ?? []
    }
    for answer in waiting { answer(outcome) }
  }

  private func begin() {
    if !hasBegun.exchange(true, ordering: .acquiringAndReleasing) { thread.start() }
  }

  deinit {
    if hasBegun.load(ordering: .acquiring) { thread.shutdownGracefully { _ in } }
  }

  private static let mostLooks = 256
  private static let mostOfAddress = 16
  private static let remembered = 1024
}
