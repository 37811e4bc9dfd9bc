/// What others ask of a connection.
extension StackConnection {
  /// What comes behind a hand-shake's answers.
  enum Arrival {
    case welcome, goOn
    /// The other stack is on its way, and what it says of itself is needed.
    case wait
    /// Why not, as a part of a sentence.
    case refused(String)
  }

  /// Whether one more mirrored command would be more than the queue may hold.
  func mirrorIsFull(adding bytes: Int) -> Bool {
    mirrorQueue >= lane.settings.mirrorCommands || mirrorBytes &+ bytes > lane.settings.mirrorBytes
  }

  /// The server's clock minus ours as it was told last, in milliseconds.
  var clockOffset: Int64 { (history.clock?.nanoseconds ?? 0) / 1_000_000 }
}
