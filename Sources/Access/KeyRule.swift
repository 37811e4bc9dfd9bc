import SluiceCommands
import SluiceMemoryEngine

/// Which keys may be touched, and how: `~app:*`, `%R~shared:*`, `%W~log:*` as in Redis 7.
public struct KeyRule: Sendable, Hashable, CustomStringConvertible {
  public let bytes: [UInt8]
  public internal(set) var rights: KeyRights
  /// What stands before a star that ends the pattern, where that is all there is to it: compared, not searched.
  private let prefix: Int?

  init(_ bytes: [UInt8], _ rights: KeyRights) {
    self.bytes = bytes
    self.rights = rights
    let special = bytes.firstIndex { Self.special.contains($0) }
    prefix = special == bytes.count - 1 && bytes.last == UInt8(ascii: "*") ? bytes.count - 1 : nil
  }

  /// Whether it gives these rights on the key.
  public func allows(_ key: Span<UInt8>, _ needed: KeyRights) -> Bool {
    rights.isSuperset(of: needed) && matches(key)
  }

  private func matches(_ key: Span<UInt8>) -> Bool {
    guard let prefix else { return GlobPattern.matches(bytes.span, key) }
    // No pattern but the empty one matches the empty key: `stringmatchlen`.
    guard key.count >= prefix, key.count > 0 else { return false }
    for index in 0..<prefix where bytes[index] != key[index] { return false }
    return true
  }

  public var description: String {
    let sign =
      switch rights {
      case .read: "%R~"
      case .write: "%W~"
      default: "~"
      }
    return sign + String(decoding: bytes, as: UTF8.self)
  }

  private static let special = Set("*?[]\\".utf8)
}
