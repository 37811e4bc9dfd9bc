import NIOCore

#if canImport(Glibc)
  import Glibc
#endif

/// What the data plane takes from the world around it, beside the loops that it runs on: the time of day, chance, and sockets to stacks.
///
/// The clock of deadlines is that of the loops (`EventLoop.now`). Another world than the machine's own is a simulation, in which a seed
/// owns all of this and one seed is one order of events.
public struct World: Sendable {
  /// Nanoseconds since 1970; it may jump.
  public var timeOfDay: @Sendable () -> Int64
  /// 64 random bits.
  public var random: @Sendable () -> UInt64
  /// Opens a socket to a stack. The handler is in its pipeline before the first byte; called and answered on the loop.
  public var connect:
    @Sendable (StackEndpoint, EventLoop, any ChannelHandler & Sendable) -> EventLoopFuture<any Channel>
  /// Called behind a turn in which clients were answered: whoever was given something to do may have our processor first.
  public var yield: @Sendable () -> Void

  public init(
    timeOfDay: @escaping @Sendable () -> Int64, random: @escaping @Sendable () -> UInt64,
    connect:
      @escaping @Sendable (StackEndpoint, EventLoop, any ChannelHandler & Sendable) -> EventLoopFuture<
        any Channel
      >,
    yield: @escaping @Sendable () -> Void
  ) {
    self.timeOfDay = timeOfDay
    self.random = random
    self.connect = connect
    self.yield = yield
  }

  /// This machine.
  public static let real = World(
    timeOfDay: WallClock.now, random: { .random(in: .min ... .max) },
    connect: { endpoint, loop, handler in endpoint.connect(on: loop, handler) },
    yield: { sched_yield() })

  /// A number between 0 and `most`, both included; of a remainder, so for small ones.
  func random(upTo most: Int64) -> Int64 { Int64(random() % UInt64(max(0, most) + 1)) }

  /// Milliseconds since 1970.
  var milliseconds: Int64 { timeOfDay() / 1_000_000 }
}
