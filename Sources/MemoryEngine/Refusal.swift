/// Why a command does nothing: the error line that its client gets.
enum Refusal: Error {
  /// The code word and the text, without the dash.
  case text(StaticString)
  /// The same, where the text holds something of the client's.
  case line(String)
  case arity

  static let wrongType = Refusal.text(ReplyError.wrongType)
  static let syntax = Refusal.text(ReplyError.syntax)
  static let notAnInteger = Refusal.text(ReplyError.notAnInteger)
  static let notAFloat = Refusal.text(ReplyError.notAFloat)
  static let outOfMemory = Refusal.text(ReplyError.outOfMemory)
}
