import SluiceRESP

/// What a command does with a key's value, as far as it takes a permission (`%R~`, `%W~`): none for `EXISTS`, which tells nothing of it.
public struct KeyRights: OptionSet, Sendable, BitwiseCopyable, Hashable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// What it holds comes out of it, or is copied: `access` of a key specification.
  public static let read = KeyRights(rawValue: 1)
  /// It is set, changed or deleted: `insert`, `update`, `delete`.
  public static let write = KeyRights(rawValue: 2)

  /// From the flags of a server's key specification.
  init(words: [String]) {
    self = words.contains("access") ? .read : []
    if words.contains("insert") || words.contains("update") || words.contains("delete") { insert(.write) }
  }
}

/// What a command needs of its keys, in the order of `COMMAND GETKEYS`. No command of any server tells more than its first key from the
/// others: a source or a destination.
public struct KeyNeeds: Sendable, BitwiseCopyable, Hashable {
  public var first: KeyRights
  public var rest: KeyRights

  public init(_ first: KeyRights, _ rest: KeyRights) { (self.first, self.rest) = (first, rest) }

  /// What follows from a command's flags alone.
  init(following flags: CommandFlags) {
    let all: KeyRights = flags.contains(.readonly) ? .read : [.read, .write]
    self.init(all, all)
  }

  func union(_ other: KeyNeeds) -> KeyNeeds {
    KeyNeeds(first.union(other.first), rest.union(other.rest))
  }
}

extension CommandTable {
  /// What this command needs of its keys. `SET` reads where it says `GET`, `BITFIELD` writes unless it says nothing else, by
  /// `setGetKeys` and `bitfieldGetKeys` of Redis.
  public func needs(of id: Int, in frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> KeyNeeds {
    let needs = keyNeeds[id]
    if id == set {
      var index = 3
      while index < arguments.count {
        if arguments.holds("GET", at: index, in: frame) { return needs }
        index &+= 1
      }
      return KeyNeeds(.write, .write)
    }
    if id == bitfield, CommandTable.onlyReads(frame, arguments) { return KeyNeeds(.read, .read) }
    return needs
  }

  private static func onlyReads(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> Bool {
    var index = 2
    while index < arguments.count {
      let left = arguments.count &- index &- 1
      if arguments.holds("GET", at: index, in: frame), left >= 2 {
        index &+= 3
      } else if arguments.holds("OVERFLOW", at: index, in: frame), left >= 1 {
        index &+= 2
      } else {
        return false
      }
    }
    return true
  }
}
