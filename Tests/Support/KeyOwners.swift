import Foundation
import SluiceLoadGenerator
import SluiceLocks
import SluiceRedisClient

/// Clients that are the only writers of their keys, so that each knows the last word: a read may miss, but it may never be older
/// than the last acknowledged write.
public final class KeyOwners: Sendable {
  private let endpoint: RedisEndpoint
  private let padding: String
  private let isOver = Atomic(false)
  private let count = Atomic(0)
  private let found = Mutex<[String]>([])
  private let threads = DispatchGroup()

  /// Starts them, each on a thread and a connection of its own.
  ///
  /// - Parameter padding: bytes behind each value, so that it is worth compressing.
  public init(_ clients: Int, at endpoint: RedisEndpoint, padding: Int) {
    self.endpoint = endpoint
    self.padding = String(repeating: "x", count: padding)
    for client in 0..<clients {
      threads.enter()
      Thread.detachNewThread { [self] in
        work(on: "key:\(client)")
        threads.leave()
      }
    }
  }

  /// Commands that were answered so far.
  public var operations: Int { count.load(ordering: .relaxed) }

  /// What was read and could not be.
  public var trouble: [String] { found.withLock { $0 } }

  /// Waits until `more` commands were answered.
  ///
  /// - Throws: ``TestFailure`` when they are not within a minute.
  public func goOn(_ more: Int) throws {
    let before = operations
    try eventually(within: .seconds(60), "the load goes on") { operations > before + more }
  }

  /// Ends them. Twice does no harm.
  public func stop() {
    isOver.store(true, ordering: .relaxed)
    threads.wait()
  }

  private func work(on key: String) {
    var sent = 0
    var acknowledged = 0
    var client: RedisClient?
    while !isOver.load(ordering: .relaxed) {
      do {
        let connection = try client ?? RedisClient(endpoint)
        client = connection
        // A read comes first: behind a lost connection it is what meets the stack as it is.
        for isRead in [true, false, true, true] {
          if !isRead {
            sent += 1
            if try connection.command("SET", key, "\(sent) \(padding)") == .status("OK") {
              acknowledged = sent
            }
            continue
          }
          let reply = try connection.command("GET", key)
          guard case .string = reply, let value = Int(reply.text?.split(separator: " ").first ?? "") else {
            continue
          }
          if value < acknowledged || value > sent {
            found.withLock { $0.append("\(key): \(value), of \(sent) sent, after \(acknowledged)") }
          }
        }
        count.add(4, ordering: .relaxed)
      } catch {
        client = nil
        usleep(2000)
      }
    }
  }
}
