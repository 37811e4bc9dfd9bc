/// A value that is no string. Commands change it in place and tell the store, which counts the difference.
class Collection {
  /// What the elements cost, in bytes: their own bytes, and a fixed part for each.
  final var cost = 0
  /// How much of the cost the store has counted.
  final var counted = 0

  var kind: Kind { .list }
  var encoding: StaticString { "quicklist" }
  var isEmpty: Bool { true }

  /// A value of its own with the same elements.
  func copied() -> Collection { self }

  enum Kind { case list, set, hash, sortedSet, stream }
}

extension Collection.Kind {
  /// What `TYPE` says.
  var name: StaticString {
    switch self {
    case .list: "list"
    case .set: "set"
    case .hash: "hash"
    case .sortedSet: "zset"
    case .stream: "stream"
    }
  }
}
