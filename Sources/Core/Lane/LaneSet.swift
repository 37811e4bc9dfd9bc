import SluiceFigures
import SluiceJournal
import SluiceLocks
import SluiceRouting

/// The lanes of one proxy, what they share, and what concerns them all: how they begin, a flip, a new client.
///
/// It has no thread, door or clock of its own. A server runs it on the event loops of a machine, a simulation on loops that a seed owns.
package final class LaneSet: Sendable {
  package let lanes: [Lane]
  package let journal: SuspectJournal?
  package let shared: ProxyShared
  package let histories: (legacy: StackHistory, new: StackHistory)
  /// What the servers have told of their commands.
  package let book = CommandBook()
  package let clientMemory: ClientMemory
  /// How often the lanes want their `tick`, in nanoseconds: often enough to see a deadline pass within an eighth of it.
  package let period: Int64
  package let scripts: ScriptLibrary
  /// The last routing that was handed to the lanes.
  private let inForce: Mutex<RoutingSnapshot>
  /// What the process before has left behind.
  private let left: (recovered: SuspectJournal.Recovered?, mirrored: Set<StackID>, leftOutAnew: StackID?)

  /// - Parameters:
  ///   - loops: one for each lane.
  ///   - routing: what is in force from the first command on.
  ///   - journal: where suspects outlive the process, with one part for each lane; nil if they need not.
  ///   - isContinued: whether that was in force when the journal was written.
  ///   - desk: where passwords are looked at whose hashes take long.
  package init(
    _ settings: ProxySettings, on loops: [any Loop], legacy: StackEndpoint, new: StackEndpoint,
    routing: RoutingSnapshot, journal: SuspectJournal?, isContinued: Bool, desk: any PasswordLooks
  ) {
    let record = journal?.inForce
    let histories = (
      legacy: StackHistory(.legacy, record: record, in: settings.world),
      new: StackHistory(.new, record: record, in: settings.world)
    )
    let journals = journal?.lanes ?? []
    let book = book
    lanes = loops.enumerated().map { index, loop in
      Lane(
        index: index, loop: loop, settings: settings, routing: routing, legacy: legacy, new: new,
        histories: histories, book: book, journal: journals.indices.contains(index) ? journals[index] : nil)
    }
    self.journal = journal
    self.histories = histories
    inForce = Mutex(routing)
    shared = ProxyShared(exclusive: ExclusiveCommands(lanes: lanes), desk: desk)
    shared.census.limit.store(settings.access.clientsPerAddress, ordering: .relaxed)
    clientMemory = ClientMemory(limit: settings.clientMemory)
    scripts = ScriptLibrary(rules: settings.scriptRules)
    period = max(5_000_000, min(min(legacy.commandTimeout, new.commandTimeout) / 8, 250_000_000))
    let stage = routing.effectiveStage
    var recovered = LawBreak.noJournal.isOn ? nil : journal?.recovered
    let remembered = LawBreak.noJournal.isOn ? nil : journal?.remembered
    // Another stage than the one in force before is a flip like any other: what comes into use again may hold what is old.
    let (everything, mirrored) = journal?.doubts(in: isContinued ? routing : nil) ?? ([], [])
    recovered?.everything = everything.union(remembered?.doubts(at: stage) ?? [])
    left = (recovered, mirrored, remembered?.leavesOutAnew(at: stage))
  }

  // MARK: The beginning, in this order; each on the loop of its lane, all lanes one step before any goes the next

  package func prepare(_ index: Int) {
    lanes[index].prepare(
      among: lanes, recovered: left.recovered, mirrored: left.mirrored, leftOutAnew: left.leftOutAnew,
      clientMemory: clientMemory, scripts: scripts)
  }

  /// Every lane has what the process before has left.
  package func wasTakenOver() {
    let stage = inForce.withLock { $0.effectiveStage }
    journal?.inForce?.leaveOut(Set([stage.leftOut].compactMap(\.self)))
    journal?.wasTakenOver()
  }

  package func open(_ index: Int) { lanes[index].open() }

  /// Four times a second or more often; see `period`.
  package func tick(_ index: Int) { lanes[index].tick() }

  // MARK: Flips

  /// Puts a routing in force in every lane and says so when it is. `deadline` bounds how long a fence may hold a lane.
  ///
  /// A stack that comes into use again, and was not told of the writes meanwhile, is emptied first; that too is bounded by the
  /// deadline, and a stack that cannot be reached by then is emptied before it answers for anything.
  package func adopt(
    _ snapshot: RoutingSnapshot, deadline: Int64, done: @escaping @Sendable ([LaneFlip]) -> Void
  ) {
    emptyUnfed(before: snapshot, deadline: deadline) { emptied in
      // A stack is left out before the first write that it is not told of, and until the last one.
      self.note(snapshot) { $0.union($1.filter { $0 != emptied }) }
      self.onEachLane { lane, done in
        lane.adopt(snapshot, deadline: deadline, flipped: done)
      } then: { flips in
        self.note(snapshot) { now, _ in now }
        self.tellStrays()
        done(
          flips.map {
            var flip = $0
            flip.emptied = emptied
            return flip
          })
      }
    }
  }

  /// Every lane is in the routing that the next process will remember: leaves to it which stacks have doubtful keys of which they are
  /// the primary.
  package func tellStrays() {
    histories.legacy.tellStrays()
    histories.new.tellStrays()
  }

  /// Writes down which stacks are not told of writes, unless a newer routing says so; from those of this one and those written down.
  private func note(_ snapshot: RoutingSnapshot, _ leftOut: (Set<StackID>, Set<StackID>) -> Set<StackID>) {
    guard let record = journal?.inForce else { return }
    let now = Set([snapshot.effectiveStage.leftOut].compactMap(\.self))
    inForce.withLock { inForce in
      guard inForce.version == snapshot.version else { return }
      record.leaveOut(leftOut(now, Set(record.value.leftOut.keys)))
    }
  }

  /// - Parameter then: called with the stack that was emptied for it; at once if there is none.
  private func emptyUnfed(
    before snapshot: RoutingSnapshot, deadline: Int64, then: @escaping @Sendable (StackID?) -> Void
  ) {
    let leftOut: StackID? = inForce.withLock { inForce in
      // One that was overtaken says nothing of what is left out from here on.
      guard snapshot.version >= inForce.version else { return nil }
      defer { inForce = snapshot }
      let leftOut = inForce.effectiveStage.leftOut
      return snapshot.effectiveStage.leftOut == leftOut ? nil : leftOut
    }
    guard let stack = leftOut, !hasOnePlace else { return then(nil) }
    onEachLane { lane, done in
      done(lane.isUnfed(stack))
    } then: { unfed in
      guard unfed.contains(true) else { return then(nil) }
      let history = stack == .legacy ? self.histories.legacy : self.histories.new
      history.doubtEverything()
      let losses = history.losses
      self.onEachLane { lane, done in
        lane.cutToBeEmptied(stack)
        done(())
      } then: { _ in
        let end = self.lanes[0].loop.now &+ UInt64(deadline)
        self.waitForEmptying(of: stack, losses: losses, until: end) { then(stack) }
      }
    }
  }

  private func waitForEmptying(
    of stack: StackID, losses: UInt64, until end: UInt64, then: @escaping @Sendable () -> Void
  ) {
    onEachLane { lane, done in
      done(lane.connection(stack).isUp)
    } then: { states in
      let history = stack == .legacy ? self.histories.legacy : self.histories.new
      let loop = self.lanes[0].loop
      if loop.now >= end || (states.allSatisfy(\.self) && history.losses > losses) { return then() }
      self.lanes[0].arm(in: 2_000_000) {
        self.waitForEmptying(of: stack, losses: losses, until: end, then: then)
      }
    }
  }

  /// Whether both names are one database.
  private var hasOnePlace: Bool { histories.new.place?.isSame(as: histories.legacy.place) ?? false }

  /// Asks every lane on its own loop, and goes on on the first one's with the answers, in the order of the lanes.
  private func onEachLane<Answer: Sendable>(
    _ ask: @escaping @Sendable (Lane, _ done: @escaping @Sendable (Answer) -> Void) -> Void,
    then: @escaping @Sendable ([Answer]) -> Void
  ) {
    let home = lanes[0].loop
    var answers = [Answer?](repeating: nil, count: lanes.count)
    let collected = OnOneLoop { (index: Int, answer: Answer) in
      answers[index] = answer
      let all = answers.compactMap(\.self)
      if all.count == answers.count { then(all) }
    }
    for lane in lanes {
      lane.loop.execute {
        ask(lane) { answer in home.execute { collected.body((lane.index, answer)) } }
      }
    }
  }
}

extension Lane {
  fileprivate func prepare(
    among lanes: [Lane], recovered: SuspectJournal.Recovered?, mirrored: Set<StackID>, leftOutAnew: StackID?,
    clientMemory: ClientMemory, scripts: ScriptLibrary
  ) {
    peers = lanes
    self.scripts = scripts
    self.clientMemory = clientMemory
    // Until this start it was told of everything.
    if let leftOutAnew { wasLeftOut(leftOutAnew) }
    if let recovered { takeOver(recovered, mirrored: mirrored) }
  }

  fileprivate func open() {
    turnBegan()
    connection(.legacy).connect()
    connection(.new).connect()
  }
}

/// Carries what belongs to one loop over others and back to it, where alone it is called: that is the proof behind
/// `@unchecked Sendable`.
struct OnOneLoop<Value>: @unchecked Sendable {
  let body: (Value) -> Void

  init(_ body: @escaping (Value) -> Void) { self.body = body }
}
