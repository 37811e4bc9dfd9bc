import DequeModule
import Dispatch
import NIOCore

/// An event loop whose turns the world decides on: reads the sockets that have something, then runs what is due, then what was handed over.
///
/// One thread runs everything in a simulation, so nothing here is shared: that is the proof behind `@unchecked Sendable`.
final class SimLoop: EventLoop, Actor, @unchecked Sendable {
  private struct Timer {
    let deadline: UInt64
    let number: UInt64
    let task: () -> Void
    let cancel: () -> Void
  }

  unowned let world: SimWorld
  private var tasks = Deque<() -> Void>()
  private var timers: [Timer] = []
  private var lastNumber: UInt64 = 0
  private var ready = Deque<SimChannel>()
  private var alarm = Alarm()
  /// The process has ended: nothing happens here any more.
  var isDead = false
  /// Until when the loop does nothing: its thread was not given the processor.
  var stalledUntil: UInt64 = 0

  init(_ world: SimWorld) { self.world = world }

  // MARK: Turns

  func act() {
    guard alarm.rings(at: world.now), !isDead else { return }
    if stalledUntil > world.now { return wake(at: stalledUntil) }
    world.run(on: self) {
      // One read for each socket, in the order in which they became ready.
      for _ in 0..<ready.count {
        guard let channel = ready.popFirst() else { break }
        channel.isQueued = false
        channel.turn()
      }
      while let first = timers.first, first.deadline <= world.now, !isDead {
        timers.removeFirst()
        first.task()
      }
      var budget = 4096
      while budget > 0, !isDead, let task = tasks.popFirst() {
        budget -= 1
        task()
      }
    }
    guard !isDead else { return }
    if !ready.isEmpty || !tasks.isEmpty { wake(at: world.now + world.turnTime()) }
    if let first = timers.first { wake(at: first.deadline) }
  }

  private func wake(at time: UInt64) { if alarm.isSooner(time) { world.agenda.add(self, at: time) } }

  func enqueue(_ channel: SimChannel) {
    guard !channel.isQueued, !isDead else { return }
    channel.isQueued = true
    ready.append(channel)
    wake(at: world.now + world.turnTime())
  }

  /// Runs something at once, as if the loop had come to it.
  func perform(_ work: () throws -> Void) rethrows { try world.run(on: self, work) }

  /// The process is gone: what was still to be done happens to nobody, so that nobody waits for it.
  func end() {
    isDead = true
    perform {
      for timer in timers { timer.cancel() }
      timers = []
      var budget = 10_000
      while budget > 0, let task = tasks.popFirst() {
        budget -= 1
        task()
      }
    }
    tasks = []
    ready = []
  }

  // MARK: What NIO asks of a loop

  var inEventLoop: Bool { world.current === self }
  var now: NIODeadline { .uptimeNanoseconds(world.now) }

  func execute(_ task: @escaping @Sendable () -> Void) {
    tasks.append(task)
    if !isDead, world.current !== self { wake(at: world.now + world.turnTime()) }
  }

  func submit<T>(_ task: @escaping @Sendable () throws -> T) -> EventLoopFuture<T> {
    let promise = makePromise(of: T.self)
    execute { promise.assumeIsolated().completeWith(Result { try task() }) }
    return promise.futureResult
  }

  func scheduleTask<T>(deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
    let promise = makePromise(of: T.self)
    lastNumber += 1
    let number = lastNumber
    add(
      Timer(deadline: deadline.uptimeNanoseconds, number: number) {
        promise.assumeIsolated().completeWith(Result { try task() })
      } cancel: {
        promise.fail(EventLoopError.shutdown)
      })
    return Scheduled(promise: promise) { self.timers.removeAll { $0.number == number } }
  }

  func scheduleTask<T>(in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
    scheduleTask(deadline: now + delay, task)
  }

  private func add(_ timer: Timer) {
    guard !isDead else { return timer.cancel() }
    let place = timers.firstIndex { $0.deadline > timer.deadline } ?? timers.endIndex
    timers.insert(timer, at: place)
    wake(at: timer.deadline)
  }

  func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
    end()
    callback(nil)
  }
}
