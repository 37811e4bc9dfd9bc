import SluiceRedisClient
import SluiceRouting

/// All keys of one stack, by `SCAN`: every key that is there from the beginning to the end comes at least once.
struct KeyWalk {
  private let client: StackClient
  private let pattern: String?
  private let sample: Share
  private var cursor = "0"
  private var isOver = false
  /// How far the walk has come, 0 to 1; never goes back.
  private(set) var progress = 0.0

  /// - Parameters:
  ///   - pattern: as `SCAN … MATCH` has it; nil is every key.
  ///   - sample: the share of keys that are handed out, always the same ones.
  init(_ client: StackClient, match pattern: String?, sample: Share = .everything) {
    self.client = client
    self.pattern = pattern
    self.sample = sample
  }

  /// Some keys, perhaps none; nil at the end.
  mutating func next() throws(Failure) -> [[UInt8]]? {
    guard !isOver else { return nil }
    let (next, keys) = try client.page(from: cursor, match: pattern, count: KeyWalk.count)
    cursor = next
    isOver = next == "0"
    progress = isOver ? 1 : max(progress, KeyWalk.fraction(of: next))
    let hash = BucketHash(prefix: Array("walk".utf8))
    return keys.filter {
      sample.isEverything || sample.contains(hash.hash(of: $0.span))
    }
  }

  static let count = 500

  /// Redis counts its cursors up from the highest bit: read backwards, the cursor is the share of the table that is done.
  /// https://redis.io/docs/latest/commands/scan (Redis `dictScan`)
  static func fraction(of cursor: String) -> Double {
    guard var bits = UInt64(cursor) else { return 0 }
    var reversed: UInt64 = 0
    for _ in 0..<64 {
      reversed = reversed << 1 | bits & 1
      bits >>= 1
    }
    return Double(reversed) / 18_446_744_073_709_551_616
  }
}
