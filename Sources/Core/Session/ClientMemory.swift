import Synchronization

/// What all clients together hold, lane by lane, against one bound (`limits.memory`).
package final class ClientMemory: Sendable {
  /// In bytes.
  let limit: Int
  private let all = Atomic<Int>(0)
  private let peak = Atomic<Int>(0)
  private let isMakingRoom = Atomic<Bool>(false)

  init(limit: Int) { self.limit = limit }

  package var bytes: Int { all.load(ordering: .relaxed) }

  /// More than half is taken: nobody may let much wait any more.
  var isShort: Bool { bytes > limit / 2 }
  var isOver: Bool { bytes > limit }

  func add(_ difference: Int) {
    let now = all.add(difference, ordering: .relaxed).newValue
    // Two at once may lose one; it is a hint.
    if now > peak.load(ordering: .relaxed) { peak.store(now, ordering: .relaxed) }
  }

  /// The most that was held since the last call.
  package func takePeak() -> Int { peak.exchange(bytes, ordering: .relaxed) }

  /// True for whoever is to close the greediest client; `madeRoom` ends it.
  func mustMakeRoom() -> Bool { isOver && !isMakingRoom.exchange(true, ordering: .relaxed) }
  func madeRoom() { isMakingRoom.store(false, ordering: .relaxed) }
}

/// The share of one lane, for any thread.
final class LaneWeight: Sendable {
  private let weight = Atomic<Int>(0)
  var bytes: Int { weight.load(ordering: .relaxed) }
  func add(_ difference: Int) { weight.add(difference, ordering: .relaxed) }
}
