import NIOCore
import NIOPosix
import SluiceCore
import SluiceLocks
import SluicePasswords

/// Looks at passwords whose hashes take long: on a thread of its own, one at a time, so that guessers cost one core at most and no loop
/// waits. What was looked at is recognised, right or wrong: a client that comes again costs microseconds.
final class PasswordDesk: PasswordLooks {
  private enum Next {
    case known(PasswordOutcome)
    /// Somebody has brought the same, and it is looked at.
    case wait
    case look
  }

  private struct State {
    var right: Set<[UInt8]> = []
    var wrong: Set<[UInt8]> = []
    /// Those that wait for a look, by what they brought: the same is looked at once.
    var waiting: [[UInt8]: [@Sendable (PasswordOutcome) -> Void]] = [:]
    var byAddress: [String: Int] = [:]
  }

  private let memory = PasswordMemory()
  private let state = Mutex(State())
  private let thread = NIOThreadPool(numberOfThreads: 1)
  private let hasBegun = Atomic<Bool>(false)

  func look(
    _ given: [UInt8], _ stored: [any KnownPassword], from address: String, on loop: any Loop,
    _ done: @escaping @Sendable (PasswordOutcome) -> Void
  ) -> PasswordOutcome? {
    if stored.contains(where: { !$0.isSlow && $0.isRight(given) }) { return .right }
    let slow = stored.compactMap { $0 as? StoredPassword }.filter(\.isSlow)
    guard !slow.isEmpty else { return .wrong }
    let code = memory.code(of: given, for: slow)
    let answer = { @Sendable (outcome: PasswordOutcome) in loop.execute { done(outcome) } }
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

  private func finish(_ code: [UInt8], _ address: String, _ outcome: PasswordOutcome) {
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

  func randomHex(digits: Int) -> String { PasswordMemory.randomHex(digits: digits) }

  private static let mostLooks = 256
  private static let mostOfAddress = 16
  private static let remembered = 1024
}

extension StoredPassword: KnownPassword {}
