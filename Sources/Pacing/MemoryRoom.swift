import SluiceServers

/// Whether a server has room for what a walk brings it: says so before it is full, because a full one refuses what clients write, or throws
/// away what it was just brought.
public struct MemoryRoom: Sendable {
  private let first: MemoryReading?
  private var last: MemoryReading?

  /// Nothing read yet.
  public init() { first = nil }

  /// - Parameter reading: from before the walk.
  public init(before reading: MemoryReading?) {
    (first, last) = (reading, reading)
  }

  /// The server has told how it stands; why the walk must stop, nil if there is room.
  public mutating func told(_ reading: MemoryReading) -> String? {
    let growth = max(0, reading.used - (last?.used ?? reading.used))
    last = reading
    guard reading.maximum > 0 else { return nil }
    let evicted = reading.evicted - (first?.evicted ?? reading.evicted)
    let uses =
      "\(MemoryReading.text(reading.used)) of its maxmemory of \(MemoryReading.text(reading.maximum))"
    if evicted > 0 {
      return
        "it has evicted \(evicted) keys since, and uses \(uses) (\(reading.policy ?? "policy not known"))"
    }
    // What may come until the next look on a machine that is slow to look, and a tenth for what is on its way.
    let (soon, overflows) = reading.used.addingReportingOverflow(2 &* growth &+ reading.maximum / 10)
    guard overflows || soon >= reading.maximum else { return nil }
    return
      "it uses \(uses), and would soon \(reading.evicts ? "evict what it was brought" : "refuse writes") "
      + "(\(reading.policy ?? "policy not known"))"
  }
}
