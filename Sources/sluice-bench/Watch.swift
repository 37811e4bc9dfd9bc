import Foundation
import SluiceLoadGenerator
import SluiceLocks
import SluiceRedisClient

/// Connections that read marker keys without end and note which stack's marker came.
///
/// The markers are written into each Redis behind the proxy's back and never through it, so their values name the
/// stack that answered.
final class Watch: Sendable {
  /// One read: when it began and ended, by the monotonic clock, and who answered.
  struct Reading: Sendable {
    let began: UInt64
    let ended: UInt64
    let byNew: Bool
    /// An error was the answer; only where errors are expected.
    var isError = false
  }

  private static let markers = 64
  private let stopping = Atomic(false)
  private let newAnswers = Atomic(0)
  private let state = Mutex<(readings: [Reading], failure: String?)>(([], nil))
  private let threads = DispatchGroup()

  /// Whether errors are among the answers to expect: for stacks that do not answer.
  private let allowsErrors: Bool

  private init(allowsErrors: Bool) { self.allowsErrors = allowsErrors }

  /// Writes the markers directly into both stacks.
  static func plant(legacy: RedisEndpoint, new: RedisEndpoint) throws {
    for (endpoint, word) in [(legacy, "legacy"), (new, "new")] {
      let client = try RedisClient(endpoint)
      for number in 0..<markers { _ = try client.command("SET", key(number), word) }
    }
  }

  /// Starts a thread with a connection of its own for each watcher.
  static func start(_ endpoint: RedisEndpoint, watchers: Int, allowsErrors: Bool = false) -> Watch {
    let watch = Watch(allowsErrors: allowsErrors)
    for watcher in 0..<watchers {
      watch.threads.enter()
      Thread { [watch] in
        watch.read(endpoint, from: watcher)
        watch.threads.leave()
      }.start()
    }
    return watch
  }

  /// Reads that the new stack answered so far.
  var answeredByNew: Int { newAnswers.load(ordering: .relaxed) }

  func stop() {
    stopping.store(true, ordering: .relaxed)
  }

  /// Waits for the watchers and returns all that they read.
  ///
  /// - Throws: `BenchError` if one of them met an error or a value that is no marker.
  func finish() throws -> [Reading] {
    threads.wait()
    let (readings, failure) = state.withLock { ($0.readings, $0.failure) }
    if let failure { throw BenchError("a watcher failed: \(failure)") }
    return readings
  }

  private static func key(_ number: Int) -> String { "marker:\(number)" }

  private func read(_ endpoint: RedisEndpoint, from first: Int) {
    var readings: [Reading] = []
    var failure: String?
    do throws(RedisError) {
      let client = try RedisClient(endpoint)
      var number = first
      while failure == nil, !stopping.load(ordering: .relaxed) {
        number = (number + 1) % Self.markers
        let began = MonotonicClock.now()
        let reply = try client.command("GET", Self.key(number))
        let ended = MonotonicClock.now()
        if allowsErrors, case .error = reply {
          readings.append(Reading(began: began, ended: ended, byNew: false, isError: true))
          continue
        }
        switch reply.text {
        case "legacy": readings.append(Reading(began: began, ended: ended, byNew: false))
        case "new":
          readings.append(Reading(began: began, ended: ended, byNew: true))
          newAnswers.add(1, ordering: .relaxed)
        case let other: failure = "\(Self.key(number)) came back as \(other ?? "nothing")"
        }
      }
    } catch {
      failure = error.message
    }
    state.withLock { state in
      state.readings += readings
      state.failure = state.failure ?? failure
    }
  }
}
