import Dispatch

#if canImport(Glibc)
  import Glibc
#endif

/// Gives memory back to the system when the clients that needed it have gone: glibc keeps what was freed in its arenas, and would
/// keep half a gigabyte for forty clients of this morning.
struct MemoryReturn {
  private var high = 0

  /// Called about once a second.
  ///
  /// - Parameter weight: the most that clients have held since the last call, and what they hold now, in bytes.
  mutating func look(at weight: (peak: Int, now: Int)) {
    high = max(high, weight.peak)
    guard high - weight.now >= MemoryReturn.worthIt else { return }
    high = weight.now
    // It takes a lock of each arena for some milliseconds.
    DispatchQueue.global(qos: .utility).async { MemoryReturn.trim() }
  }

  private static let worthIt = 16 << 20

  /// `malloc_trim(3)`, which Swift's view of glibc leaves out; another libc has none, and gives memory back by itself.
  private static func trim() {
    typealias Trim = @convention(c) (Int) -> CInt
    guard let symbol = dlsym(nil, "malloc_trim") else { return }
    _ = unsafeBitCast(symbol, to: Trim.self)(0)
  }
}
