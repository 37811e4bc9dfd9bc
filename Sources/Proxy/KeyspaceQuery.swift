import SluiceCommands
import SluiceCopying
import SluiceRESP
import SluiceRouting

/// `KEYS`, `DBSIZE` and `RANDOMKEY` where a part of the keys is visible on each side only: both stacks are asked,
/// and of each only the keys count whose primary it is.
final class KeyspaceQuery: ReplySink, @unchecked Sendable {
  private unowned let lane: Lane
  private let command: KeyspaceCommand
  private let frame: [UInt8]
  private let spec: CommandSpec
  private let sink: ReplySink
  private let slot: UInt32
  private var answers: [StackID: [UInt8]] = [:]
  private var attempts = 0

  init(
    _ command: KeyspaceCommand, _ frame: Span<UInt8>, _ spec: CommandSpec, on lane: Lane, sink: ReplySink,
    slot: UInt32
  ) {
    self.lane = lane
    self.command = command
    self.frame = frame.withUnsafeBufferPointer { Array($0) }
    self.spec = spec
    self.sink = sink
    self.slot = slot
    super.init(home: lane.index)
  }

  func start() {
    switch command {
    case .randomkey: ask(firstChoice)
    default: StackID.allCases.forEach(ask)
    }
  }

  private func ask(_ stack: StackID) {
    let frame = frame
    lane.ask(frame.span, spec, stack, sink: self, slot: UInt32(stack.rawValue))
  }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    let stack = StackID(rawValue: UInt8(truncatingIfNeeded: slot)) ?? .legacy
    answers[stack] = reply.withUnsafeBufferPointer { Array($0) }
    if command == .randomkey { return randomKeyArrived(reply, from: stack) }
    guard let legacy = answers[.legacy], let new = answers[.new] else { return }
    if let error = [legacy, new].first(where: { $0.first == UInt8(ascii: "-") }) { return finish(error) }
    finish(command == .dbsize ? size(legacy, new) : keys(legacy, new))
  }

  private func finish(_ reply: [UInt8]) { lane.deliver(reply.span, to: sink, slot: slot) }

  /// Each side's count, weighted with its share of the keys: exact when both hold the same keys, an estimate while
  /// one of them is cold. With targeting rules the share is unknown, and legacy's count is the answer.
  private func size(_ legacy: [UInt8], _ new: [UInt8]) -> [UInt8] {
    let left = Double(ReplyReader.integer(legacy.span) ?? 0)
    let right = Double(ReplyReader.integer(new.span) ?? 0)
    let share = (lane.routing.snapshot.cohort.percent ?? 0) / 100
    var reply: [UInt8] = []
    reply.appendInteger(Int(exactly: (left * (1 - share) + right * share).rounded()) ?? Int.max)
    return reply
  }

  private func keys(_ legacy: [UInt8], _ new: [UInt8]) -> [UInt8] {
    let visible = lane.visible(legacy, on: .legacy) + lane.visible(new, on: .new)
    var reply: [UInt8] = []
    reply.appendArrayHeader(visible.count)
    for element in visible { reply += element }
    return reply
  }

  // MARK: RANDOMKEY

  private static let maximumAttempts = 100

  private var firstChoice: StackID {
    Double.random(in: 0..<100) < (lane.routing.snapshot.cohort.percent ?? 50) ? .new : .legacy
  }

  /// Asks again until the key that came up is one whose primary the stack is.
  private func randomKeyArrived(_ reply: Span<UInt8>, from stack: StackID) {
    attempts += 1
    let isVisible =
      ReplyReader.string(reply).map { lane.routing.primary(of: reply.extracting($0)) == stack } ?? false
    let isError = reply[0] == UInt8(ascii: "-")
    if isVisible || isError || attempts >= KeyspaceQuery.maximumAttempts {
      var answer = isVisible || isError ? reply.withUnsafeBufferPointer { Array($0) } : []
      if answer.isEmpty { answer.appendNull() }
      return finish(answer)
    }
    ask(ReplyReader.isNull(reply) ? stack.other : firstChoice)
  }
}

extension Lane {
  /// Of an array of keys that `stack` answered, the elements whose primary it is.
  func visible(_ reply: [UInt8], on stack: StackID) -> [ArraySlice<UInt8>] {
    let span = reply.span
    return (ReplyReader.elements(of: span) ?? []).compactMap { element in
      guard let text = ReplyReader.string(span.extracting(element)) else { return nil }
      let key = element.lowerBound + text.lowerBound..<element.lowerBound + text.upperBound
      guard routing.primary(of: span.extracting(key)) == stack, !HiddenName.isOne(reply[key]) else {
        return nil
      }
      return reply[element]
    }
  }
}
