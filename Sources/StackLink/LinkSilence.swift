/// Since when nothing at all has moved on a link.
///
/// A busy stack is not a dead one: a reply that flows, however slowly, and a request whose bytes still leave are life. So a deadline
/// counts from the last byte, not from when the oldest command was sent.
public struct LinkSilence {
  /// When bytes came last, or left while the oldest command was not wholly out; in nanoseconds of the lane's clock.
  public private(set) var since: UInt64
  /// Bytes of commands that were ever given to the connection.
  public var given: UInt64 = 0
  /// How many of them the other side's kernel had taken when somebody last looked.
  private var taken: UInt64 = 0
  /// The oldest command was not wholly out when somebody last looked.
  private var isUploading = false

  public init(since: UInt64 = 0) { self.since = since }

  /// Bytes have come.
  public mutating func heard(at now: UInt64) { since = now }

  /// Looks at what has left. Only while the oldest command is on its way out do leaving bytes say something: a stack that stands
  /// still has a kernel that goes on taking small commands for a long time.
  ///
  /// - Parameters:
  ///   - unsent: bytes that the other side's kernel has not taken.
  ///   - behindOldest: bytes of the commands behind the oldest one without an answer.
  public mutating func looked(at now: UInt64, unsent: Int, behindOldest: Int) {
    let taken = given > UInt64(max(0, unsent)) ? given - UInt64(max(0, unsent)) : 0
    let isUploading = unsent > behindOldest
    if isUploading || self.isUploading, taken > self.taken { since = now }
    self.taken = max(self.taken, taken)
    self.isUploading = isUploading
  }
}
