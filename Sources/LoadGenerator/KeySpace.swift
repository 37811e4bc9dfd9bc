/// Turns key numbers into keys: a prefix, and the number in decimal with leading zeros up to the wanted size.
public struct KeySpace: Equatable, Sendable {
  /// The number of keys; at least 1.
  public let count: Int
  /// The size of every key in bytes; a key is longer where prefix and number need it.
  public let keySize: Int
  private let prefix: [UInt8]

  /// `count` keys of `keySize` bytes; a count below 1 counts as 1.
  public init(prefix: String, count: Int, keySize: Int) {
    self.prefix = Array(prefix.utf8)
    self.count = max(1, count)
    self.keySize = keySize
  }

  /// Writes key number `index` in place of what `key` holds.
  public func write(_ index: Int, into key: inout [UInt8]) {
    key.removeAll(keepingCapacity: true)
    key.append(contentsOf: prefix)
    var digits = 1
    var shown = max(0, index) / 10
    while shown > 0 {
      digits += 1
      shown /= 10
    }
    let width = max(digits, keySize - prefix.count)
    let start = key.count
    for _ in 0..<width { key.append(UInt8(ascii: "0")) }
    var rest = max(0, index)
    var position = start + width - 1
    while rest > 0, position >= start {
      key[position] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
      position -= 1
    }
  }

  /// Key number `index`.
  public func key(_ index: Int) -> [UInt8] {
    var key: [UInt8] = []
    write(index, into: &key)
    return key
  }
}
