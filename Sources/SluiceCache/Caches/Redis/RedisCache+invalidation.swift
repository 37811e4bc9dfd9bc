import SluiceGlob
import SluiceRedis
import SluiceRedisLink

/// Removing many keys.
extension RedisCache {
  /// Removes what matches by `SCAN` and `UNLINK` in batches, so that Redis goes on serving others in between. Carried through also
  /// if the task is cancelled: half of it would leave values that nobody is to read any more.
  public func removeAll(matching pattern: String) async -> Result<Int, CacheError> {
    let pattern = storedPattern(pattern)
    // After Redis, and after a failure as well: what this process was told to forget it does not serve.
    defer { l1?.removeAll(matching: pattern) }
    var cursor = Array("0".utf8)
    var removed = 0
    repeat {
      switch await step(from: cursor, pattern) {
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

  private func step(
    from cursor: [UInt8], _ pattern: [UInt8]
  ) async -> Result<(cursor: [UInt8], removed: Int), CacheError> {
    let (next, keys): ([UInt8], [[UInt8]])
    switch await scan(from: cursor, pattern, isCancellable: false) {
    case .success(let found): (next, keys) = (found.cursor, found.keys)
    case .failure(let error): return .failure(error)
    }
    guard !keys.isEmpty else { return .success((next, 0)) }
    switch await ask(
      LinkCommand(isRead: false, [Array("UNLINK".utf8)] + keys), about: pattern, isCancellable: false)
    {
    case .success(let replies):
      guard case .integer(let count) = replies.first else {
        let text = replies.first.text ?? "an unknown answer"
        return .failure(CacheError(refusal: text, of: "UNLINK", at: endpoint))
      }
      return .success((next, Int(count)))
    case .failure(let error): return .failure(error)
    }
  }

  /// One step through the keys that match; the walk is over where the cursor is 0 again.
  func scan(
    from cursor: [UInt8], _ pattern: [UInt8], isCancellable: Bool = true
  ) async -> Result<(cursor: [UInt8], keys: [[UInt8]]), CacheError> {
    let words = ["SCAN", "", "MATCH", "", "COUNT", Self.batch].map { Array($0.utf8) }
    let command = LinkCommand(isRead: true, [words[0], cursor, words[2], pattern, words[4], words[5]])
    switch await ask(command, about: pattern, isCancellable: isCancellable) {
    case .success(let replies):
      guard case .array(let parts) = replies.first, parts.count == 2, let next = parts[0].bytes,
        case .array(let found) = parts[1]
      else {
        let text = replies.first.text ?? "an unknown answer"
        return .failure(CacheError(refusal: text, of: "SCAN", at: endpoint))
      }
      return .success((next, found.compactMap(\.bytes)))
    case .failure(let error): return .failure(error)
    }
  }

  /// A glob of this cache's keys as one of Redis's.
  func storedPattern(_ pattern: String) -> [UInt8] { GlobPattern.escape(prefix.bytes) + pattern.utf8 }

  /// A key of Redis as this cache has it; nil for somebody else's, and for what is no text.
  func ownKey(_ stored: [UInt8]) -> String? {
    guard stored.starts(with: prefix.bytes) else { return nil }
    return String(validating: stored.dropFirst(prefix.bytes.count), as: UTF8.self)
  }

  /// How many keys a step looks at, as `SCAN COUNT` counts them.
  private static let batch = "500"
}
