/// How far a stack's clock is from ours, as its hand-shake told: its time against the middle of question and
/// answer.
public struct ClockOffset: Sendable, Equatable {
  /// The stack's clock minus ours, in nanoseconds.
  public var nanoseconds: Int64
  /// How much the offset may be wrong, either way: half of the round trip.
  public var uncertainty: Int64

  /// - Parameters:
  ///   - told: what the stack said.
  ///   - asked: when it was asked, by our clock.
  ///   - heard: when its answer was here, by our clock.
  init(told: Int64, asked: Int64, heard: Int64) {
    let half = max(0, heard &- asked) / 2
    // None of the three is more than a century or so from the others' epoch: `Handshake` takes no other time.
    nanoseconds = told &- (asked &+ half)
    uncertainty = half
  }

  /// Whether it is certain that the clocks differ by more than `tolerance` nanoseconds.
  public func isBeyond(_ tolerance: Int64) -> Bool {
    nanoseconds.magnitude > UInt64(max(0, tolerance)) &+ UInt64(max(0, uncertainty))
  }
}
