import SluiceLocks

/// How many clients each address has, for all loops.
package final class ClientCensus: Sendable {
  /// The most of one address; 0 counts nothing against it. Who is there already stays.
  package let limit = Atomic<Int>(0)
  private let counts = Mutex<[String: Int]>([:])

  /// One more of this address; false if that is one too many. It counts until `left` all the same.
  func arrived(_ place: String) -> Bool {
    let limit = limit.load(ordering: .relaxed)
    let count = counts.withLock { counts in
      counts[place, default: 0] += 1
      return counts[place] ?? 0
    }
    return limit == 0 || count <= limit
  }

  func left(_ place: String) {
    counts.withLock { counts in
      guard let count = counts[place] else { return }
      counts[place] = count > 1 ? count - 1 : nil
    }
  }
}
