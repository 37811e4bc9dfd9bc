import SluiceRedisClient

/// Which keys are small, so that a dump of them holds nobody up.
extension StackClient {
  /// Keys by what is known of their size.
  struct Sizes {
    /// Strings of up to 16 KiB.
    var strings: [[UInt8]] = []
    /// Collections that are kept in one block of memory.
    var blocks: [[UInt8]] = []
    var others: [[UInt8]] = []
  }

  /// Asks for the sizes of keys.
  ///
  /// Strings are asked for their length first, because most keys of a cache are strings; what is none says so.
  func bySize(_ keys: [[UInt8]]) throws(Failure) -> Sizes {
    var sizes = Sizes()
    guard !keys.isEmpty else { return sizes }
    var questions = FramedCommands()
    for key in keys { questions.add("STRLEN", name(of: key)) }
    try begin(questions)
    var structured: [[UInt8]] = []
    sizes.strings.reserveCapacity(keys.count)
    for key in keys {
      switch try withReply({ $0.integer }) {
      case nil: structured.append(key)
      case let length? where length <= StackClient.smallBytes: sizes.strings.append(key)
      case _?: sizes.others.append(key)
      }
    }
    guard !structured.isEmpty else { return sizes }
    questions.removeAll()
    for key in structured {
      questions.begin(words: 3)
      questions.word("OBJECT")
      questions.word("ENCODING")
      questions.word(name(of: key))
    }
    try begin(questions)
    for key in structured {
      if try withReply(StackClient.isOneBlock) { sizes.blocks.append(key) } else { sizes.others.append(key) }
    }
    return sizes
  }

  /// Whether the encoding is by its nature short.
  static func isOneBlock(_ encoding: ReplyView) -> Bool {
    encoding.length != nil
      && ["listpack", "ziplist", "intset"].contains { encoding.bytes.elementsEqual($0.utf8) }
  }

  static let smallBytes: Int64 = 16 << 10
}
