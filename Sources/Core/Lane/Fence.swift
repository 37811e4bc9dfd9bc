import SluiceRouting

/// The short hold of a lane while the primary of some of its keys changes (law 6), or while one command has the lane
/// for itself (law 1). Both may be, one behind the other.
struct Fence {
  /// A routing that comes into force behind the fence.
  struct Flip {
    var target: RoutingSnapshot
    /// When it came, in nanoseconds of the monotonic clock.
    var since: UInt64
    /// Called when the target is in force.
    var done: [@Sendable (LaneFlip) -> Void]
  }

  /// A command that touches several lanes, or all keys, and wants this lane empty and for itself.
  enum Guest {
    /// It waits for the lane to be empty, and is then told so.
    case waiting(granted: @Sendable () -> Void)
    /// The lane is its own, and empties itself of suspects among the command's keys; on several lanes the mirror's part of that, too,
    /// is waited for.
    case purging(isMirrorsTurn: Bool, done: () -> Void)
    /// The lane is its own.
    case inside
    /// It is answered; its effect is still on its way.
    case leaving

    /// Whether the lane has become empty and belongs to the command.
    var isIn: Bool { if case .waiting = self { false } else { true } }
    var isLeaving: Bool { if case .leaving = self { true } else { false } }
  }

  /// What a flip waits for, one after the other.
  enum Step {
    /// The losing stacks answer what clients wait for.
    case losing
    /// They say what they hold of the keys that were updated last (`PriorDoubt`).
    case proving
    /// The gaining stacks take the effects. One that is refused, or proves wrong, makes its key a suspect, and that must be known before
    /// anybody asks for it.
    case gaining
    /// The last suspects are copied, as far as the deadline goes: a key that waits for its copy would be forgotten otherwise. So many of
    /// those that there were when the copies began were not looked for yet.
    case copying(left: Int)
    /// The gaining stacks take the copies.
    case settling

    var isCopying: Bool { if case .copying = self { true } else { false } }
    var isGaining: Bool { if case .gaining = self { true } else { false } }
  }

  /// A link has answered all that it was sent up to some number.
  struct Barrier {
    let link: StackConnection
    let number: UInt64

    var isReached: Bool { link.answered >= number }
  }

  /// Tells a deadline whether it still means this fence.
  let number: UInt64
  let raisedAt: UInt64
  var flip: Flip?
  var guest: Guest?
  /// Another target has taken the place of the first: commands are held for keys that do not move any more, and nothing
  /// may overtake them.
  var isRetargeted = false
  var step = Step.losing
  /// What is waited for, on each link that owes it.
  var barriers: [Barrier] = []
  /// How long each wait may take, in nanoseconds.
  var deadline: Int64 = 0

  init(number: UInt64, raisedAt: UInt64) {
    self.number = number
    self.raisedAt = raisedAt
  }

  /// The links that something is waited for on.
  var unreached: [StackConnection] { barriers.filter { !$0.isReached }.map(\.link) }

  /// Whether commands on this key have to wait.
  func holds(_ key: Span<UInt8>, current: RoutingSnapshot) -> Bool {
    if guest != nil { return true }
    guard let flip else { return false }
    return current.changesPrimary(of: key, comparedTo: flip.target)
  }
}

/// How one lane went through a flip.
public struct LaneFlip: Sendable {
  /// The lane's number, from 0.
  public var lane: Int
  /// How long keys were held, in nanoseconds; 0 when none had to be.
  public var held: UInt64
  /// Commands that waited.
  public var commands: Int
  /// Stacks that were cut off because they did not answer before the deadline.
  public var cutOff: [StackID]
  /// The stack that was emptied first, because it had not been told of the writes for a while.
  public var emptied: StackID?
}
