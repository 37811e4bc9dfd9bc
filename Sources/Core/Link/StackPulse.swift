import Synchronization

/// What layers inside this process tell of the link to their endpoint: a long reply, or a long request, is on its way there, though
/// the lane hears nothing of it yet.
///
/// One for the stack, not for each link: while one lane's reply flows, a dead link of another lane is found a little later.
public final class StackPulse: Sendable, Equatable {
  private let beatAt = Atomic<UInt64>(0)

  public init() {}

  /// Bytes have moved.
  ///
  /// - Parameter now: nanoseconds of the clock of the lanes' loops.
  public func beat(at now: UInt64) { beatAt.store(now, ordering: .relaxed) }

  /// When they last did; 0 is never.
  var last: UInt64 { beatAt.load(ordering: .relaxed) }

  public static func == (left: StackPulse, right: StackPulse) -> Bool { left === right }
}
