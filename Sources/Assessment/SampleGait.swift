/// How fast a walk over somebody else's server may go: at a rate, in short strides, and slower where answers take longer.
public struct SampleGait: Sendable {
  private let rate: Double
  /// The quickest answer so far, in seconds for each key.
  private var best = Double.infinity

  /// - Parameter rate: keys a second at most.
  public init(rate: Int) { self.rate = Double(max(1, rate)) }

  /// The rest to take behind a stride, in seconds.
  ///
  /// - Parameters:
  ///   - keys: that were looked at.
  ///   - seconds: how long the server took to answer for them.
  public mutating func rest(after keys: Int, took seconds: Double) -> Double {
    guard keys > 0, seconds >= 0, seconds.isFinite else { return 0 }
    let each = seconds / Double(keys)
    best = min(best, each)
    // Never more than a fifth of the time, and a twentieth where others keep the server busy.
    let share: Double = each > 3 * best && seconds > 0.02 ? 19 : 4
    return min(5, max(Double(keys) / rate - seconds, share * seconds))
  }
}
