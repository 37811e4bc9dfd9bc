import SluiceFigures

/// How long legacy takes for what clients wait for, and therefore from when on new is slow.
struct LegacyPace: Sendable, Equatable {
  private struct Known: Equatable {
    /// In microseconds.
    var p99: UInt64
    /// Seconds of the evidence's clock.
    var at: UInt64
  }

  /// By command class; nil as long as clients have not waited for legacy often enough.
  private var known: [CommandClass: Known] = [:]

  /// So many answers make a percentile.
  private static let least: UInt64 = 100
  /// After so many seconds without clients at legacy its pace is one of another time, and only what is far beyond it is slow.
  private static let memory: UInt64 = 60

  mutating func look(at window: WindowFigures, at now: UInt64) {
    for each in CommandClass.allCases {
      let latency = window[.legacy, .primary, each].latency
      guard latency.count >= Self.least else { continue }
      known[each] = Known(p99: latency.value(atPercentile: 99), at: max(1, now))
    }
  }

  /// Legacy's p99 for a class, in microseconds; nil if it is not known.
  subscript(_ commandClass: CommandClass) -> UInt64? { known[commandClass]?.p99 }

  /// As it was known in the run before: of another time.
  mutating func recall(_ p99: UInt64, for commandClass: CommandClass) {
    guard p99 > 0 else { return }
    known[commandClass] = Known(p99: p99, at: 0)
  }

  /// From how many nanoseconds on an answer of new is slow, by command class.
  func slowAbove(at now: UInt64) -> InlineArray<3, Int64> {
    var limits = InlineArray<3, Int64>(repeating: .max)
    for (each, pace) in known {
      let isPresent = pace.at > 0 && now - min(now, pace.at) <= Self.memory
      let microseconds = isPresent ? Evidence.tolerated(pace.p99) : max(4 &* pace.p99, pace.p99 &+ 50_000)
      limits[Int(each.rawValue)] = Int64(clamping: microseconds) &* 1000
    }
    return limits
  }
}

extension Evidence {
  /// What is no slower than legacy, whose p99 this is, for all that people notice: a quarter more, or two milliseconds. In microseconds.
  static func tolerated(_ p99: UInt64) -> UInt64 { max(p99 &+ p99 / 4, p99 &+ 2000) }
}
