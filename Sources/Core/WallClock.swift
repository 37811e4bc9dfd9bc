#if canImport(Glibc)
  import Glibc
#endif

/// The time of day, which may jump: for what is told to people and for what is compared with another
/// machine's.
enum WallClock {
  /// Nanoseconds since 1970.
  static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
