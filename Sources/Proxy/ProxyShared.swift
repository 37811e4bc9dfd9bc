import Synchronization

/// What all sessions share, whichever loop they live on.
final class ProxyShared: Sendable {
  let exclusive: ExclusiveCommands
  /// Passwords that clients have tried.
  let guesses = PasswordGuesses()
  /// Where those are looked at whose hashes take long.
  let desk = PasswordDesk()
  /// How many clients each address has, and those that were told that theirs has too many.
  let census = ClientCensus()
  let turnedAwayByAddress = Atomic<Int>(0)
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
