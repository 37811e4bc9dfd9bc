/// Commands about keys of any type, and what the types have in common.
extension CommandGenerator {
  /// A key of a family, rarely one of another, so that types meet.
  mutating func key(of prefix: String, _ count: Int = 5) -> String {
    if Int.random(in: 0..<30, using: &random) == 0 { return anyKey() }
    return "\(prefix)\(Int.random(in: 0..<count, using: &random))"
  }

  mutating func anyKey() -> String {
    // A HyperLogLog is a string that other commands can damage; how much of the damage shows, Redis leaves
    // open.
    let prefixes =
      switch family {
      case .counts: ["l", "h", "s", "z", "x", "g", "p"]
      case .geo: ["k", "l", "h", "s", "x", "b", "g"]
      default: ["k", "l", "h", "s", "z", "x", "b", "g"]
      }
    return pick(prefixes) + String(Int.random(in: 0..<5, using: &random))
  }

  mutating func keys(of prefix: String, _ range: ClosedRange<Int>) -> [String] {
    (0..<Int.random(in: range, using: &random)).map { _ in key(of: prefix) }
  }

  /// One of few elements, so that they meet: words, integers, and some that a packed encoding does not take.
  mutating func element() -> String {
    switch Int.random(in: 0..<12, using: &random) {
    case 0: pick(Self.bits)
    case 1: pick(Self.integers)
    case 2: pick(["", "a\u{0}b", String(repeating: "y", count: 70), String(repeating: "x", count: 64)])
    case 3...6: String(Int.random(in: 0..<12, using: &random))
    default: pick(["a", "b", "c", "d", "e", "f", "g", "aa", "ab", "b1"])
    }
  }

  mutating func elements(_ range: ClosedRange<Int>) -> [String] {
    (0..<Int.random(in: range, using: &random)).map { _ in element() }
  }

  /// Mostly a small number; sometimes what is none.
  mutating func index() -> String {
    Int.random(in: 0..<12, using: &random) == 0
      ? pick(Self.integers) : String(Int.random(in: -12...12, using: &random))
  }

  mutating func count() -> String {
    Int.random(in: 0..<10, using: &random) == 0
      ? pick(Self.integers.filter { $0 != "-9223372036854775808" })
      : String(Int.random(in: 0...6, using: &random))
  }

  mutating func generic() -> [String] {
    switch Int.random(in: 0..<16, using: &random) {
    case 14:
      [pick(["SORT", "SORT_RO"]), pick(["l", "s", "z", "k"]) + "\(Int.random(in: 0..<5, using: &random))"]
        + some([["ALPHA"], ["DESC"], ["LIMIT", index(), index()], ["ALPHA", "STORE", anyKey()], ["x"]])
    case 15:
      ["LCS", key(of: "k"), key(of: "k")]
        + some([["IDX"], ["LEN"], ["WITHMATCHLEN"], ["MINMATCHLEN", count()]])
    case 0: [pick(["DEL", "UNLINK"]), anyKey(), anyKey()]
    case 1: [pick(["EXISTS", "TOUCH"]), anyKey(), anyKey()]
    case 2, 3: ["TYPE", anyKey()]
    case 4: [pick(["RENAME", "RENAMENX"]), anyKey(), anyKey()]
    case 5: ["COPY", anyKey(), anyKey()] + some([["REPLACE"]])
    case 6: ["EXPIRE", anyKey(), time(absolute: false, milliseconds: false)]
    case 7: ["PEXPIREAT", anyKey(), time(absolute: true, milliseconds: true)]
    case 8: [pick(["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"]), anyKey()]
    case 9: ["PERSIST", anyKey()]
    case 10: ["OBJECT", "ENCODING", anyKey()]
    case 11:
      ["SCAN", "0", "COUNT", "1000", "TYPE", pick(["string", "LIST", "hash", "set", "zset", "stream", "x"])]
    case 12: ["SET", anyKey(), value()]
    default: [pick(["GET", "STRLEN", "GETDEL", "INCR", "GETEX", "MGET"]), anyKey()]
    }
  }
}
