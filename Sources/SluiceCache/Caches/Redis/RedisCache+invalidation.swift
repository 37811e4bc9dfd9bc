import SluiceMemoryEngine
import SluiceRedisClient

/// Removing many keys.
extension RedisCache {
  /// Removes what matches by `SCAN` and `UNLINK` in batches, so that Redis goes on serving others in between. Carried through also
  /// if the task is cancelled: half of it would leave values that nobody is to read any more.
  public func removeAll(matching pattern: String) async -> Result<Int, CacheError> {
    let pattern = GlobPattern.escape(prefix.bytes) + pattern.utf8
    // After Redis, and after a failure as well: what this process was told to forget it does not serve.
    defer { l1?.removeAll(matching: pattern) }
    // One lane for all of them: other keys of it wait for one batch at most.
    let lane = lane(of: pattern)
    let endpoint = endpoint
    var cursor = Array("0".utf8)
    var removed = 0
    repeat {
      let from = cursor
      let step = await lane.run {
        redis throws(RedisError) -> Result<(cursor: [UInt8], removed: Int), CacheError> in
        let scan = ["MATCH", "COUNT"].map { Array($0.utf8) }
        let reply = try redis.command(
          [Array("SCAN".utf8), from, scan[0], pattern, scan[1], Array(Self.batch.utf8)])
        guard case .array(let parts) = reply, parts.count == 2, let next = parts[0].bytes,
          case .array(let found) = parts[1]
        else {
          return .failure(CacheError(refusal: reply.text ?? "an unknown answer", of: "SCAN", at: endpoint))
        }
        let keys = found.compactMap(\.bytes)
        guard !keys.isEmpty else { return .success((next, 0)) }
        let answer = try redis.command([Array("UNLINK".utf8)] + keys)
        guard case .integer(let count) = answer else {
          return .failure(CacheError(refusal: answer.text ?? "an unknown answer", of: "UNLINK", at: endpoint))
        }
        return .success((next, Int(count)))
      }
      switch step.flatMap({ $0 }) {
      case .success(let result):
        cursor = result.cursor
        removed += result.removed
      case .failure(let error):
        counters.withLock { $0.failures &+= 1 }
        return .failure(error)
      }
    } while cursor != Array("0".utf8)
    return .success(removed)
  }

  /// How many keys a step looks at, as `SCAN COUNT` counts them.
  private static let batch = "500"
}
