import SluiceRouting

/// What was counted in one window of time, without what is only of interest in sum.
public struct WindowFigures: Sendable {
  private var cells = InlineArray<12, OperationFigures> { _ in OperationFigures() }
  /// Compares that came to a verdict, and of these the keys that new did not have and the other divergences about data.
  public private(set) var compared: UInt64 = 0
  public private(set) var missing: UInt64 = 0
  public private(set) var diverged: UInt64 = 0
  /// What the proxy held, and how long the clients of that waited in all.
  public private(set) var holds = HoldFigures.nothing
  public private(set) var waits = HeldWaits()

  /// Nothing counted yet.
  public init() {}

  /// What a stack did in one of its roles for a class of commands.
  public subscript(stack: StackID, role: Role, commandClass: CommandClass) -> OperationFigures {
    cells[LaneFigures.index(stack, role, commandClass)]
  }

  /// What new was asked.
  public var newOperations: UInt64 {
    var sum: UInt64 = 0
    for role in Role.allCases {
      for each in CommandClass.allCases { sum &+= cells[LaneFigures.index(.new, role, each)].operations }
    }
    return sum
  }

  /// Adds what lanes have counted.
  public mutating func add(_ figures: LaneFigures) {
    for index in cells.indices { cells[index].merge(figures.cells[index]) }
    let missing = figures.divergences[.missingInNew]
    let diverged = figures.compare.diverged &- missing &- figures.divergences[.timeout]
    compared &+= figures.compare.compared
    self.missing &+= missing
    self.diverged &+= min(diverged, figures.compare.diverged)
    holds.merge(figures.holds)
    waits.merge(figures.waits)
  }

  /// Adds another window.
  public mutating func merge(_ other: WindowFigures) {
    for index in cells.indices { cells[index].merge(other.cells[index]) }
    compared &+= other.compared
    missing &+= other.missing
    diverged &+= other.diverged
    holds.merge(other.holds)
    waits.merge(other.waits)
  }

  /// Forgets what new lacked: it was brought there since.
  mutating func warmed() {
    compared &-= min(missing, compared)
    missing = 0
  }

  /// What a stack did in a role, over all classes, or for one of them.
  public func work(
    _ stack: StackID, _ role: Role? = nil, _ commandClass: CommandClass? = nil
  ) -> OperationFigures {
    var sum = OperationFigures()
    for one in Role.allCases where role == nil || one == role {
      for each in CommandClass.allCases where commandClass == nil || each == commandClass {
        sum.merge(self[stack, one, each])
      }
    }
    return sum
  }
}

/// The last windows of equal length, the newest last; those in which nothing was counted are not kept.
public struct FigureWindows: Sendable {
  /// The length of each, in seconds.
  public let seconds: UInt64
  private let limit: UInt64
  /// From when on they know of everything.
  private var begins: UInt64
  private var windows: [(index: UInt64, figures: WindowFigures)] = []

  /// - Parameters:
  ///   - limit: windows that are looked back at.
  ///   - begins: the time of the clock at which counting begins.
  public init(seconds: UInt64, limit: UInt64, begins: UInt64 = 0) {
    (self.seconds, self.limit, self.begins) = (max(1, seconds), limit, begins)
  }

  /// Adds what was counted just now.
  ///
  /// - Parameter now: seconds of a clock that only goes forward.
  public mutating func add(_ figures: LaneFigures, at now: UInt64) {
    let index = now / seconds
    forget(before: index)
    guard !figures.isEmpty else { return }
    if windows.last?.index != index { windows.append((index, WindowFigures())) }
    windows[windows.count - 1].figures.add(figures)
  }

  /// Adds what was counted at a time before, by another process.
  public mutating func recall(_ figures: LaneFigures, at then: UInt64) {
    let index = then / seconds
    begins = min(begins, index &* seconds)
    guard !figures.isEmpty else { return }
    let place = windows.firstIndex { $0.index >= index } ?? windows.count
    if place == windows.count || windows[place].index != index {
      windows.insert((index, WindowFigures()), at: place)
    }
    windows[place].figures.add(figures)
  }

  /// Those that are too old go, but for the last ones that tell anything: a quiet hour makes nothing better that was seen before it.
  private mutating func forget(before index: UInt64) {
    guard let first = windows.first, first.index &+ limit <= index else { return }
    var (compared, asked) = (0, 0)
    var kept: [(index: UInt64, figures: WindowFigures)] = []
    for window in windows.reversed() {
      let hasCompared = window.figures.compared > 0
      let hasAsked = window.figures.newOperations > 0
      if window.index &+ limit > index || (hasCompared && compared < 2) || (hasAsked && asked < 2) {
        kept.append(window)
      }
      if hasCompared { compared += 1 }
      if hasAsked { asked += 1 }
    }
    windows = kept.reversed()
  }

  /// All that was counted in the last `span` seconds and in the window of that moment.
  public func sum(over span: UInt64, at now: UInt64) -> WindowFigures {
    var sum = WindowFigures()
    for window in windows.reversed() where (window.index &+ 1) &* seconds > now &- min(now, span) {
      sum.merge(window.figures)
    }
    return sum
  }

  /// How many seconds ``sum(over:at:)`` is of: fewer where counting began later.
  public func covered(by span: UInt64, at now: UInt64) -> UInt64 {
    now &- min(now, max(begins, (now &- min(now, span)) / seconds &* seconds)) &+ 1
  }

  /// Each of the last `span` seconds in which anything was counted, with its beginning.
  public func each(of span: UInt64, at now: UInt64) -> [(start: UInt64, figures: WindowFigures)] {
    windows.filter { ($0.index &+ 1) &* seconds > now &- min(now, span) }.map {
      ($0.index &* seconds, $0.figures)
    }
  }

  /// The last two windows of those in which there was something of a kind: what is known of it, however long ago that is.
  ///
  /// - Parameter start: those before it do not count.
  public func latest(since start: UInt64 = 0, _ isOfInterest: (WindowFigures) -> Bool) -> WindowFigures {
    var sum = WindowFigures()
    var found = 0
    for window in windows.reversed()
    where found < 2 && window.index >= start / seconds && isOfInterest(window.figures) {
      sum.merge(window.figures)
      found += 1
    }
    return sum
  }

  /// Forgets what new lacked: it was brought there since.
  public mutating func warmed() {
    for index in windows.indices { windows[index].figures.warmed() }
  }
}
