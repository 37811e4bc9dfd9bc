import DequeModule
import SluiceCore

/// A loop of the proxy whose turns the world decides on: reads the sockets that have something, then runs what is due, then what was handed
/// over; and behind each of these carries out what its lane wants done.
///
/// One thread runs everything in a simulation, so nothing here is shared: that is the proof behind `@unchecked Sendable`.
final class SimLoop: Actor, Loop, @unchecked Sendable {
  private struct Timer {
    let deadline: UInt64
    let work: () -> Void
  }

  unowned(unsafe) let world: SimWorld
  var lane: Lane?
  private var tasks = Deque<() -> Void>()
  /// By their deadlines.
  private var timers = Deque<Timer>()
  private var ready = Deque<SimSocket>()
  private var alarm = Alarm()
  private var isCarryingOut = false
  private var underWay: [Effect] = []
  /// The process has ended: nothing happens here any more.
  private(set) var isDead = false
  /// Until when the loop does nothing: its thread was not given the processor.
  var stalledUntil: UInt64 = 0

  init(_ world: SimWorld) { self.world = world }

  // MARK: Turns

  override func act() {
    guard alarm.rings(at: world.now), !isDead else { return }
    if stalledUntil > world.now { return wake(at: stalledUntil) }
    world.run(on: self) {
      // One read for each socket, in the order in which they became ready.
      for _ in 0..<ready.count {
        guard let socket = ready.popFirst() else { break }
        socket.isQueued = false
        socket.turn()
      }
      while let first = timers.first, first.deadline <= world.now, !isDead {
        timers.removeFirst()
        first.work()
        carryOut()
      }
      var budget = 4096
      while budget > 0, !isDead, let task = tasks.popFirst() {
        budget -= 1
        task()
        carryOut()
      }
    }
    guard !isDead else { return }
    if !ready.isEmpty || !tasks.isEmpty { wake(at: world.now + world.turnTime()) }
    if let first = timers.first { wake(at: first.deadline) }
  }

  private func wake(at time: UInt64) { if alarm.isSooner(time) { world.agenda.add(self, at: time) } }

  func enqueue(_ socket: SimSocket) {
    guard !socket.isQueued, !isDead else { return }
    socket.isQueued = true
    ready.append(socket)
    wake(at: world.now + world.turnTime())
  }

  /// Runs something at once, as if the loop had come to it.
  func perform(_ work: () throws -> Void) rethrows {
    try world.run(on: self) {
      try work()
      carryOut()
    }
    if !tasks.isEmpty, !isDead { wake(at: world.now + world.turnTime()) }
  }

  /// The process is gone: what was still to be done happens to nobody.
  func end() {
    isDead = true
    lane = nil
    tasks = []
    timers = []
    ready = []
  }

  // MARK: What a lane asks of its loop

  var isCurrent: Bool { world.current === self }
  var now: UInt64 { world.now }

  func execute(_ work: @escaping @Sendable () -> Void) {
    guard !isDead else { return }
    tasks.append(work)
    if world.current !== self { wake(at: world.now + world.turnTime()) }
  }

  /// Runs the work so many nanoseconds later.
  func schedule(in delay: UInt64, _ work: @escaping () -> Void) {
    guard !isDead else { return }
    let deadline = world.now + delay
    var place = timers.endIndex
    while place > 0, timers[place - 1].deadline > deadline { place -= 1 }
    timers.insert(Timer(deadline: deadline, work: work), at: place)
    wake(at: deadline)
  }

  /// Runs the work again and again.
  func schedule(every period: UInt64, _ work: @escaping () -> Void) {
    schedule(in: period) { [unowned(unsafe) self] in
      work()
      schedule(every: period, work)
    }
  }

  // MARK: What a lane wants done

  func carryOut() {
    guard !isCarryingOut, let lane else { return }
    isCarryingOut = true
    while !lane.effects.isEmpty, !isDead {
      swap(&underWay, &lane.effects)
      for effect in underWay { perform(effect, lane) }
      underWay.removeAll(keepingCapacity: true)
    }
    isCarryingOut = false
  }

  private func perform(_ effect: Effect, _ lane: Lane) {
    switch effect {
    case .endTurn: execute { lane.endTurn() }
    case .write(let socket, let bytes):
      (socket as? SimSocket)?.write(bytes.span)
      lane.giveBack(bytes)
    case .whenTaken(let socket, let work): (socket as? SimSocket)?.whenTaken(work)
    case .read(let socket, let isOn): (socket as? SimSocket)?.setRead(isOn)
    case .close(let socket, let ending): (socket as? SimSocket)?.close(ending)
    case .connect(let endpoint, let end): world.connect(endpoint, self, end)
    case .arm(let delay, let work): schedule(in: UInt64(max(0, delay)), work)
    case .post(let other, let work): other.loop.execute(work)
    case .report(let event): world.heard(event)
    case .yield: break
    }
  }
}
