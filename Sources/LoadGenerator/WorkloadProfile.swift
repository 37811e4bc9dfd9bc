/// What a load asks for: how much of which verb, how large, how long-lived and how popular.
public struct WorkloadProfile: Equatable, Sendable {
  /// What a client does, in the words of memcached where the figures come from memcached.
  public enum Verb: String, Sendable, CaseIterable {
    /// `GET`.
    case get
    /// memcached's `gets` reads a value with its token: `GET`.
    case gets
    /// `SET`, with `EX` where the profile has TTLs.
    case set
    /// memcached's `cas` stores if the token still holds: `SET`, as Redis has no token.
    case cas
    /// memcached's `add` stores if there is nothing: `SET … NX`.
    case add
    /// memcached's `prepend`: `SET`, because Redis cannot prepend and a value that grows could not be verified.
    case prepend
    /// `INCR`, on a counter of its own beside the key (`key:n`), because the values of the keys are no numbers.
    case incr
    /// `DEL`.
    case delete

    /// Whether it only reads.
    public var isRead: Bool { self == .get || self == .gets }
  }

  /// A value and its weight; weights need not add up to 1.
  public struct Weighted<Value: Equatable & Sendable>: Equatable, Sendable {
    public let value: Value
    public let weight: Double

    public init(_ value: Value, _ weight: Double) {
      self.value = value
      self.weight = weight
    }
  }

  /// The name on the command line.
  public var name: String
  /// Where the figures come from, in one line.
  public let source: String
  /// Bytes per key.
  public let keySize: Int
  /// Mean bytes per value. The source gives no more than the mean.
  public let meanValueSize: Int
  /// How far sizes spread around the mean: each key has its own fixed size in mean · (1 ± spread), equally likely.
  public let valueSpread: Double
  /// The share of each verb.
  public let verbs: [Weighted<Verb>]
  /// The share of each time to live, in seconds; empty means that nothing expires.
  public let timesToLive: [Weighted<Int>]
  /// Which keys are popular.
  public let distribution: KeyDistribution

  /// A profile from its parts; see the properties.
  public init(
    name: String, source: String, keySize: Int, meanValueSize: Int, valueSpread: Double = 0,
    verbs: [Weighted<Verb>], timesToLive: [Weighted<Int>] = [], distribution: KeyDistribution
  ) {
    self.name = name
    self.source = source
    self.keySize = keySize
    self.meanValueSize = meanValueSize
    self.valueSpread = valueSpread
    self.verbs = verbs
    self.timesToLive = timesToLive
    self.distribution = distribution
  }

  /// The share of the verbs that only read, 0...1.
  public var readShare: Double {
    let all = verbs.reduce(0) { $0 + $1.weight }
    let reads = verbs.reduce(0) { $0 + ($1.value.isRead ? $1.weight : 0) }
    return all > 0 ? reads / all : 0
  }

  /// The same sizes and times to live, but every key is set once, in order: to fill a cache before a run.
  public var filling: WorkloadProfile {
    WorkloadProfile(
      name: "\(name)-filling", source: source, keySize: keySize, meanValueSize: meanValueSize,
      valueSpread: valueSpread, verbs: [Weighted(.set, 1)], timesToLive: timesToLive,
      distribution: .sequential)
  }

  /// The size of the value of key number `index`: always the same one.
  func valueSize(_ index: Int) -> Int {
    guard valueSpread > 0 else { return meanValueSize }
    let unit = Double(SplitMix64.mix(UInt64(truncatingIfNeeded: index)) >> 11) * 0x1p-53
    return Int(Double(meanValueSize) * (1 + valueSpread * (2 * unit - 1)))
  }
}

/// Draws from weighted values by their running sums.
struct WeightedChooser<Value: Equatable & Sendable>: Sendable {
  private let bounds: [Double]
  private let values: [Value]

  /// `nil` if there is nothing to draw from.
  init?(_ choices: [WorkloadProfile.Weighted<Value>]) {
    let positive = choices.filter { $0.weight > 0 }
    guard !positive.isEmpty else { return nil }
    var sum = 0.0
    bounds = positive.map { choice in
      sum += choice.weight
      return sum
    }
    values = positive.map(\.value)
  }

  func next(_ generator: inout SplitMix64) -> Value {
    let last = values.count - 1
    guard last > 0 else { return values[0] }
    let drawn = generator.unit() * bounds[last]
    var index = 0
    while index < last, bounds[index] <= drawn { index += 1 }
    return values[index]
  }
}
