import SluiceCore
import SluiceServers

extension ProxyServer {
  /// How the stacks stand with their memory, asked now if nothing else is asked of them just then, or as they said last; nil for one that never told.
  public func memory() async -> (legacy: MemoryReading?, new: MemoryReading?) {
    guard let lane = lanes.first else { return (nil, nil) }
    return await withCheckedContinuation { continuation in
      lane.loop.execute { lane.askForMemory { continuation.resume(returning: $0) } }
    }
  }
}
