import NIOCore
import Synchronization

/// The connections at the door. There are only so many: one more closes the one that has been idle for longest, and the hundred and first
/// who wants to look is told so.
///
/// Owned by the door's loop, hence `@unchecked Sendable`; the count of viewers alone is read from elsewhere.
final class AdminConnections: @unchecked Sendable {
  private var others: [(channel: Channel, usedAt: NIODeadline)] = []
  private var viewers: [ObjectIdentifier: Viewer] = [:]
  private let count = Atomic<Int>(0)

  private struct Viewer {
    var channel: Channel
    /// Since when it takes nothing; nil while it does.
    var stuckSince: NIODeadline?
  }

  var viewersNow: Int { count.load(ordering: .relaxed) }

  var hasRoomForViewer: Bool { viewers.count < AdminDoor.mostViewers }

  /// May be told twice: of who is in the hand-shake of TLS, and when it is through.
  func opened(_ channel: Channel) {
    others.removeAll { $0.channel === channel }
    others.append((channel, .now()))
    if others.count > AdminDoor.mostOthers { others.removeFirst().channel.close(mode: .all, promise: nil) }
  }

  /// Something came from it: it is the youngest again.
  func used(_ channel: Channel) {
    guard let index = others.firstIndex(where: { $0.channel === channel }) else { return }
    others.remove(at: index)
    others.append((channel, .now()))
  }

  func closed(_ channel: Channel) {
    others.removeAll { $0.channel === channel }
    viewers[ObjectIdentifier(channel)] = nil
    count.store(viewers.count, ordering: .relaxed)
  }

  func looks(_ channel: Channel) {
    others.removeAll { $0.channel === channel }
    viewers[ObjectIdentifier(channel)] = Viewer(channel: channel)
    count.store(viewers.count, ordering: .relaxed)
  }

  func publish(_ event: [UInt8]) {
    guard let first = viewers.values.first else { return }
    // One copy for all.
    let bytes = first.channel.allocator.buffer(bytes: event)
    for (id, viewer) in viewers {
      if viewer.channel.isWritable {
        viewers[id]?.stuckSince = nil
        viewer.channel.writeAndFlush(AdminHandler.Chunk(bytes: bytes), promise: nil)
      } else if let since = viewer.stuckSince {
        if .now() - since > .seconds(30) { viewer.channel.close(mode: .all, promise: nil) }
      } else {
        viewers[id]?.stuckSince = .now()
      }
    }
  }

  func endStreams() {
    for viewer in viewers.values { viewer.channel.close(mode: .all, promise: nil) }
  }
}
