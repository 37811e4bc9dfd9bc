#if canImport(Glibc)
  import Glibc
#endif

/// The laws of the cutover that a debug build breaks on purpose, one at a time: `Tests/Chaos` shows that its checkers
/// catch each of them, because a checker that cannot fail proves nothing.
///
/// The variable `SLUICE_BREAK` names one; it is read once. In a release build nothing can be broken, and asking costs
/// nothing: the answer is a constant.
enum LawBreak: String {
  /// Law 1: every loop sends what its own clients send, whatever the key.
  case manyLanes = "many-lanes"
  /// Law 2: a write goes to the mirror together with the primary, whatever the primary will say of it.
  case mirrorAtSend = "mirror-at-send"
  /// Law 3: the mirror gets what the client sent.
  case mirrorTheWish = "mirror-the-wish"
  /// Law 3: an update that was acknowledged is believed to have found the same on both stacks.
  case unprovenUpdates = "unproven-updates"
  /// Law 6: a flip waits for nothing.
  case noFence = "no-fence"
  /// Law 7: nothing is ever doubtful.
  case noSuspects = "no-suspects"
  /// Law 7: a suspect is repaired in time, and answered for until then.
  case serveSuspects = "serve-suspects"
  /// Law 7: what the process before has left behind is forgotten.
  case noJournal = "no-journal"
  /// Two answers that differ are a divergence, without a second look (design, section 6).
  case compareWithoutReask = "compare-without-reask"

  #if DEBUG
    private static let current = getenv("SLUICE_BREAK").flatMap { LawBreak(rawValue: String(cString: $0)) }
    var isOn: Bool { LawBreak.current == self }
  #else
    @inline(__always) var isOn: Bool { false }
  #endif
}
