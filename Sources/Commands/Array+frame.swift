import SluiceRESP

/// Building the one command that an effect is, word by word. Nothing is allocated once there is room.
extension Array where Element == UInt8 {
  /// Forgets what was there and announces `count` words.
  mutating func beginFrame(_ count: Int) {
    removeAll(keepingCapacity: true)
    appendArrayHeader(count)
  }

  /// A word of ours: a command or an option.
  mutating func appendWord(_ word: StaticString) {
    word.withUTF8Buffer { appendBulk($0.span) }
  }

  mutating func appendWord(_ number: Int) {
    // A time has 13 digits, and up to 15 fit into a string without an allocation.
    appendBulk(String(number))
  }

  /// The client's own words, as they came.
  mutating func appendWords(
    _ positions: Range<Int>, of request: Span<UInt8>, _ arguments: Span<ArgumentRange>
  ) {
    for index in positions { appendBulk(request.extracting(arguments.place(at: index))) }
  }

  mutating func appendWord(_ position: Int, of request: Span<UInt8>, _ arguments: Span<ArgumentRange>) {
    appendBulk(request.extracting(arguments.place(at: position)))
  }
}

/// A bulk string reads the same in a reply and in a request, so that it is taken over header and all.
extension Span where Element == UInt8 {
  /// Whether these bytes are one bulk string that is not null.
  var isBulk: Bool { count > 2 && self[0] == UInt8(ascii: "$") && self[1] != UInt8(ascii: "-") }
}
