/// Redis's own words for arguments that contradict themselves, so that a client cannot tell who refused
/// them.
extension CommandSpec {
  static let syntaxMessage = "ERR syntax error"
  static let unbalancedStreamsMessage =
    "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified."
  static let migrateKeysMessage =
    "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"
  private static let noIntegerMessage = "ERR value is not an integer or out of range"
  private static let numkeysMessage = "ERR numkeys should be greater than 0"

  /// Redis's error for a number of arguments that `accepts(count:)` does not take, without `-` and CRLF.
  public var wrongArityMessage: String {
    "ERR wrong number of arguments for '\(name.lowercased())' command"
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
