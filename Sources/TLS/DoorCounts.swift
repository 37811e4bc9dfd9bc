import SluiceLocks

/// What came of the hand-shakes at a door, since the start.
public final class DoorCounts: Sendable {
  public struct Figures: Sendable {
    public var handshakes: UInt64 = 0
    public var refused: [TLSRefusal: UInt64] = [:]
  }

  private let figures = Mutex(Figures())

  init() {}

  public var now: Figures { figures.withLock { $0 } }

  func passed() { figures.withLock { $0.handshakes &+= 1 } }

  func refused(_ reason: TLSRefusal) { figures.withLock { $0.refused[reason, default: 0] &+= 1 } }
}
