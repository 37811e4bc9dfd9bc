/// The key prefix layer: keys of one cache apart from those of another in the same store.
public struct KeyPrefix: Hashable, Sendable {
  /// The prefix; empty means that keys stay as they are.
  public let bytes: [UInt8]

  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  public init(_ text: String) {
    bytes = Array(text.utf8)
  }

  /// The key as the store knows it.
  public func add(to key: Span<UInt8>) -> [UInt8] {
    var stored: [UInt8] = []
    stored.reserveCapacity(bytes.count + key.count)
    stored += bytes
    stored.append(copying: key)
    return stored
  }

  /// Whether a key of the store is one of this cache; its own part begins at `bytes.count` then.
  public func owns(_ stored: Span<UInt8>) -> Bool {
    stored.starts(with: bytes.span)
  }

  /// A glob pattern, as `SCAN … MATCH` has it, of the store's keys that this cache owns; `rest` is a pattern of their own part.
  public func pattern(rest: [UInt8] = [UInt8(ascii: "*")]) -> [UInt8] {
    var pattern: [UInt8] = []
    for byte in bytes {
      if Self.special.contains(byte) { pattern.append(UInt8(ascii: "\\")) }
      pattern.append(byte)
    }
    return pattern + rest
  }

  private static let special = Array("*?[]\\^".utf8)

  /// The key as clients know it; nil for a key of somebody else.
  public func strip(_ stored: Span<UInt8>) -> [UInt8]? {
    guard owns(stored) else { return nil }
    return Array(copying: stored.extracting(bytes.count..<stored.count))
  }
}
