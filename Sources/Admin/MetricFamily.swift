/// One metric with all its series, as it is at this moment.
public struct MetricFamily: Sendable {
  public enum Kind: Sendable {
    /// Its name is written without the `_total` that both formats put behind it.
    case counter
    case gauge
    case histogram
  }

  public struct Series: Sendable {
    public var labels: [(name: String, value: String)]
    public var value: Value

    public enum Value: Sendable {
      case number(Double)
      /// Whole, and exact beyond 2⁵³.
      case count(UInt64)
      case spread(Spread)
    }
  }

  /// A histogram's counts.
  public struct Spread: Sendable, Equatable {
    /// Upper ends, ascending, in the metric's unit.
    public let bounds: [Double]
    /// Of each bound what is not above it and above the one before; the last one is what is above all.
    public private(set) var counts: [UInt64]
    public private(set) var sum: Double = 0

    public init(bounds: [Double]) {
      self.bounds = bounds
      counts = Array(repeating: 0, count: bounds.count + 1)
    }

    /// Adds values that lie between `low` and `high`; they count as the higher one, and half-way in the sum.
    public mutating func add(from low: Double, to high: Double, count: UInt64) {
      let place = bounds.firstIndex { high <= $0 } ?? bounds.count
      counts[place] &+= count
      sum += (low + high) / 2 * Double(count)
    }

    public var total: UInt64 { counts.reduce(0, &+) }
  }

  public let name: String
  public let kind: Kind
  /// One sentence.
  public let help: String
  public var series: [Series] = []

  public init(_ name: String, _ kind: Kind, _ help: String) {
    self.name = name
    self.kind = kind
    self.help = help
  }

  /// A metric with one series without labels; none where there is no value.
  public static func gauge(_ name: String, _ help: String, _ value: Double?) -> MetricFamily {
    var family = MetricFamily(name, .gauge, help)
    if let value { family.add(value) }
    return family
  }

  public static func counter(_ name: String, _ help: String, _ value: UInt64) -> MetricFamily {
    var family = MetricFamily(name, .counter, help)
    family.add(value)
    return family
  }

  public mutating func add(_ value: Double, _ labels: KeyValuePairs<String, String> = [:]) {
    series.append(Series(labels: labels.map { ($0, $1) }, value: .number(value)))
  }

  public mutating func add(_ value: UInt64, _ labels: KeyValuePairs<String, String> = [:]) {
    series.append(Series(labels: labels.map { ($0, $1) }, value: .count(value)))
  }

  public mutating func add(_ spread: Spread, _ labels: KeyValuePairs<String, String> = [:]) {
    series.append(Series(labels: labels.map { ($0, $1) }, value: .spread(spread)))
  }

  /// One series for each of `values`, 1 for the one that is, 0 for the others.
  public static func states(
    _ name: String, _ help: String, label: String, _ values: [String], is state: String
  ) -> MetricFamily {
    var family = MetricFamily(name, .gauge, help)
    for value in values { family.add(value == state ? 1 : 0 as Double, [label: value]) }
    return family
  }
}
