/// Many commands as one run of bytes, framed as Redis reads them: what a walk asks of a thousand keys costs no allocation for each.
public struct FramedCommands: Sendable {
  public private(set) var bytes: [UInt8] = []
  /// How many commands there are.
  public private(set) var count = 0

  /// None yet.
  public init() {}

  /// Forgets all of them and keeps the memory.
  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    count = 0
  }

  /// Begins a command; so many words must follow.
  public mutating func begin(words: Int) {
    count += 1
    header("*", words)
  }

  /// The next word of the command.
  public mutating func word(_ word: some Collection<UInt8>) {
    header("$", word.count)
    bytes.append(contentsOf: word)
    lineEnd()
  }

  /// The next word of the command.
  public mutating func word(_ word: [UInt8]) {
    header("$", word.count)
    word.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    lineEnd()
  }

  /// The next word of the command.
  public mutating func word(_ word: StaticString) {
    word.withUTF8Buffer {
      header("$", $0.count)
      bytes.append(contentsOf: $0)
    }
    lineEnd()
  }

  /// A command of a name, a key and what stands behind it.
  public mutating func add(_ name: StaticString, _ key: [UInt8], _ rest: StaticString...) {
    begin(words: 2 + rest.count)
    word(name)
    word(key)
    for each in rest { word(each) }
  }

  /// A command of a name, a word and a key.
  public mutating func add(_ name: StaticString, _ word: [UInt8], then key: [UInt8]) {
    begin(words: 3)
    self.word(name)
    self.word(word)
    self.word(key)
  }

  private mutating func header(_ sign: Unicode.Scalar, _ number: Int) {
    bytes.append(UInt8(ascii: sign))
    // Nearly every number here has one digit or two.
    if (0..<10).contains(number) {
      bytes.append(UInt8(ascii: "0") + UInt8(number))
    } else if (10..<100).contains(number) {
      bytes.append(UInt8(ascii: "0") + UInt8(number / 10))
      bytes.append(UInt8(ascii: "0") + UInt8(number % 10))
    } else {
      bytes.append(contentsOf: String(number).utf8)
    }
    lineEnd()
  }

  private mutating func lineEnd() {
    bytes.append(0x0d)
    bytes.append(0x0a)
  }
}
