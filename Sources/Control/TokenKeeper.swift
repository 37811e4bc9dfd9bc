import Dispatch
import Foundation
import Logging
import NIOCore
import SluiceAdmin
import SluiceLocks
import SluicePasswords
import SluiceProxy

/// The door's tokens as their file says now, the last good ones while it cannot be used; and whose a token is.
///
/// Hashes that take long are looked at on a thread of their own, one at a time: guessers cost one core at most, and no loop waits. What was
/// looked at is recognised by a code.
final class TokenKeeper: Sendable {
  enum Outcome: Sendable, Equatable {
    case holder(name: String, role: AdminRole)
    case unknown
    /// Too many wrong ones came from there; nobody looked.
    case turnedAway
  }

  private struct State {
    var tokens: AdminTokens
    var error: String?
    /// What was looked at, by its code: whose it is, nil for nobody's.
    var seen: [[UInt8]: Int?] = [:]
    var waiting = 0
  }

  private let path: String
  private let logger: Logger
  private let state: Mutex<State>
  private let memory = PasswordMemory()
  private let slow = DispatchQueue(label: "sluice.tokens")
  let guesses: PasswordGuesses

  /// - Throws: why the file cannot be used.
  init(path: String, guesses: PasswordGuesses, logger: Logger) throws(AdminProblem) {
    self.path = path
    self.guesses = guesses
    self.logger = logger
    state = Mutex(State(tokens: try Self.read(path)))
  }

  /// Reads the file again. May wait for a disk.
  ///
  /// - Returns: whether other tokens are in use now; and what is wrong.
  func read() -> (isChanged: Bool, problem: String?) {
    do throws(AdminProblem) {
      let tokens = try Self.read(path)
      return state.withLock { state in
        state.error = nil
        guard tokens != state.tokens else { return (false, nil) }
        (state.tokens, state.seen) = (tokens, [:])
        logger.notice("the tokens of \(path) are others now: \(tokens.tokens.count) in all")
        return (true, nil)
      }
    } catch {
      let problem = "the last good tokens stay in use: \(path): \(error)"
      let isNew = state.withLock { state in
        defer { state.error = problem }
        return state.error != problem
      }
      if isNew { logger.error("\(problem)") }
      return (false, problem)
    }
  }

  /// Whose a token is. Takes its time for a wrong one.
  func holder(of given: String, from address: String) async -> Outcome {
    let given = Array(given.utf8)
    var hasWaited = false
    switch guesses.turn(of: address, now: NIODeadline.now().uptimeNanoseconds) {
    case .now: break
    case .after(let wait):
      hasWaited = true
      try? await ContinuousClock().sleep(for: .nanoseconds(wait))
    case .turnedAway: return .turnedAway
    }
    if let found = await look(given) {
      if hasWaited { guesses.waited(address) }
      return .holder(name: found.name, role: found.role)
    }
    let pause = guesses.wrong(
      from: address, tries: 1, hasWaited: hasWaited, now: NIODeadline.now().uptimeNanoseconds)
    try? await ContinuousClock().sleep(for: .nanoseconds(pause))
    return .unknown
  }

  private func look(_ given: [UInt8]) async -> AdminTokens.Token? {
    let tokens = state.withLock { $0.tokens }
    if let quick = tokens.quickHolder(of: given) { return quick }
    let slow = tokens.slow
    guard !slow.isEmpty, given.count <= 1024 else { return nil }
    let code = memory.code(of: given, for: slow.map(\.stored))
    enum Known {
      case found(Int?)
      case busy, no
    }
    let known = state.withLock { state -> Known in
      if let seen = state.seen[code] { return .found(seen) }
      guard state.waiting < 16 else { return .busy }
      state.waiting += 1
      return .no
    }
    switch known {
    case .found(let place): return place.flatMap { slow.indices.contains($0) ? slow[$0] : nil }
    case .busy: return nil
    case .no: break
    }
    let place = try? await self.slow.run { slow.firstIndex { $0.stored.isRight(given) } }
    state.withLock { state in
      state.waiting -= 1
      if state.seen.count >= 1024 { state.seen = [:] }
      // Of tokens that were read meanwhile it says nothing.
      if state.tokens == tokens { state.seen[code] = .some(place) }
    }
    return place.flatMap { slow.indices.contains($0) ? slow[$0] : nil }
  }

  private static func read(_ path: String) throws(AdminProblem) -> AdminTokens {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw AdminProblem("cannot be opened; check the path and its permissions")
    }
    defer { try? handle.close() }
    guard let data = try? handle.read(upToCount: AdminTokens.mostBytes + 1),
      data.count <= AdminTokens.mostBytes,
      let text = String(data: data, encoding: .utf8)
    else {
      throw AdminProblem("is no text of at most 1mb; write a line \"name role hash\" for each token")
    }
    return try AdminTokens(parsing: text)
  }
}
