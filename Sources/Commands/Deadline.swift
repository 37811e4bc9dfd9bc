import SluiceRESP

/// The end of a key's life as `SET` and `GETEX` spell it: `EX s`, `PX ms`, `EXAT s` or `PXAT ms`.
struct Deadline {
  let time: Int
  let unit: TimeUnit
  let isRelative: Bool

  /// Nil if the word at `index` is none of the four, or no number follows.
  init?(_ arguments: Span<ArgumentRange>, at index: Int, in request: Span<UInt8>) {
    if arguments.holds("EX", at: index, in: request) {
      (unit, isRelative) = (.seconds, true)
    } else if arguments.holds("PX", at: index, in: request) {
      (unit, isRelative) = (.milliseconds, true)
    } else if arguments.holds("EXAT", at: index, in: request) {
      (unit, isRelative) = (.seconds, false)
    } else if arguments.holds("PXAT", at: index, in: request) {
      (unit, isRelative) = (.milliseconds, false)
    } else {
      return nil
    }
    guard let time = arguments.integer(at: index &+ 1, in: request) else { return nil }
    self.time = time
  }

  /// Since 1970.
  func milliseconds(_ now: Int) -> Int { Mirroring.absolute(time, unit, isRelative ? now : 0) }
}
