/// How long a stack is left alone between two attempts to connect: twice as long with each failure, up to a limit.
///
/// What ends the growing is a connection that has worked, and neither a hand-shake nor a single reply proves that: a stack
/// may take connections and answer nothing, or answer once and then send what nobody has asked for. It must have answered
/// for longer than it was waited for; one that said nothing, or what no Redis says, must have lasted for the longest pause.
struct Backoff {
  private(set) var failures = 0
  /// The longest that the last pause may have been.
  private var lastPause: Int64 = 0

  /// How a connection ended.
  struct End {
    /// How long commands could be sent, in nanoseconds; 0 if the hand-shake never came through.
    var lived: UInt64 = 0
    var hasAnswered = false
    /// The stack has sent what no Redis sends.
    var isBroken = false
  }

  /// Takes note of a failure and says how long the next pause may be, in nanoseconds.
  mutating func failed(_ end: End, initial: Int64, maximum: Int64) -> Int64 {
    let needed = end.hasAnswered && !end.isBroken ? lastPause : max(maximum, 0)
    if end.lived > UInt64(needed) { failures = 0 }
    // Shifted down rather than up: nothing overflows, whatever the settings say.
    let shift = Int64(min(failures, 62))
    lastPause = max(1, initial > maximum >> shift ? maximum : initial << shift)
    failures = min(failures + 1, 62)
    return lastPause
  }
}
