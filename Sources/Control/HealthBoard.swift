import Foundation
import SluiceLocks
import SluiceProxy
import SluiceRouting

/// What is known of both stacks' connections, lane by lane; tells when a stack as a whole changes.
final class HealthBoard: Sendable {
  struct Standing: Sendable {
    var health = StackHealth.connecting
    var since = Date()
  }

  /// What a stack said last of its own trouble.
  struct Words: Encodable, Sendable {
    var text: String
    /// What it was asked.
    var command: String
    var at: Date
  }

  private struct Lanes {
    var legacy: [Int: StackHealth] = [:]
    var new: [Int: StackHealth] = [:]
    var standing: [StackID: Standing] = [:]
    var words: [StackID: Words] = [:]
  }

  private let lanes = Mutex(Lanes())

  subscript(stack: StackID) -> Standing { lanes.withLock { $0.standing[stack] ?? Standing() } }

  /// A stack answered a command that it is in trouble.
  func said(_ words: String, to command: String, by stack: StackID) {
    lanes.withLock { $0.words[stack] = Words(text: words, command: command, at: Date()) }
  }

  /// What the stack said last of its own trouble; nil if it never did.
  func words(of stack: StackID) -> Words? { lanes.withLock { $0.words[stack] } }

  /// A lane's connection changed. Returns the stack's health if that changed with it: a stack is as bad as its worst lane.
  func changed(_ stack: StackID, lane: Int, to health: StackHealth) -> StackHealth? {
    lanes.withLock { lanes in
      let all: [StackHealth]
      if stack == .legacy {
        lanes.legacy[lane] = health
        all = Array(lanes.legacy.values)
      } else {
        lanes.new[lane] = health
        all = Array(lanes.new.values)
      }
      let worst = all.first { $0.name == "down" } ?? all.first { $0 == .connecting } ?? .up
      let standing = lanes.standing[stack] ?? Standing()
      guard worst.name != standing.health.name else {
        lanes.standing[stack] = Standing(health: worst, since: standing.since)
        return nil
      }
      lanes.standing[stack] = Standing(health: worst, since: Date())
      return worst
    }
  }
}
