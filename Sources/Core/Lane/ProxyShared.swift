import Synchronization

/// What all sessions share, whichever loop they live on.
package final class ProxyShared: Sendable {
  let exclusive: ExclusiveCommands
  /// Passwords that clients have tried.
  package let guesses = PasswordGuesses()
  /// Where those are looked at whose hashes take long.
  let desk: any PasswordLooks
  /// How many clients each address has, and those that were told that theirs has too many.
  package let census = ClientCensus()
  package let turnedAwayByAddress = Atomic<Int>(0)
  /// Clients connected now.
  package let clients = Atomic<Int>(0)
  /// The most at a time since somebody asked; a hint.
  package let mostClients = Atomic<Int>(0)
  /// Clients that were told that they are one too many.
  package let turnedAway = Atomic<Int>(0)
  private let lastID = Atomic<Int>(0)

  init(exclusive: ExclusiveCommands, desk: any PasswordLooks) {
    self.exclusive = exclusive
    self.desk = desk
  }

  func nextClientID() -> Int { lastID.add(1, ordering: .relaxed).newValue }
}
