import SluiceRESP
import SluiceRouting
import SluiceServers

extension Lane {
  package typealias Memory = (legacy: MemoryReading?, new: MemoryReading?)

  /// How the stacks stand with their memory, asked now if nothing else is asked of them just then, or as they said last; nil for one that
  /// never told.
  package func askForMemory(_ done: @escaping (Memory) -> Void) {
    turnBegan()
    // A stack that owes something is not given more to answer, and nobody waits for one that hangs: what was last said counts.
    guard stacks.allSatisfy({ $0.pending.isEmpty }) else { return done(lastMemory) }
    MemoryQuestion(on: self) { answer in
      self.lastMemory = (answer.legacy ?? self.lastMemory.legacy, answer.new ?? self.lastMemory.new)
      done(self.lastMemory)
    }.start()
  }
}

/// Asks both stacks for `INFO memory` and `INFO stats`.
final class MemoryQuestion: ReplySink, @unchecked Sendable {
  typealias Answer = Lane.Memory

  private let lane: Lane
  private let done: (Answer) -> Void
  private var texts: [String?] = Array(repeating: nil, count: 4)
  private var due = 0
  private var isOver = false

  init(on lane: Lane, done: @escaping (Answer) -> Void) {
    self.lane = lane
    self.done = done
    super.init(home: lane.index)
  }

  func start() {
    for (number, connection) in lane.stacks.enumerated() where connection.isUp {
      for (section, name) in ["memory", "stats"].enumerated() {
        due += 1
        lane.ask(
          [Array("INFO".utf8), Array(name.utf8)], of: connection.stack, slot: UInt32(2 * number + section),
          role: .recheck, sink: self)
      }
    }
    guard due > 0 else { return end() }
    lane.arm(in: 250_000_000) { self.end() }
  }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    if reply[0] == UInt8(ascii: "$"), let range = ReplyReader.string(reply), texts.indices.contains(Int(slot))
    {
      texts[Int(slot)] = reply.extracting(range).withUnsafeBufferPointer {
        String(decoding: $0, as: UTF8.self)
      }
    }
    answered()
  }

  override func replyFailed(slot: UInt32) { answered() }

  private func answered() {
    due -= 1
    if due == 0 { end() }
  }

  private func end() {
    guard !isOver else { return }
    isOver = true
    func reading(_ number: Int) -> MemoryReading? {
      guard let memory = texts[number] else { return nil }
      return MemoryReading(info: "\(memory)\r\n\(texts[number + 1] ?? "")")
    }
    done((reading(0), reading(2)))
  }
}
