/// How long clients waited for commands that the proxy held before any stack was asked: beside the time that a stack took, which
/// ``OperationFigures/latency`` has, this is what they waited.
public struct HoldFigures: Sendable {
  /// What a command was held for.
  public enum Reason: UInt8, CaseIterable, Sendable {
    /// Keys changed sides, or a command had all keys for itself.
    case fence
    /// Its key was on the way back to the stack that answers for it.
    case key
    /// New could not be reached, and nobody had decided yet who answers for it.
    case outage

    public var name: String {
      switch self {
      case .fence: "fence"
      case .key: "key"
      case .outage: "outage"
      }
    }
  }

  private var times = InlineArray<3, LatencyHistogram> { _ in LatencyHistogram() }

  /// Nothing counted yet.
  public init() {}

  /// By reason; how many it were is its count.
  public subscript(reason: Reason) -> LatencyHistogram { times[Int(reason.rawValue)] }

  /// Counts a command, or several that were held for as long.
  public mutating func record(_ reason: Reason, nanoseconds: UInt64, count: UInt64 = 1) {
    times[Int(reason.rawValue)].record(nanoseconds: Int64(clamping: nanoseconds), count: count)
  }

  /// Whether nothing was counted.
  public var isEmpty: Bool { Reason.allCases.allSatisfy { self[$0].count == 0 } }

  /// Adds what another one counted.
  public mutating func merge(_ other: HoldFigures) {
    for index in times.indices { times[index].merge(other.times[index]) }
  }

  mutating func take() -> HoldFigures {
    guard !isEmpty else { return HoldFigures.nothing }
    defer { self = HoldFigures() }
    return self
  }

  static let nothing = HoldFigures()
}
