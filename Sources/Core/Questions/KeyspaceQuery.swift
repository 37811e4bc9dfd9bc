import SluiceCommands
import SluiceCopying
import SluiceRESP
import SluiceRouting

/// `KEYS`, `DBSIZE` and `RANDOMKEY`. Where a part of the keys is visible on each side only, both stacks are asked, and of each only the
/// keys count whose primary it is. Copies that are not whole yet are shown to nobody.
final class KeyspaceQuery: ReplySink, @unchecked Sendable {
  private unowned let lane: Lane
  private let command: KeyspaceCommand
  private let frame: [UInt8]
  private let spec: CommandSpec
  private let sink: ReplySink
  private let slot: UInt32
  private var answers: [StackID: [UInt8]] = [:]
  private var attempts = 0
  /// Nil if all keys are one stack's.
  private let owner: StackID?
  /// Unfinished copies when the stack was asked.
  private var hidden: [StackID: Int] = [:]

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
    owner = lane.routing.keyspaceOwner
    super.init(home: lane.index, tail: sink.tail)
  }

  override var client: ClientSession? { sink.client }

  func start() {
    switch command {
    case .randomkey: ask(firstChoice)
    default: (owner.map { [$0] } ?? StackID.allCases).forEach(ask)
    }
  }

  private func ask(_ stack: StackID) {
    let frame = frame
    hidden[stack] = lane.connection(stack).history.hiddenCopies.load(ordering: .relaxed)
    lane.ask(frame.span, spec, stack, sink: self, slot: UInt32(stack.rawValue))
  }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    let stack = StackID(rawValue: UInt8(truncatingIfNeeded: slot)) ?? .legacy
    answers[stack] = reply.withUnsafeBufferPointer { Array($0) }
    if command == .randomkey { return randomKeyArrived(reply, from: stack) }
    if let owner { return finish(isError(reply) ? answers[owner] ?? [] : whole(reply, of: owner)) }
    guard let legacy = answers[.legacy], let new = answers[.new] else { return }
    if let error = [legacy, new].first(where: { $0.first == UInt8(ascii: "-") }) { return finish(error) }
    finish(command == .dbsize ? size(legacy, new) : keys(legacy, new))
  }

  private func isError(_ reply: Span<UInt8>) -> Bool { reply[0] == UInt8(ascii: "-") }

  /// What one stack says of all keys, without those that nobody is shown.
  private func whole(_ reply: Span<UInt8>, of stack: StackID) -> [UInt8] {
    let bytes = answers[stack] ?? []
    if command == .dbsize {
      guard let copies = hidden[stack], copies > 0 else { return bytes }
      var shown: [UInt8] = []
      shown.appendInteger(count(bytes, of: stack))
      return shown
    }
    guard HiddenName.mayBe(in: reply) else { return bytes }
    return array(lane.shown(bytes))
  }

  private func count(_ reply: [UInt8], of stack: StackID) -> Int {
    max(0, (ReplyReader.integer(reply.span) ?? 0) &- (hidden[stack] ?? 0))
  }

  private func array(_ elements: [ArraySlice<UInt8>]) -> [UInt8] {
    var reply: [UInt8] = []
    reply.appendArrayHeader(elements.count)
    for element in elements { reply += element }
    return reply
  }

  private func finish(_ reply: [UInt8]) { lane.deliver(reply.span, to: sink, slot: slot) }

  /// Each side's count, weighted with its share of the keys: exact when both hold the same keys, an estimate while
  /// one of them is cold. With targeting rules the share is unknown, and legacy's count is the answer.
  private func size(_ legacy: [UInt8], _ new: [UInt8]) -> [UInt8] {
    let left = Double(count(legacy, of: .legacy))
    let right = Double(count(new, of: .new))
    let share = (lane.routing.snapshot.cohort.percent ?? 0) / 100
    var reply: [UInt8] = []
    reply.appendInteger(Int(exactly: (left * (1 - share) + right * share).rounded()) ?? Int.max)
    return reply
  }

  private func keys(_ legacy: [UInt8], _ new: [UInt8]) -> [UInt8] {
    array(lane.visible(legacy, on: .legacy) + lane.visible(new, on: .new))
  }

  // MARK: RANDOMKEY

  private static let maximumAttempts = 100

  private var firstChoice: StackID {
    if let owner { return owner }
    return Double(lane.settings.world.random(upTo: 99_999_999)) / 1_000_000
      < (lane.routing.snapshot.cohort.percent ?? 50) ? .new : .legacy
  }

  /// Asks again until the key that came up is one whose primary the stack is.
  private func randomKeyArrived(_ reply: Span<UInt8>, from stack: StackID) {
    attempts += 1
    let isVisible = ReplyReader.string(reply).map { isShown(reply.extracting($0), on: stack) } ?? false
    let isError = isError(reply)
    // An empty key space of one stack is empty.
    let isOver = owner != nil && ReplyReader.isNull(reply)
    if isVisible || isError || isOver || attempts >= KeyspaceQuery.maximumAttempts {
      var answer = isVisible || isError ? reply.withUnsafeBufferPointer { Array($0) } : []
      if answer.isEmpty { answer.appendNull(in: tail.wire) }
      return finish(answer)
    }
    ask(ReplyReader.isNull(reply) ? stack.other : firstChoice)
  }

  private func isShown(_ key: Span<UInt8>, on stack: StackID) -> Bool {
    if HiddenName.mayBe(in: key), HiddenName.isOne(key.withUnsafeBufferPointer { Array($0) }) { return false }
    return owner != nil || lane.routing.primary(of: key) == stack
  }
}

extension Lane {
  /// Of an array of keys, those that are no unfinished copies.
  func shown(_ reply: [UInt8]) -> [ArraySlice<UInt8>] {
    let span = reply.span
    return (ReplyReader.elements(of: span) ?? []).compactMap { element in
      guard let text = ReplyReader.string(span.extracting(element)) else { return nil }
      let key = element.lowerBound + text.lowerBound..<element.lowerBound + text.upperBound
      return HiddenName.isOne(reply[key]) ? nil : reply[element]
    }
  }

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
