/// Batches of small keys: a bounded number of keys at a time, and none while a mirror has its hands full with the traffic.
extension Lane {
  /// Takes a batch of keys of this lane; `done` is called once, on this loop.
  func takeSmall(_ keys: [(index: Int, key: [UInt8])], done: @escaping ([(Int, UInt8)]) -> Void) {
    turnBegan()
    batches.append(KeyBatch(of: keys, in: self, done: done))
    goOnWithBatches()
  }

  /// A key of a batch is dealt with. Whoever comes next is asked for when there is room for several: they leave in one write.
  func batchedKeyEnded() {
    batchedKeys -= 1
    if batchedKeys <= Lane.maximumBatchedKeys / 2 { goOnWithBatches() }
  }

  /// Called when a batch came, when there is room again, and a few times a second.
  func goOnWithBatches() {
    for batch in batches {
      batch.goOn()
      if batchedKeys >= Lane.maximumBatchedKeys { break }
    }
    batches.removeAll(where: \.isOver)
  }

  /// Few enough that a client's command behind them hardly waits, enough to keep two servers busy.
  static let maximumBatchedKeys = 128
}
