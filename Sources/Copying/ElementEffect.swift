/// What a write means for a copy in pieces.
enum ElementEffect: Equatable {
  /// It says of each element what it is, whatever was there before: done to a part of the value it leaves that part as it leaves the whole.
  case elements
  /// It concerns what is read with the last piece.
  case isReadLater
  /// Anything else.
  case whole

  init(_ words: [[UInt8]], on kind: ValueKind) {
    let name = String(decoding: words[0], as: UTF8.self).uppercased()
    switch kind {
    case .set: self = ["SADD", "SREM"].contains(name) ? .elements : .whole
    case .hash: self = ElementEffect.ofHashes.contains(name) ? .elements : .whole
    case .sortedSet: self = ElementEffect.ofSortedSets.contains(name) ? .elements : .whole
    case .stream:
      switch name {
      case "XDEL": self = .elements
      case "XADD" where !ElementEffect.trims(words): self = .isReadLater
      case "XREADGROUP", "XACK", "XCLAIM", "XAUTOCLAIM", "XGROUP", "XSETID": self = .isReadLater
      default: self = .whole
      }
    case .none, .string, .list, .other: self = .whole
    }
  }

  private static let ofHashes: Set = [
    "HSET", "HMSET", "HDEL", "HINCRBY", "HINCRBYFLOAT", "HSETNX", "HPEXPIREAT", "HPERSIST",
  ]
  private static let ofSortedSets: Set = ["ZADD", "ZREM", "ZINCRBY", "ZREMRANGEBYSCORE", "ZREMRANGEBYLEX"]

  /// Trimming takes away what the copy may have already; the options stand before the id, which is the first word with a digit or a star in front.
  private static func trims(_ words: [[UInt8]]) -> Bool {
    for word in words.dropFirst(2) {
      let text = String(decoding: word, as: UTF8.self).uppercased()
      if text == "MAXLEN" || text == "MINID" { return true }
      if text == "*" || text.first?.isNumber == true { return false }
    }
    return false
  }
}
