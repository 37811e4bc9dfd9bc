import NIOCore
import SluiceMemoryEngine

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the clients of one memory server share. Owned by its event loop: touched there and nowhere else.
final class MemoryCore {
  var engine: MemoryEngine
  private let clock: TurnClock
  private var clients: [ObjectIdentifier: any Channel] = [:]
  private var lastID: Int64 = 0

  /// Slots per sweep: at ten sweeps a second, 100,000 entries a second are seen.
  private static let sweepBudget = 10_000

  init(maxBytes: Int, maxEntries: Int?) {
    let clock = TurnClock()
    self.clock = clock
    engine = MemoryEngine(maxBytes: maxBytes, maxEntries: maxEntries) { clock.milliseconds }
  }

  /// Reads the time once for all commands of this turn.
  func turnBegins() { clock.read() }

  func connected(_ channel: any Channel) -> Int64 {
    clients[ObjectIdentifier(channel)] = channel
    engine.connectedClients = clients.count
    lastID += 1
    return lastID
  }

  func disconnected(_ channel: any Channel) {
    clients[ObjectIdentifier(channel)] = nil
    engine.connectedClients = clients.count
  }

  /// One sweep; where more than a quarter was expired, up to nine more.
  func sweep() {
    clock.read()
    for _ in 0..<10 where engine.sweep(budget: MemoryCore.sweepBudget) <= MemoryCore.sweepBudget / 4 {
      return
    }
  }

  func closeAll() {
    for channel in clients.values { channel.close(promise: nil) }
    clients = [:]
    engine = MemoryEngine(maxBytes: 1) { 0 }
  }
}

/// Milliseconds since 1970, read once per turn of the loop: a system call per command would cost as much as a `GET`.
final class TurnClock {
  private(set) var milliseconds: UInt64 = 0

  init() { read() }

  func read() {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    milliseconds = UInt64(clamping: time.tv_sec) &* 1000 &+ UInt64(clamping: time.tv_nsec / 1_000_000)
  }
}
