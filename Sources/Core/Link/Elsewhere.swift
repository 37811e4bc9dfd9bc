/// What is done about a server that says it is not the one to talk to (`READONLY`, `LOADING`, `MASTERDOWN`): behind one address
/// another server may have taken over, and only a new connection reaches it.
struct Elsewhere {
  enum Step {
    case settled
    /// Somebody is to ask who is behind the address now.
    case wanted
    case asking
    /// Another server is: the link ends with the last answer that is owed.
    case leaving
  }

  var step = Step.settled
  var probe: StackProbe?
  private var wait: Int64 = 0
  private var mayAskAt: UInt64 = 0
  private var lastHint: UInt64 = 0
  private var moves = 0

  /// The server has said so. A server that stays read only is asked after less and less; nothing else happens to its link.
  mutating func hinted(at now: UInt64) {
    if now &- lastHint > Elsewhere.memory {
      (wait, moves, mayAskAt) = (0, 0, 0)
    }
    lastHint = now
    if step == .settled, now >= mayAskAt { step = .wanted }
  }

  /// Somebody asks.
  mutating func asks(_ probe: StackProbe, at now: UInt64, initial: Int64, maximum: Int64) {
    step = .asking
    self.probe = probe
    wait = wait == 0 ? initial : min(maximum, wait &* 2)
    mayAskAt = now &+ UInt64(max(0, wait))
  }

  /// The link is given up for another server. Where one after the other leads to the wrong one, that must not become a storm.
  mutating func leaves(at now: UInt64, initial: Int64) {
    step = .leaving
    moves = min(moves + 1, 10)
    mayAskAt = now &+ UInt64(min(Elsewhere.longest, max(0, initial) << Int64(moves)))
  }

  /// After so long without a hint everything is forgotten.
  private static let memory: UInt64 = 60_000_000_000
  private static let longest: Int64 = 30_000_000_000
}
