import Foundation
import SluiceLoadGenerator
import SluiceLocks
import SluiceRedisClient

/// A client that sends one command after the other at a steady pace, on a thread of its own, and remembers how long each took.
final class PacedClient: Sendable {
  private let results = Mutex<[UInt64]>([])
  private let trouble = Mutex<String?>(nil)
  private let isStopping = Atomic<Bool>(false)
  private let done = DispatchSemaphore(value: 0)

  /// - Parameter rate: commands a second; every tenth is a `SET`, the others are `GET`s.
  init(_ endpoint: RedisEndpoint, rate: Int) throws {
    let pause = UInt64(1_000_000_000 / max(1, rate))
    let thread = Thread { [self] in
      do { try send(to: endpoint, pause) } catch { trouble.withLock { $0 = "\(error)" } }
      done.signal()
    }
    thread.start()
  }

  private func send(to endpoint: RedisEndpoint, _ pause: UInt64) throws {
    let client = try RedisClient(endpoint)
    var times: [UInt64] = []
    var due = MonotonicClock.now()
    var number = 0
    while !isStopping.load(ordering: .relaxed) {
      let before = MonotonicClock.now()
      let answer =
        number % 10 == 0
        ? try client.command("SET", "paced", String(repeating: "x", count: 100))
        : try client.command("GET", "paced")
      if case .error(let text) = answer { throw BenchError("a client was answered: \(text)") }
      times.append(MonotonicClock.now() - before)
      number += 1
      // A stall is met by one command; the pace goes on from its end.
      due = max(due + pause, MonotonicClock.now())
      let wait = due - min(due, MonotonicClock.now())
      if wait > 0 { usleep(UInt32(clamping: wait / 1000)) }
    }
    // What others count is as it was.
    _ = try client.command("DEL", "paced")
    results.withLock { $0 = times }
  }

  /// Stops it; the 99th percentile in microseconds.
  func finish() throws -> Double {
    isStopping.store(true, ordering: .relaxed)
    done.wait()
    if let trouble = trouble.withLock({ $0 }) { throw BenchError(trouble) }
    let times = results.withLock { $0.sorted() }
    guard !times.isEmpty else { throw BenchError("the client has sent nothing") }
    return Double(times[min(times.count - 1, times.count * 99 / 100)]) / 1000
  }
}
