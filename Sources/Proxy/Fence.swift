import SluiceRouting

/// The short hold of a lane while the primary of some of its keys changes (law 6), or while one command has the lane
/// for itself (law 1).
struct Fence {
  /// What will be in force behind the fence; nil when nothing changes.
  var target: RoutingSnapshot?
  /// When it came, in nanoseconds of the monotonic clock.
  var targetSince: UInt64 = 0
  /// Another target has taken the place of the first: commands are held for keys that do not move any more, and nothing
  /// may overtake them.
  var isRetargeted = false
  /// A command that touches several lanes, or all keys, waits for this lane to be empty and has it for itself.
  var isExclusive = false
  /// Whether the lane has become empty and belongs to that command.
  var isGranted = false
  /// What a flip waits for, one after the other.
  enum Step: Int {
    /// The losing stacks answer what clients wait for.
    case losing
    /// They say what they hold of the keys that were updated last (`PriorDoubt`).
    case proving
    /// The gaining stacks take the effects. One that is refused, or proves wrong, makes its key a suspect, and that must be known before
    /// anybody asks for it.
    case gaining
    /// The last suspects are copied, as far as the deadline goes: a key that waits for its copy would be forgotten otherwise.
    case copying
    /// The gaining stacks take the copies.
    case settling
  }
  var step = Step.losing
  /// Suspects that there were when the copies began and that none was looked for yet.
  var uncopied = 0
  /// Per stack the number of the last command that was on its way when the fence went up.
  var barriers: (legacy: UInt64, new: UInt64)
  /// Called when the lane's suspects among the keys of the exclusive command are deleted, or could not be.
  var purged: (() -> Void)?
  var isPurged = false
  /// An exclusive command is answered; its effect is still on its way.
  var isReleasing = false
  /// How long each of the two waits may take, in nanoseconds.
  var deadline: Int64 = 0
  let raisedAt: UInt64
  /// Tells a deadline whether it still means this fence.
  let number: UInt64
  /// Called when the target is in force.
  var flipped: [@Sendable (LaneFlip) -> Void] = []
  /// Called when the lane is empty.
  var granted: (@Sendable () -> Void)?

  /// Whether commands on this key have to wait.
  func holds(_ key: Span<UInt8>, current: RoutingSnapshot) -> Bool {
    if isExclusive { return true }
    guard let target else { return false }
    return current.changesPrimary(of: key, comparedTo: target)
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
