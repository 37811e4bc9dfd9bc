/// Keeps samples few: per minute, so many of a class (a kind and a command) and so many of a key in its class.
///
/// Bounded: a key is remembered only while its class has room, so there are at most classes × `perClass` of them.
struct SampleCap {
  private struct KeyInClass: Hashable {
    let kindAndCommand: UInt32
    let key: Int
  }

  private let perClass: Int
  private let perKey: Int
  private var minute: UInt64 = .max
  private var classes: [UInt32: Int] = [:]
  private var keys: [KeyInClass: Int] = [:]

  init(perClass: Int, perKey: Int) {
    self.perClass = perClass
    self.perKey = perKey
  }

  /// Whether to keep one more; counts it if so. `minute` is of a clock that only goes forward.
  mutating func admits(kind: UInt8, command: UInt16, key: some Hashable, minute: UInt64) -> Bool {
    if minute != self.minute {
      self.minute = minute
      classes.removeAll(keepingCapacity: true)
      keys.removeAll(keepingCapacity: true)
    }
    let kindAndCommand = UInt32(kind) << 16 | UInt32(command)
    let inClass = classes[kindAndCommand, default: 0]
    guard inClass < perClass else { return false }
    let place = KeyInClass(kindAndCommand: kindAndCommand, key: key.hashValue)
    let ofKey = keys[place, default: 0]
    guard ofKey < perKey else { return false }
    classes[kindAndCommand] = inClass + 1
    keys[place] = ofKey + 1
    return true
  }
}
