import SluiceRouting

/// Commands for which a client waited although no stack was at work for it: what each waited in all, and which of the stacks' times that replaces.
///
/// What every other command waits is what its stack takes, which ``OperationFigures/latency`` of the primaries has; so nothing needs to
/// be noted for those, and together they say how clients waited (``WaitSpread``).
public struct HeldWaits: Sendable {
  private var waited = InlineArray<3, LatencyHistogram>(repeating: .empty)
  private var replaced = InlineArray<3, LatencyHistogram>(repeating: .empty)

  /// Nothing counted yet.
  public init() {}

  /// What held commands of a class waited in all.
  public func waited(_ commandClass: CommandClass) -> LatencyHistogram { waited[Int(commandClass.rawValue)] }

  /// Times in the stacks' latencies that were not all that their clients waited.
  public func replaced(_ commandClass: CommandClass) -> LatencyHistogram {
    replaced[Int(commandClass.rawValue)]
  }

  /// A client has its answer, for which it has waited so long; or several have.
  public mutating func waited(_ commandClass: CommandClass, nanoseconds: UInt64, count: UInt64 = 1) {
    waited[Int(commandClass.rawValue)].record(nanoseconds: Int64(clamping: nanoseconds), count: count)
  }

  /// Such a time, as it stands in the latency; or one that was ``waited`` in vain, for the client waits on.
  public mutating func replaced(_ commandClass: CommandClass, nanoseconds: UInt64, count: UInt64 = 1) {
    replaced[Int(commandClass.rawValue)].record(nanoseconds: Int64(clamping: nanoseconds), count: count)
  }

  /// Whether nothing was counted.
  public var isEmpty: Bool {
    CommandClass.allCases.allSatisfy { waited($0).count == 0 && replaced($0).count == 0 }
  }

  /// Adds what another one counted.
  public mutating func merge(_ other: HeldWaits) {
    for index in waited.indices {
      waited[index].merge(other.waited[index])
      replaced[index].merge(other.replaced[index])
    }
  }

  mutating func take() -> HeldWaits {
    guard !isEmpty else { return HeldWaits() }
    defer { self = HeldWaits() }
    return self
  }
}

/// How long clients waited in all.
public struct WaitSpread: Sendable {
  private var buckets: [(upper: UInt64, count: UInt64)] = []
  /// Commands that were answered.
  public private(set) var count: UInt64 = 0

  /// - Parameter latencies: of the primaries.
  public init(
    _ latencies: [LatencyHistogram], _ held: [(waited: LatencyHistogram, replaced: LatencyHistogram)]
  ) {
    var counts: [UInt64: Int64] = [:]
    func add(_ histogram: LatencyHistogram, _ sign: Int64) {
      histogram.forEachBucket { _, upper, count in
        counts[upper, default: 0] &+= sign &* Int64(clamping: count)
      }
    }
    for latency in latencies { add(latency, 1) }
    for each in held {
      add(each.waited, 1)
      add(each.replaced, -1)
    }
    // An interval may end between an answer and what the client waits on for it.
    buckets = counts.filter { $0.value > 0 }.map { ($0.key, UInt64($0.value)) }.sorted { $0.0 < $1.0 }
    count = buckets.reduce(0) { $0 &+ $1.count }
  }

  /// Visits how many took how long, in ascending order: the upper end of each bucket in microseconds, inclusive.
  public func forEachBucket(_ body: (_ highest: UInt64, _ count: UInt64) -> Void) {
    for bucket in buckets { body(bucket.upper, bucket.count) }
  }

  /// The time in microseconds that `percent` percent (0 … 100) of the commands did not exceed; 0 if there is none.
  public func microseconds(atPercent percent: Double) -> UInt64 {
    var upto: UInt64 = 0
    for bucket in buckets {
      upto &+= bucket.count
      if Double(upto) >= Double(count) * percent / 100 { return bucket.upper }
    }
    return buckets.last?.upper ?? 0
  }
}

extension LaneFigures {
  /// How clients waited for commands of a class; nil is all classes.
  public func clientWaits(_ commandClass: CommandClass? = nil) -> WaitSpread {
    WaitSpread(commandClass, waits) { self[$0, .primary, $1].latency }
  }
}

extension WindowFigures {
  /// How clients waited for commands of a class; nil is all classes.
  public func clientWaits(_ commandClass: CommandClass? = nil) -> WaitSpread {
    WaitSpread(commandClass, waits) { self[$0, .primary, $1].latency }
  }
}

extension WaitSpread {
  fileprivate init(
    _ commandClass: CommandClass?, _ held: HeldWaits, _ latency: (StackID, CommandClass) -> LatencyHistogram
  ) {
    let classes = commandClass.map { [$0] } ?? CommandClass.allCases
    self.init(
      classes.flatMap { each in StackID.allCases.map { latency($0, each) } },
      classes.map { (held.waited($0), held.replaced($0)) })
  }
}
