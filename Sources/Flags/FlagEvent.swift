/// What the watcher has to tell, in the order in which it happened.
public enum FlagEvent: Sendable {
  /// The file says something new and is valid. After a write of our own this says what is in force already.
  case loaded(FlagDefinition, FlagEdit)
  /// The file is refused; the last good one stays in force. Each distinct error once, until a good file came.
  case rejected(FlagError)
  /// After a rejection the file is again the one in force.
  case recovered
  /// The latch file appeared, or is another one: roll back.
  case latchAppeared
  /// The latch file is gone. This lifts nothing; only a re-arm does.
  case latchDisappeared
}
