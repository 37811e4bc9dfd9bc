/// What the data plane takes from the world around it, beside its loops: the time of day, and chance.
///
/// The clock of deadlines is that of the loops (`Loop.now`). Another world than the machine's own is a simulation, in which a seed
/// owns all of this and one seed is one order of events.
public struct World: Sendable {
  /// Nanoseconds since 1970; it may jump.
  public var timeOfDay: @Sendable () -> Int64
  /// 64 random bits.
  public var random: @Sendable () -> UInt64

  public init(timeOfDay: @escaping @Sendable () -> Int64, random: @escaping @Sendable () -> UInt64) {
    self.timeOfDay = timeOfDay
    self.random = random
  }

  /// This machine.
  public static let real = World(timeOfDay: WallClock.now, random: { .random(in: .min ... .max) })

  /// A number between 0 and `most`, both included; of a remainder, so for small ones.
  func random(upTo most: Int64) -> Int64 { Int64(random() % UInt64(max(0, most) + 1)) }

  /// Milliseconds since 1970.
  var milliseconds: Int64 { timeOfDay() / 1_000_000 }
}
