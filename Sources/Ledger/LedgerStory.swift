import Foundation

/// What this run has written so far, in short: its flips, and what was counted under each of them. Where the file is lost it is
/// written again into the next one. Samples are not: they were evidence, and are gone.
struct LedgerStory {
  /// Flips that are remembered; older ones are not written again.
  static let flipLimit = 4096
  /// Intervals that are remembered before neighbours are merged.
  static let intervalLimit = 64

  private(set) var flips: [FlipRecord] = []
  private(set) var intervals: [QueuedInterval] = []
  /// Flips that were written before the first that is remembered.
  private(set) var forgotten = 0

  mutating func wrote(_ written: [FlipRecord]) {
    flips += written
    let surplus = flips.count - Self.flipLimit
    guard surplus > 0 else { return }
    flips.removeFirst(surplus)
    forgotten += surplus
  }

  mutating func wrote(_ written: [QueuedInterval]) {
    for interval in written {
      if intervals.last?.flip == interval.flip {
        intervals[intervals.count - 1].merge(interval)
      } else {
        intervals.append(interval)
      }
      guard intervals.count > Self.intervalLimit else { continue }
      let second = intervals.remove(at: 1)
      intervals[0].merge(second)
    }
  }
}
