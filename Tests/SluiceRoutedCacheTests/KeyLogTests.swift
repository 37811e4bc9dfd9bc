import SluiceLocks
import SluiceRouting
import Testing

@testable import SluiceRoutedCache

@Suite struct KeyLogTests {
  @Test("Every entry is performed once and in order, also when it is appended just as the log becomes empty")
  func once() async {
    let log = KeyLog(limit: 10_000)
    let seen = Shared<[Int]>([])
    for number in 0..<5000 {
      #expect(
        log.append(
          KeyLog.Entry(stack: .new, isWrite: true) { seen.state.withLock { $0.append(number) } }, for: "k"))
      // The worker is somewhere between its last entry and its end.
      if number % 3 == 0 { await Task.yield() }
    }
    #expect(await log.settled(within: .seconds(30)))
    #expect(seen.state.withLock { $0 } == Array(0..<5000))
    #expect(log.queued(.new) == 0)
  }

  @Test("Turns of one key are taken one after the other; who holds all keys waits for them, and they for it")
  func turns() async {
    let log = KeyLog(limit: 10)
    let inside = Shared((now: 0, most: 0))
    await withTaskGroup(of: Void.self) { tasks in
      for number in 0..<200 {
        tasks.addTask {
          if number % 20 == 7 { await log.takeAll() } else { await log.take("k") }
          inside.state.withLock {
            $0.now += 1
            $0.most = max($0.most, $0.now)
          }
          await Task.yield()
          inside.state.withLock { $0.now -= 1 }
          if number % 20 == 7 { log.giveAll() } else { log.give("k") }
        }
      }
    }
    #expect(inside.state.withLock { $0.most } == 1)
  }
}

/// Something that tasks count in together.
private final class Shared<State: Sendable>: Sendable {
  let state: Mutex<State>

  init(_ state: State) { self.state = Mutex(state) }
}
