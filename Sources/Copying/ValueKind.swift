import SluiceRESP

/// What a key holds.
public enum ValueKind: Hashable, Sendable {
  case none, string, list, set, sortedSet, hash, stream
  /// Of a module.
  case other(String)

  /// - Parameter reply: to `TYPE`.
  public init(reply: [UInt8]) {
    self.init(name: ReplyReader.string(reply.span).map { String(decoding: reply[$0], as: UTF8.self) } ?? "")
  }

  /// - Parameter name: as `TYPE` says it.
  public init(name: String) {
    self =
      switch name {
      case "none": .none
      case "string": .string
      case "list": .list
      case "set": .set
      case "zset": .sortedSet
      case "hash": .hash
      case "stream": .stream
      default: .other(name)
      }
  }

  /// As `TYPE` says it; `none` too for types of modules.
  public var name: StaticString {
    switch self {
    case .none, .other: "none"
    case .string: "string"
    case .list: "list"
    case .set: "set"
    case .sortedSet: "zset"
    case .hash: "hash"
    case .stream: "stream"
    }
  }

  /// The question for the whole value.
  public func read(_ key: [UInt8]) -> [[UInt8]] {
    let words: (name: String, rest: [String]) =
      switch self {
      case .none, .string: ("GET", [])
      case .list: ("LRANGE", ["0", "-1"])
      case .set: ("SMEMBERS", [])
      case .sortedSet: ("ZRANGE", ["0", "-1", "WITHSCORES"])
      case .hash: ("HGETALL", [])
      case .stream: ("XRANGE", ["-", "+"])
      case .other: ("DUMP", [])
      }
    return [Array(words.name.utf8), key] + words.rest.map { Array($0.utf8) }
  }

  /// The question for the number of bytes or elements; nil for what has none.
  func length(_ key: [UInt8]) -> [[UInt8]]? {
    let name: String? =
      switch self {
      case .string: "STRLEN"
      case .list: "LLEN"
      case .set: "SCARD"
      case .sortedSet: "ZCARD"
      case .hash: "HLEN"
      case .stream: "XLEN"
      case .none, .other: nil
      }
    return name.map { [Array($0.utf8), key] }
  }
}
