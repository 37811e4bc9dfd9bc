import NIOCore
import SluiceTLS

/// The connections to the control port. They have descriptors kept back for them, and there are only so many: one more closes the one
/// that has been idle for longest, for whoever comes may be the one who wants to roll back.
///
/// Owned by the loop of the control port, hence `@unchecked Sendable`.
final class ControlSessions: @unchecked Sendable {
  /// Most of them at a time.
  static let most = 64

  private var sessions: [(channel: Channel, usedAt: NIODeadline)] = []

  /// May be told twice: of who is in the hand-shake of TLS, and when it is through.
  func opened(_ channel: Channel) {
    closed(channel)
    sessions.append((channel, .now()))
    if sessions.count > ControlSessions.most { sessions.removeFirst().channel.end() }
  }

  /// Something came from it: it is the youngest again.
  func used(_ channel: Channel) {
    guard let index = sessions.firstIndex(where: { $0.channel === channel }) else { return }
    sessions.remove(at: index)
    sessions.append((channel, .now()))
  }

  func closed(_ channel: Channel) { sessions.removeAll { $0.channel === channel } }
}
