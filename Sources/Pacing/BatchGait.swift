/// How many small keys a lane has under way for a walk, and when it rests between them.
///
/// With no client about, as many as keep two servers busy. While clients are served, a handful at a time and a rest behind each: nobody
/// waits behind more than a handful, and whoever shares the processors with the servers finds one free.
///
/// Pure: times are nanoseconds of any clock that does not go back.
public struct BatchGait: Sendable {
  public enum Next: Equatable, Sendable {
    case nothing
    /// There is room for several: they leave in one write.
    case goOn
    /// For so many nanoseconds.
    case rest(UInt64)
  }

  /// Keys that were asked for and are not dealt with.
  public private(set) var underWay = 0
  /// Commands of clients so far, and when they were last seen to have become more.
  private var served: UInt64?
  private var servedAt: UInt64?
  private var isGentle = false
  private var beganAt: UInt64 = 0
  private var restsUntil: UInt64 = 0
  /// A handful is complete: nothing comes to it until all of it is dealt with.
  private var isFull = false

  public init() {}

  /// Looks whether clients are about.
  ///
  /// - Parameter served: a number that grows with their commands.
  public mutating func look(served: UInt64, at now: UInt64) {
    if let before = self.served, before != served { servedAt = now }
    self.served = served
    isGentle = servedAt.map { now &- $0 < BatchGait.memory } ?? false
  }

  public func isResting(at now: UInt64) -> Bool { now < restsUntil }

  /// Whether one more may be asked for.
  public var hasRoom: Bool { !isFull && underWay < (isGentle ? BatchGait.handful : BatchGait.most) }

  public mutating func began(at now: UInt64) {
    if underWay == 0 { beganAt = now }
    underWay += 1
    if isGentle, underWay >= BatchGait.handful { isFull = true }
  }

  /// A key is dealt with.
  public mutating func ended(at now: UInt64) -> Next {
    underWay = max(0, underWay - 1)
    guard isGentle else {
      isFull = false
      return underWay <= BatchGait.most / 2 ? .goOn : .nothing
    }
    guard underWay == 0 else { return .nothing }
    isFull = false
    let rest = min((now &- beganAt) &* BatchGait.restShare / 100, BatchGait.longestRest)
    restsUntil = now &+ rest
    return .rest(rest)
  }

  /// Few enough that a client's command behind them hardly waits.
  public static let handful = 16
  /// Enough to keep two servers busy.
  public static let most = 1400
  /// How long after a client's command a lane is gentle.
  static let memory: UInt64 = 200_000_000
  /// In hundredths of what a handful took. Measured on two processors that five processes share (docs/benchmarks.md).
  static let restShare: UInt64 = 150
  static let longestRest: UInt64 = 5_000_000
}
