import Foundation
import SluiceLoadGenerator
import SluiceLocks
import SluiceRedisClient
import SluiceTestSupport

/// Clients that have one command under way each, without end, and all that they saw. Who writes a key is the only one to do so,
/// and thus knows what its answer must be.
final class RollbackLoad: Sendable {
  /// What a client does.
  enum Kind: CaseIterable, Sendable {
    /// Writes a value and reads it.
    case value
    /// Counts up: a write that may not be carried out twice.
    case counter
    /// Reads which stack answers.
    case marker
  }

  /// One command and its answer.
  struct Call: Sendable {
    let client: Int
    let kind: Kind
    let isWrite: Bool
    let began: UInt64
    let ended: UInt64
    let value: String?
    let error: String?
    /// Why the answer cannot be right.
    let trouble: String?
  }

  static let marker = "marker"

  let clients: Int
  private let calls = Mutex<[Call]>([])
  /// What each key holds in the end.
  private let values = Mutex<[String: String]>([:])
  private let failures = Mutex<[String]>([])
  private let isStopped = Atomic(false)
  private let threads = DispatchGroup()

  init(clientsOfEachKind count: Int, _ sluice: SluiceProcess) throws {
    clients = count * Kind.allCases.count
    for number in 0..<clients {
      let client = try RedisClient(sluice.endpoint, commandTimeout: .seconds(60))
      let kind = Kind.allCases[number % Kind.allCases.count]
      threads.enter()
      // A client is one thread's: it is made here, and used there alone.
      nonisolated(unsafe) let own = client
      Thread { [self] in
        do { try work(number, kind, own) } catch {
          failures.withLock { $0.append("client \(number): \(error)") }
        }
        threads.leave()
      }.start()
    }
  }

  /// Commands that were answered so far.
  var count: Int { calls.withLock(\.count) }

  /// How many commands that began after `moment` the slowest client has got an answer to.
  func least(since moment: UInt64) -> Int {
    var counts = Array(repeating: 0, count: clients)
    calls.withLock { calls in
      for call in calls where call.began > moment { counts[call.client] += 1 }
    }
    return counts.min() ?? 0
  }

  func stop() { isStopped.store(true, ordering: .relaxed) }

  /// Waits for the clients; all commands, and what each key holds.
  ///
  /// - Throws: ``TestFailure`` if a client lost its connection or heard nothing for a minute.
  func finish() throws -> (calls: [Call], values: [String: String]) {
    stop()
    threads.wait()
    if let failure = failures.withLock(\.first) { throw TestFailure(failure) }
    return (calls.withLock { $0 }, values.withLock { $0 })
  }

  private func work(_ number: Int, _ kind: Kind, _ client: RedisClient) throws {
    func call(_ words: [String], isWrite: Bool = false, isRight: (String?) -> Bool) throws -> Call {
      let began = MonotonicClock.now()
      let reply = try client.command(words.map { Array($0.utf8) })
      let ended = MonotonicClock.now()
      var (value, error): (String?, String?) = (nil, nil)
      switch reply {
      case .error(let text): error = text
      case .integer(let number): value = "\(number)"
      default: value = reply.text
      }
      let call = Call(
        client: number, kind: kind, isWrite: isWrite, began: began, ended: ended, value: value, error: error,
        trouble: error != nil || isRight(value)
          ? nil : "\(words.joined(separator: " ")) -> \(value ?? "nothing")")
      calls.withLock { $0.append(call) }
      return call
    }
    let key = "own:\(number)"
    // Nothing is a right answer only behind a write of which nobody knows whether it happened: a cache may forget.
    var possible: Set<String?> = [nil]
    var round = 0
    while !isStopped.load(ordering: .relaxed) {
      round += 1
      switch kind {
      case .value:
        let wrote = try call(["SET", key, "\(round)"], isWrite: true) { $0 == "OK" }
        possible = wrote.error == nil ? ["\(round)"] : possible.union([nil, "\(round)"])
        let read = try call(["GET", key]) { possible.contains($0) }
        if read.error == nil { possible = [read.value] }
      case .counter:
        let counted = try call(["INCR", key], isWrite: true) { value in
          possible.contains { Self.next($0) == value }
        }
        possible = counted.error == nil ? [counted.value] : possible.union([nil] + possible.map(Self.next))
      case .marker:
        _ = try call(["GET", Self.marker]) { $0 == "legacy" || $0 == "new" }
      }
    }
    if let value = possible.first ?? nil { values.withLock { $0[key] = value } }
  }

  private static func next(_ counter: String?) -> String? { "\((counter.flatMap { Int($0) } ?? 0) + 1)" }
}
