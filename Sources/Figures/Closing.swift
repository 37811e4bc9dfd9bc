/// Differences that are meant to be: of one kind, of some keys, or both.
public struct Closing: Sendable, Equatable {
  /// Nil is any.
  public var kind: DivergenceKind?
  /// A pattern of keys in which `*` stands for anything, and everything else for itself.
  public var keys: [UInt8]
  public var why: String
  public var who: String
  /// In milliseconds since 1970.
  public var at: Int64

  /// So many are kept.
  public static let limit = 64

  public init(kind: DivergenceKind?, keys: [UInt8] = [UInt8(ascii: "*")], why: String, who: String, at: Int64)
  {
    (self.kind, self.keys, self.why, self.who, self.at) = (kind, keys, why, who, at)
  }

  /// Whether it says the same of the same.
  public func isAbout(_ other: Closing) -> Bool { kind == other.kind && keys == other.keys }

  /// Whether a difference of this kind and key is meant. An answer that never came is none.
  public func covers(_ kind: DivergenceKind, _ key: [UInt8]) -> Bool {
    kind != .timeout && (self.kind == nil || self.kind == kind) && Self.matches(keys, key)
  }

  /// Only the last star is tried again, so the time is at most the product of the lengths.
  static func matches(_ pattern: [UInt8], _ key: [UInt8]) -> Bool {
    let star = UInt8(ascii: "*")
    var (place, position) = (0, 0)
    var again: (place: Int, position: Int)?
    while position < key.count {
      if place < pattern.count, pattern[place] == star {
        place += 1
        again = (place, position)
      } else if place < pattern.count, pattern[place] == key[position] {
        place += 1
        position += 1
      } else if let last = again {
        place = last.place
        position = last.position + 1
        again = (last.place, position)
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy { $0 == star }
  }
}
