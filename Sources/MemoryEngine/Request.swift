import SluiceRESP

/// The words of one command, as arrays of bytes of their own: collections keep what they are given.
struct Request {
  let name: StaticString
  /// The command's name comes first. There are as many as the command's arity asks for.
  let words: [[UInt8]]

  init(_ name: StaticString, _ frame: Span<UInt8>, _ arguments: [ArgumentRange]) {
    self.name = name
    var words: [[UInt8]] = []
    words.reserveCapacity(arguments.count)
    for argument in arguments { words.append([UInt8](frame.extracting(argument.range))) }
    self.words = words
  }

  var count: Int { words.count }

  subscript(index: Int) -> [UInt8] { words[index] }

  func isWord(_ index: Int, _ word: StaticString) -> Bool {
    guard index < words.count else { return false }
    let text = words[index]
    return text.span.isWord(word)
  }

  /// - Parameter message: what is said instead of Redis' usual words.
  func integer(_ index: Int, or message: StaticString = ReplyError.notAnInteger) throws -> Int64 {
    let text = words[index]
    guard let value = IntegerText.parse(text.span) else { throw Refusal.text(message) }
    return value
  }

  /// Zero or more; other texts are refused in the same words.
  func natural(
    _ index: Int, or message: StaticString = "ERR value is out of range, must be positive",
    from least: Int64 = 0
  ) throws -> Int {
    let value = try integer(index, or: message)
    guard value >= least else { throw Refusal.text(message) }
    return Int(value)
  }

  /// A count whose sign has a meaning, and which can be negated.
  func signedCount(_ index: Int) throws -> Int {
    let value = try integer(index)
    guard value != .min else {
      throw Refusal.line(
        "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
    }
    return Int(value)
  }

  func double(_ index: Int, or message: StaticString = ReplyError.notAFloat) throws -> Double {
    let text = words[index]
    guard let value = FloatText.parseDouble(text.span) else { throw Refusal.text(message) }
    return value
  }
}

extension [UInt8] {
  init(_ span: Span<UInt8>) {
    self = []
    append(contentsOf: span)
  }

  /// Redis' order of strings: byte by byte, a prefix first.
  static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool { left.lexicographicallyPrecedes(right) }
}
