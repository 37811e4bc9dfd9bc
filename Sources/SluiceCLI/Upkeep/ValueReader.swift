import SluiceRedisClient

/// How the values of each type are read and compared: by what they mean, because equal values may be stored, and so dumped, in
/// different ways.
enum ValueReader {
  static func command(_ words: String..., key: [UInt8], _ rest: [String] = []) -> [[UInt8]] {
    words.map { Array($0.utf8) } + [key] + rest.map { Array($0.utf8) }
  }

  /// The question for the number of bytes or elements; nil for a type that has none.
  static func size(_ type: String, _ key: [UInt8]) -> [[UInt8]]? {
    switch type {
    case "string": command("STRLEN", key: key)
    case "list": command("LLEN", key: key)
    case "set": command("SCARD", key: key)
    case "zset": command("ZCARD", key: key)
    case "hash": command("HLEN", key: key)
    case "stream": command("XLEN", key: key)
    default: nil
    }
  }

  /// The question for the whole value.
  static func whole(_ type: String, _ key: [UInt8]) -> [[UInt8]] {
    switch type {
    case "string": command("GET", key: key)
    case "list": command("LRANGE", key: key, ["0", "-1"])
    case "set": command("SMEMBERS", key: key)
    case "zset": command("ZRANGE", key: key, ["0", "-1", "WITHSCORES"])
    case "hash": command("HGETALL", key: key)
    case "stream": command("XRANGE", key: key, ["-", "+"])
    default: command("DUMP", key: key)
    }
  }

  static func areEqual(_ type: String, _ one: Reply, _ other: Reply) -> Bool {
    if one == other { return !one.isError }
    guard case .array(let left) = one, case .array(let right) = other, left.count == right.count else {
      return false
    }
    switch type {
    case "set": return Set(left.compactMap(\.bytes)) == Set(right.compactMap(\.bytes))
    case "hash": return fields(left) == fields(right)
    case "zset": return members(left) == members(right)
    default: return false
    }
  }

  private static func fields(_ elements: [Reply]) -> [[UInt8]: Reply] {
    var fields: [[UInt8]: Reply] = [:]
    for index in stride(from: 0, to: elements.count - 1, by: 2) {
      if let field = elements[index].bytes { fields[field] = elements[index + 1] }
    }
    return fields
  }

  /// Scores are numbers: versions of Redis spell them differently.
  private static func members(_ elements: [Reply]) -> [[UInt8]: Double?] {
    fields(elements).mapValues { $0.text.flatMap(Double.init) }
  }

  // MARK: In pieces

  /// Whether two big values, known to be of one type and size, are equal.
  static func areEqualInPieces(
    _ type: String, _ key: [UInt8], _ legacy: StackClient, _ new: StackClient
  ) throws(Failure) -> Bool {
    switch type {
    case "string":
      return try ranges(key, 1 << 20, legacy, new) { "GETRANGE \($0) \($1)" }
    case "list":
      return try ranges(key, 1000, legacy, new) { "LRANGE \($0) \($1)" }
    case "zset":
      return try ranges(key, 1000, legacy, new, type: type) { "ZRANGE \($0) \($1) WITHSCORES" }
    case "stream": return try entries(key, legacy, new)
    case "hash", "set": return try elements(type, key, legacy, new)
    default:
      let dump = command("DUMP", key: key)
      return try legacy.all([dump]) == new.all([dump])
    }
  }

  /// Piece by piece, until both are at their end; `words` has the name of the command first and the key is put behind it.
  private static func ranges(
    _ key: [UInt8], _ step: Int, _ legacy: StackClient, _ new: StackClient, type: String = "",
    _ words: (Int, Int) -> String
  ) throws(Failure) -> Bool {
    var start = 0
    while true {
      let parts = words(start, start + step - 1).split(separator: " ").map(String.init)
      let piece = command(parts[0], key: key, Array(parts.dropFirst()))
      guard let one = try legacy.all([piece]).first, let other = try new.all([piece]).first,
        areEqual(type, one, other)
      else { return false }
      if one.isEmpty { return true }
      start += step
    }
  }

  private static func entries(_ key: [UInt8], _ legacy: StackClient, _ new: StackClient) throws(Failure)
    -> Bool
  {
    var start = "-"
    while true {
      let piece = command("XRANGE", key: key, [start, "+", "COUNT", "1000"])
      guard let one = try legacy.all([piece]).first, let other = try new.all([piece]).first, one == other,
        case .array(let entries) = one
      else { return false }
      guard case .array(let last)? = entries.last, let id = last.first?.text else { return true }
      start = "(\(id)"
    }
  }

  /// Whether new has every element of legacy; the sizes are equal, so it has no other.
  private static func elements(
    _ type: String, _ key: [UInt8], _ legacy: StackClient, _ new: StackClient
  ) throws(Failure) -> Bool {
    let (scan, look) = type == "hash" ? ("HSCAN", "HMGET") : ("SSCAN", "SMISMEMBER")
    var cursor = "0"
    repeat {
      let piece = command(scan, key: key, [cursor, "COUNT", "1000"])
      guard case .array(let parts)? = try legacy.all([piece]).first, parts.count == 2,
        let next = parts[0].text,
        case .array(let found) = parts[1]
      else { return false }
      cursor = next
      guard !found.isEmpty else { continue }
      let names: [[UInt8]]
      let expected: [Reply]
      if type == "hash" {
        let fields = fields(found)
        names = fields.keys.map { $0 }
        expected = names.map { fields[$0] ?? .null }
      } else {
        names = found.compactMap(\.bytes)
        expected = names.map { _ in .integer(1) }
      }
      let asked = [[Array(look.utf8), key] + names]
      guard try new.all(asked).first == .array(expected) else { return false }
    } while cursor != "0"
    return true
  }
}

extension Reply {
  fileprivate var isError: Bool { if case .error = self { true } else { false } }

  /// The end of a value that is read in pieces.
  fileprivate var isEmpty: Bool {
    switch self {
    case .string(let bytes): bytes.isEmpty
    case .array(let elements): elements.isEmpty
    case .null, .error: true
    case .status, .integer: false
    }
  }
}
