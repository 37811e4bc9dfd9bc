import SluiceJournal
import SluiceLocks
import SluiceRouting
import SluiceServers

/// What all lanes together know of one stack's server: which run of it they have met, and whether what it holds may be believed.
///
/// Lanes connect one by one, but a server that came back is one: the first lane to meet a new run decides for all of them,
/// and if the stack has to be emptied, one lane does it while no other is connected. So no lane can take for its own
/// keys' state what another lane has just thrown away.
package final class StackHistory: Sendable {
  /// What a lane has to do before it may send commands.
  enum Arrival: Equatable {
    /// Nothing.
    case welcome
    /// Empty the stack, and say `wasEmptied`: what it holds may be older than what was acknowledged.
    case mustBeEmptied
    /// Come again: another lane is emptying the stack, or still has a connection to it.
    case later
  }

  private struct State {
    let stack: StackID
    let record: InForceRecord?
    var run: [UInt8]?
    /// Whether this process has met it.
    var isMet = false
    var losses: UInt64 = 0
    var restorations: UInt64 = 0
    var coldSince: Int64?
    /// A process that is killed while it is leaves it to the next one.
    var isDoubtful = false { didSet { if isDoubtful != oldValue { record?.doubt(stack, isDoubtful) } } }
    /// The lanes that may have doubtful keys here of which this stack is the primary.
    var strays: Set<Int> = []
    var emptier: Int?
    var attached: Set<Int> = []
    /// Connections that lanes have given up with commands on their way, by lane.
    var abandoned: [Int: Set<Int>] = [:]
    /// Connections of the process before, until the server has said which run of it this is; then those of this run.
    var inherited: [StackClient] = []
    var strangers: Set<Int> = []

    /// The stack holds nothing any more.
    ///
    /// - Parameter now: milliseconds since 1970.
    mutating func lose(at now: Int64) {
      losses += 1
      isDoubtful = false
      emptier = nil
      coldSince = now
    }
  }

  private let world: World
  private let state: Mutex<State>
  private let lastPlace = Mutex<StackPlace?>(nil)
  private let lastVersion = Mutex<[UInt8]?>(nil)
  private let lastShift = Mutex<ClockShift?>(nil)
  /// Unfinished copies that stand on the stack under hidden names, of all lanes.
  let hiddenCopies = Atomic(0)
  private let lastFacts = Mutex<ServerFacts?>(nil)
  private let lastRESP3 = Mutex<Bool?>(nil)
  private let lastClock = Mutex<(offset: ClockOffset, at: Int64)?>(nil)

  /// - Parameter record: where a doubt outlives the process; nil if it need not.
  init(_ stack: StackID, record: InForceRecord? = nil, in world: World) {
    self.world = world
    state = Mutex(State(stack: stack, record: record))
  }

  /// Where the stack was met last; nil before the first time.
  package var place: StackPlace? {
    get { lastPlace.withLock { $0 } }
    set { lastPlace.withLock { $0 = newValue } }
  }

  /// What the server says its version is; nil as long as it has not told.
  var version: [UInt8]? {
    get { lastVersion.withLock { $0 } }
    set { lastVersion.withLock { $0 = newValue } }
  }

  /// What the server is, as far as it has told; nil before it was met.
  package var facts: ServerFacts? { lastFacts.withLock { $0 } }

  /// The same of one that was not met yet: nothing is known of it.
  var server: ServerFacts { facts ?? ServerFacts() }

  /// Whether the server speaks RESP3; nil before it was met.
  var hasRESP3: Bool? {
    get { lastRESP3.withLock { $0 } }
    set { lastRESP3.withLock { $0 = newValue } }
  }

  /// - Parameter hasTransactions: whether no layers and no embedded engine stand in its place.
  func met(_ facts: ServerFacts?, hasTransactions: Bool) {
    lastFacts.withLock { known in
      if let facts { known = facts }
      known?.hasTransactions = hasTransactions
    }
  }

  /// How far the server's clock is from ours; nil before it has told.
  package var clock: ClockOffset? { lastClock.withLock { $0?.offset } }

  /// By how much expiries are moved for this run of the server: fixed when the first connection to it came up.
  func shift(of run: [UInt8]?, tolerance: Int64) -> Int {
    let clock = clock
    return lastShift.withLock { shift in
      if let shift, shift.run == run { return shift.milliseconds }
      guard let clock else { return 0 }
      let fixed = ClockShift(run: run, clock, tolerance: tolerance)
      shift = fixed
      return fixed.milliseconds
    }
  }

  /// What was fixed last, in milliseconds.
  package var shift: Int { lastShift.withLock { $0?.milliseconds ?? 0 } }

  /// The server has told its time. Of the readings of one moment, when all lanes connect, the one that was
  /// answered quickest counts.
  func told(_ offset: ClockOffset) {
    let now = world.timeOfDay()
    lastClock.withLock { last in
      if let last, abs(now &- last.at) < 5_000_000_000, last.offset.uncertainty < offset.uncertainty {
        return
      }
      last = (offset, now)
    }
  }

  /// How often the stack was found, or made, empty. A lane that sees it grow has lost everything that it knew to be there.
  package var losses: UInt64 { state.withLock { $0.losses } }

  /// How often the stack came back with what another run of it had kept, and was believed.
  var restorations: UInt64 { state.withLock { $0.restorations } }

  /// When the stack was last found, or made, empty, in milliseconds since 1970; nil if it never was.
  var coldSince: Int64? { state.withLock { $0.coldSince } }

  /// Nothing that the stack holds may be served: whoever connects next has to empty it. The lanes that are connected must be cut
  /// off, or none will.
  func doubtEverything() { state.withLock { $0.isDoubtful = true } }

  /// The stack is the other one under another name: there is nothing that it could be older than.
  func believe() { state.withLock { $0.isDoubtful = false } }

  /// Whether the lane may have doubtful keys here of which this stack is the primary.
  func hasStrays(_ hasStrays: Bool, lane: Int) {
    state.withLock { state in
      if hasStrays { state.strays.insert(lane) } else { state.strays.remove(lane) }
    }
    tellStrays()
  }

  /// Leaves to the next process what is so; a flip under way may have said more.
  func tellStrays() { state.withLock { $0.record?.stray($0.stack, !$0.strays.isEmpty) } }

  /// Whether the stack still has to be emptied.
  var isDoubtful: Bool { state.withLock { $0.isDoubtful } }

  /// A lane has connected and asked the server for its run and for the number of its keys; nil where it would not say.
  ///
  /// - Parameter mayBeEmptied: whether a restored stack is to be: writes go to both stacks, and this one is not the primary
  ///   of all keys. Where it is, and where writes go to one stack only, it answers as it would without us.
  func arrived(lane: Int, run: [UInt8]?, keys: Int?, mayBeEmptied: Bool) -> Arrival {
    state.withLock { state in
      if let emptier = state.emptier, emptier != lane { return .later }
      let isAnotherRun = run != nil && state.run != nil && run != state.run
      let isFirst = !state.isMet && state.attached.isEmpty && state.losses == 0
      if let run {
        // Numbers of another run may be somebody else's by now.
        state.strangers.formUnion(state.inherited.filter { $0.run == run }.map(\.number))
        state.inherited = []
      }
      // A run that nobody has met has no connection of ours: those that are left are dead.
      if isAnotherRun {
        state.attached = []
        state.abandoned = [:]
        state.strangers = []
      }
      let mayLie = state.isDoubtful || (isAnotherRun && mayBeEmptied)
      if isAnotherRun, !mayLie, keys != 0 { state.restorations += 1 }
      if mayLie {
        state.attached.remove(lane)
        guard state.attached.isEmpty else { return .later }
        if keys != 0 {
          state.emptier = lane
          return .mustBeEmptied
        }
      }
      // Who hides its run may be another one when nobody is left that knew it.
      let mayBeAnother = isAnotherRun || run == nil && state.attached.isEmpty
      if keys == 0, mayBeAnother || isFirst || state.isDoubtful { state.lose(at: world.milliseconds) }
      state.run = run ?? state.run
      state.isMet = true
      state.attached.insert(lane)
      return .welcome
    }
  }

  /// The lane that was told to has emptied the stack.
  func wasEmptied(by lane: Int, run: [UInt8]?) {
    state.withLock { state in
      state.lose(at: world.milliseconds)
      state.run = run ?? state.run
      state.isMet = true
      state.attached.insert(lane)
    }
  }

  /// A lane has no connection any more.
  ///
  /// - Parameter client: the server's number for it, if commands were on their way: the server may not have read them yet.
  func left(_ lane: Int, client: Int?) {
    state.withLock { state in
      state.attached.remove(lane)
      if state.emptier == lane { state.emptier = nil }
      if let client { state.abandoned[lane, default: []].insert(client) }
    }
  }

  /// Connections of a process that was killed: what the server has of them in its buffers is not to be carried out any more. If it has
  /// started anew since, it may have come back with what is old.
  func inherit(_ clients: [StackClient]) {
    state.withLock { state in
      state.inherited = clients
      state.run = clients.last?.run
    }
  }

  /// The connections whose late commands must not be carried out behind those of a new one: the lane's own and those of the process
  /// before, whose lanes may have been others; or before the stack is emptied everybody's.
  func abandoned(by lane: Int, orAnybody: Bool) -> Set<Int> {
    state.withLock { state in
      let own =
        orAnybody ? state.abandoned.values.reduce(into: []) { $0.formUnion($1) } : state.abandoned[lane] ?? []
      return own.union(state.strangers)
    }
  }

  /// The server has forgotten these connections.
  func forgot(_ clients: Set<Int>) {
    state.withLock { state in
      for lane in state.abandoned.keys { state.abandoned[lane]?.subtract(clients) }
      state.strangers.subtract(clients)
    }
  }
}
