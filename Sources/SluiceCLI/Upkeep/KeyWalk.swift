import SluiceConfiguration
import SluiceControl
import SluiceCopying
import SluiceRedisClient
import SluiceRouting

/// All keys of one stack, by `SCAN`: every key that is there from the beginning to the end comes at least once.
struct KeyWalk {
  private let client: StackClient
  private let pattern: String?
  private let sample: Share
  private let page: Int
  private var cursor = "0"
  private var isOver = false
  /// How far the walk has come, 0 to 1; never goes back.
  private(set) var progress = 0.0
  /// Keys whose names no order to the proxy can hold: they are not handed out.
  private(set) var tooLong = TooLong()
  /// What came with the last page and was not handed out yet.
  private var rest: ArraySlice<[UInt8]> = []

  struct TooLong {
    private(set) var count = 0
    /// The first of them, cut.
    private(set) var example = ""

    mutating func add(_ key: [UInt8]) {
      if count == 0 { example = TerminalText.key(key) }
      count += 1
    }
  }

  /// - Parameters:
  ///   - pattern: as `SCAN … MATCH` has it; nil is every key.
  ///   - sample: the share of keys that are handed out, always the same ones.
  ///   - page: how many places of its table the server looks at for one answer.
  init(
    _ client: StackClient, match pattern: String?, sample: Share = .everything, page: Int = KeyWalk.count
  ) {
    self.page = page
    self.client = client
    self.pattern = pattern
    self.sample = sample
  }

  /// Some keys, perhaps none; nil at the end.
  mutating func next() throws(Failure) -> [[UInt8]]? {
    if rest.isEmpty {
      guard !isOver else { return nil }
      let (next, keys) = try client.page(from: cursor, match: pattern, count: page)
      cursor = next
      isOver = next == "0"
      progress = isOver ? 1 : max(progress, KeyWalk.fraction(of: next))
      let hash = BucketHash(prefix: Array("walk".utf8))
      // What is being copied in pieces just now is nobody's key.
      rest =
        keys.filter {
          !HiddenName.isOne($0) && (sample.isEverything || sample.contains(hash.hash(of: $0.span)))
        }[...]
    }
    var bytes = 0
    var some: [[UInt8]] = []
    some.reserveCapacity(rest.count)
    // A page of long names is handed out in parts: each is sent several times, to both stacks.
    while let key = rest.first, bytes < KeyWalk.bytesAtOnce {
      rest.removeFirst()
      bytes += key.count
      if key.count > ControlLimits.wordBytes { tooLong.add(key) } else { some.append(key) }
    }
    return some
  }

  static let count = 1000
  private static let bytesAtOnce = 4 << 20

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
