import SluiceCopying
import SluicePacing

/// Batches of small keys: a bounded number of keys at a time, and none while a mirror has its hands full with the traffic.
extension Lane {
  /// Takes a batch of keys of this lane; `done` is called once, on this loop.
  package func takeSmall(
    of kind: ValueKind, _ keys: [(index: Int, key: [UInt8])], done: @escaping ([(Int, UInt8)]) -> Void
  ) {
    turnBegan()
    batches.append(KeyBatch(of: kind, keys, in: self, done: done))
    goOnWithBatches()
  }

  /// How such keys go over between the servers of this moment.
  func smallCopy(of kind: ValueKind) -> SmallCopy {
    let servers = SmallCopy.Servers(from: legacy.history.server, to: new.history.server)
    if dumpless.servers != servers { dumpless = (servers, []) }
    return SmallCopy(
      kind, servers, bounds: settings.copyBounds, goesByValue: dumpless.kinds.contains(kind))
  }

  /// No dump of that type goes over between these servers: it is not asked for again.
  func smallDumpsWereRefused(_ kind: ValueKind, _ servers: SmallCopy.Servers) {
    guard dumpless.servers == servers, !dumpless.kinds.contains(kind) else { return }
    dumpless.kinds.append(kind)
  }

  var mayAskForSmallKey: Bool { gait.hasRoom }

  func batchedKeyBegan() { gait.began(at: now) }

  /// A key of a batch is dealt with.
  func batchedKeyEnded() {
    switch gait.ended(at: now) {
    case .nothing: break
    case .goOn: goOnWithBatches()
    case .rest(let rest):
      guard !batches.isEmpty else { return }
      arm(in: Int64(clamping: rest)) {
        self.turnBegan()
        self.goOnWithBatches()
      }
    }
  }

  /// Called when a batch came, when there is room again, and a few times a second.
  func goOnWithBatches() {
    gait.look(served: legacy.lastPrimary &+ new.lastPrimary, at: now)
    guard !gait.isResting(at: now) else { return }
    for batch in batches {
      batch.goOn()
      if !gait.hasRoom { break }
    }
    batches.removeAll(where: \.isOver)
  }
}
