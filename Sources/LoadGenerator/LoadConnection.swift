import SluiceRedisClient

/// One connection of a load: sends a batch, waits for all of its replies.
///
/// A class, so that the worker's table of connections hands out references and never copies the batch.
final class LoadConnection {
  /// What the next reply belongs to.
  struct Asked {
    let verb: WorkloadProfile.Verb
    let key: Int
  }

  let pipe: RedisPipe
  /// Asked and not yet answered; a batch, taken from the front.
  private var batch: [Asked] = []
  private var answered = 0
  /// When the batch was handed over, in nanoseconds of the monotonic clock.
  private(set) var sentAt: UInt64 = 0
  /// Whether the worker also waits for room to write.
  var waitsForRoom = false

  init(_ pipe: RedisPipe) {
    self.pipe = pipe
  }

  var outstanding: Int { batch.count - answered }

  func begin(at now: UInt64) {
    batch.removeAll(keepingCapacity: true)
    answered = 0
    sentAt = now
  }

  func append(_ arguments: CommandArguments, _ asked: Asked) throws(RedisError) {
    try pipe.append(arguments)
    batch.append(asked)
  }

  /// What the next reply answers; `nil` if nothing was asked.
  func takeAsked() -> Asked? {
    guard answered < batch.count else { return nil }
    defer { answered += 1 }
    return batch[answered]
  }
}
