import Synchronization

/// What all sessions share, whichever loop they live on.
final class ProxyShared: Sendable {
  let exclusive: ExclusiveCommands
  /// Passwords that clients have tried.
  let guesses = PasswordGuesses()
  /// Clients connected now.
  let clients = Atomic<Int>(0)
  /// The most at a time since somebody asked; a hint.
  let mostClients = Atomic<Int>(0)
  /// Clients that were told that they are one too many.
  let turnedAway = Atomic<Int>(0)
  private let lastID = Atomic<Int>(0)

  init(exclusive: ExclusiveCommands) { self.exclusive = exclusive }

  func nextClientID() -> Int { lastID.add(1, ordering: .relaxed).newValue }
}
