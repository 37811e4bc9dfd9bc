import SluiceFigures

/// Whom an error reply speaks of, by its code word: the client's command and data, or the stack itself.
///
/// Told by bytes, for it is asked on the way of every error.
enum ErrorWord {
  /// The key holds another type than the command needs.
  case wrongType
  /// The command, its arguments or its data are at fault: another server with the same data would say the same.
  case command
  /// The server speaks of itself: no memory, read only, still loading, no permission for Sluice's user.
  case stack
  /// In neither list: a word of a script, of a module, of another proxy on the way.
  case unknown

  /// - Parameter reply: a whole reply that begins with `-`.
  init(of reply: Span<UInt8>) {
    let word = ErrorWord.packed(reply.extracting(ErrorWord.range(in: reply)))
    self =
      if word == ErrorWord.wrongTypeWord {
        .wrongType
      } else if ErrorWord.commandWords.contains(word) {
        .command
      } else if ErrorWord.stackWords.contains(word) {
        .stack
      } else {
        .unknown
      }
  }

  /// Whether it says something about the data, so that two stacks that hold the same would both say it.
  var isAboutData: Bool {
    switch self {
    case .wrongType, .command: true
    case .stack, .unknown: false
    }
  }

  /// Whether the stack is in trouble. Unknown words count, except of a script, which makes up its own.
  func isTrouble(ofScript: Bool) -> Bool {
    switch self {
    case .wrongType, .command: false
    case .stack: true
    case .unknown: !ofScript
    }
  }

  /// Whether the server says that it is not, or not yet, the one to ask: after a failover another one may be behind its address.
  static func isAboutRole(_ reply: Span<UInt8>) -> Bool {
    ErrorWord.roleWords.contains(packed(reply.extracting(ErrorWord.range(in: reply))))
  }

  /// Whether a script was not run because the server does not know it.
  static func isAboutMissingScript(_ reply: Span<UInt8>) -> Bool {
    packed(reply.extracting(ErrorWord.range(in: reply))) == noScriptWord
  }

  /// Where the word of an error stands in `TroubleCounts.words`; nil for any other one.
  static func place(of reply: Span<UInt8>) -> Int? {
    ErrorWord.stackWords.firstIndex(of: packed(reply.extracting(ErrorWord.range(in: reply))))
  }

  /// The code word of an error: what stands between `-` and the first space or the end.
  static func range(in reply: Span<UInt8>) -> Range<Int> {
    guard reply.count > 0 else { return 0..<0 }
    var end = 1
    while end < reply.count, reply[end] != 0x20, reply[end] != 0x0d { end += 1 }
    return 1..<end
  }

  // MARK: The words

  private static let wrongTypeWord = packed("WRONGTYPE")
  private static let noScriptWord = packed("NOSCRIPT")

  /// Redis 7.2, `server.c` (`createSharedObjects`), `script.c`, `t_stream.c`, `networking.c`.
  private static let commandWords: [UInt128] = [
    "ERR", "NOSCRIPT", "EXECABORT", "BUSYKEY", "BUSYGROUP", "NOGROUP", "CROSSSLOT", "NOPROTO", "NOTBUSY",
    "UNKILLABLE", "UNBLOCKED", "INVALIDOBJ",
  ].map(packed)

  private static let stackWords: [UInt128] = TroubleCounts.words.map(packed)

  private static let roleWords: [UInt128] = ["READONLY", "LOADING", "MASTERDOWN"].map(packed)

  private static func packed(_ word: String) -> UInt128 { packed(word.utf8.span) }

  /// A word of up to 16 bytes as one number; 0, which is no word, for a longer one.
  static func packed(_ word: Span<UInt8>) -> UInt128 {
    guard word.count <= 16 else { return 0 }
    var number: UInt128 = 0
    for index in word.indices { number = number << 8 | UInt128(word[index]) }
    return number
  }
}
