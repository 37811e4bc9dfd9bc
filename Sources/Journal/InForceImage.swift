import Glibc
import SluiceRouting

/// Where things stand in the file of an `InForceRecord`.
///
///     0       4096    8192    12288               + 1 MiB             + 1 MiB
///     │ magic │ state │ state │ definition        │ definition        │
///
/// Two of each, and never the one in force is written to: whoever kills the process in the middle leaves the one before. A state tells
/// its number, its own checksum, and in which place which definition stands with which checksum; the highest number that is whole counts.
struct InForceImage {
  static let name = Array("SLUICE in force ".utf8)
  static let magic = name + Array("1\n".utf8)
  static let block = 4096
  /// As long as the longest flag file.
  static let definitionBytes = 1 << 20
  static let bytes = 3 * block + 2 * definitionBytes
  /// Number, checksum, length; then place, length and checksum of the definition.
  private static let headWords = 6

  private(set) var value = InForce()
  private(set) var number: UInt64 = 0
  /// Where they stand.
  private(set) var state = 1
  private(set) var definition = 1

  /// Nothing is known yet.
  init() {}

  /// What stands in a file, of which nothing is believed; nil if that is nothing whole.
  init?(_ file: [UInt8]) {
    guard file.starts(with: Self.magic) else { return nil }
    var found: InForceImage?
    for state in 0..<2 {
      if let image = InForceImage(file, state: state), image.number > found?.number ?? 0 { found = image }
    }
    guard let found else { return nil }
    self = found
  }

  private init?(_ file: [UInt8], state: Int) {
    let start = Self.block * (1 + state)
    guard file.count >= start + Self.block else { return nil }
    let head = (0..<Self.headWords).map { word in
      (0..<8).reduce(0 as UInt64) { $0 | UInt64(file[start + 8 * word + $1]) << UInt64(8 * $1) }
    }
    let most = UInt64(Self.block - 8 * Self.headWords)
    guard head[0] > 0, head[2] <= most, head[3] < 2, head[4] <= UInt64(Self.definitionBytes) else {
      return nil
    }
    let body = start + 8 * Self.headWords
    let content = Array(file[body..<body + Int(head[2])])
    guard head[1] == Self.checksum(head[0], Array(head[2...]), content),
      var value = InForce(encoded: content)
    else { return nil }
    let place = Self.start(ofDefinition: Int(head[3]))
    guard file.count >= place + Int(head[4]) else { return nil }
    value.definition = Array(file[place..<place + Int(head[4])])
    guard Self.checksum(value.definition) == head[5] else { return nil }
    (self.value, number, self.state, definition) = (value, head[0], state, Int(head[3]))
  }

  /// Puts another value in the place of this one, both here and in the mapped file.
  mutating func replace(by value: InForce, in map: UnsafeMutableRawPointer) {
    let isSame = value.definition == self.value.definition && number > 0
    let place = isSame ? definition : 1 - definition
    let text = value.definition.prefix(Self.definitionBytes)
    if !isSame {
      text.withUnsafeBytes { bytes in
        if let source = bytes.baseAddress {
          (map + Self.start(ofDefinition: place)).copyMemory(from: source, byteCount: bytes.count)
        }
      }
    }
    let content = value.encoded()
    let rest = [UInt64(content.count), UInt64(place), UInt64(text.count), Self.checksum(Array(text))]
    let words = [number + 1, Self.checksum(number + 1, rest, content)] + rest
    let at = map + Self.block * (2 - state)
    content.withUnsafeBytes { bytes in
      if let source = bytes.baseAddress {
        (at + 8 * Self.headWords).copyMemory(from: source, byteCount: bytes.count)
      }
    }
    for (index, word) in words.enumerated() {
      at.storeBytes(of: word.littleEndian, toByteOffset: 8 * index, as: UInt64.self)
    }
    (self.value, number, state, definition) = (value, number + 1, 1 - state, place)
  }

  /// Another value that stands in no file.
  mutating func forget(_ value: InForce) { self.value = value }

  private static func start(ofDefinition place: Int) -> Int { 3 * block + place * definitionBytes }

  private static func checksum(_ number: UInt64, _ words: [UInt64], _ content: [UInt8]) -> UInt64 {
    var hash = checksum(content)
    for word in [number] + words { hash = (hash ^ word) &* 0x100_0000_01b3 ^ (hash >> 29) }
    return hash
  }

  /// FNV-1a over 64 bits: it finds a torn or a foreign file, and proves nothing.
  private static func checksum(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
