import SluiceRouting

/// By how much expiries are moved for a stack whose clock is wrong: fixed for one run of its server, so that what was told once is
/// told in the same way ever after.
struct ClockShift: Equatable {
  /// The run that it was fixed for; nil if the server tells none.
  let run: [UInt8]?
  /// Added to what a right clock would say; whole seconds, 0 for a clock that is within the tolerance.
  let milliseconds: Int

  init(run: [UInt8]?, _ offset: ClockOffset, tolerance: Int64) {
    self.run = run
    guard offset.isBeyond(tolerance) else {
      milliseconds = 0
      return
    }
    let half: Int64 = offset.nanoseconds < 0 ? -500_000_000 : 500_000_000
    // Neither is further away than a century or so.
    milliseconds = Int((offset.nanoseconds &+ half) / 1_000_000_000) &* 1000
  }
}

extension Lane {
  /// What has to be added to a time of day in one stack's clock to say it in the other's, in milliseconds.
  @inline(__always)
  func clockShift(to stack: StackID) -> Int {
    connection(stack).clockShift &- connection(stack.other).clockShift
  }
}
