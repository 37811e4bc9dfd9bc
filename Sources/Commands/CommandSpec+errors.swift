import SluiceRESP

/// Redis's own words for arguments that contradict themselves, so that a client cannot tell who refused
/// them.
extension CommandSpec {
  static let syntaxMessage = "ERR syntax error"
  static let unbalancedStreamsMessage =
    "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified."
  static let migrateKeysMessage =
    "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"
  static let noIntegerMessage = "ERR value is not an integer or out of range"
  private static let numkeysMessage = "ERR numkeys should be greater than 0"

  /// Redis's error for a number of arguments that `accepts(count:)` does not take, without `-` and CRLF.
  public var wrongArityMessage: String {
    "ERR wrong number of arguments for '\(name.lowercased())' command"
  }

  /// Redis's error for a subcommand that its container does not have (`commandCheckExistence`).
  public static func unknownSubcommandMessage(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>)
    -> String
  {
    "ERR unknown subcommand '\(text(arguments, at: 1, in: frame))'. "
      + "Try \(text(arguments, at: 0, in: frame).uppercased()) HELP."
  }

  /// Redis's error for a name that it does not have.
  public static func unknownCommandMessage(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> String {
    var words = ""
    for index in 1..<max(1, arguments.count) where words.utf8.count < 128 {
      words += "'\(text(arguments, at: index, in: frame, limit: 128 - words.utf8.count))' "
    }
    return "ERR unknown command '\(text(arguments, at: 0, in: frame))', with args beginning with: \(words)"
  }

  private static func text(
    _ arguments: Span<ArgumentRange>, at index: Int, in frame: Span<UInt8>, limit: Int = 128
  ) -> String {
    frame.extracting(arguments.place(at: index)).withUnsafeBufferPointer {
      String(decoding: $0.prefix(limit), as: UTF8.self)
    }
  }

  /// EVAL, EVALSHA and FCALL with their read-only twins: they alone may say `numkeys` 0.
  public var isScript: Bool { flags.contains(.noMandatoryKeys) }

  /// `numkeys` is no number.
  var noNumberMessage: String { checksRange ? Self.numkeysMessage : Self.noIntegerMessage }

  /// `numkeys` is below its least.
  var tooFewKeysMessage: String {
    if isScript { return "ERR Number of keys can't be negative" }
    if checksRange { return Self.numkeysMessage }
    return "ERR at least 1 input key is needed for '\(name.lowercased())' command"
  }

  /// `numkeys` is more than there are arguments.
  var tooManyKeysMessage: String {
    isScript || name == "SINTERCARD"
      ? "ERR Number of keys can't be greater than number of args" : Self.syntaxMessage
  }

  /// The younger commands, which read `numkeys` by a range check with an error of its own.
  private var checksRange: Bool {
    ["SINTERCARD", "LMPOP", "BLMPOP", "ZMPOP", "BZMPOP"].contains(name)
  }
}
