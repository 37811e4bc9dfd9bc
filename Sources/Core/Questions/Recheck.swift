import SluiceCommands
import SluiceFigures
import SluiceRESP
import SluiceRouting
import SluiceServers

/// Asks both stacks one read again whose answers differed, through the lane: the primary first, and the mirror at the
/// place in the log where the primary answered. What still differs then is a divergence (design, section 6).
///
/// What could fake one, and why it does not:
/// - a write between the two answers: it is behind the question on both connections, or ahead of it on both;
/// - a flip or a command that had all lanes for itself: the order is another one, and nothing is claimed;
/// - a write that the mirror lacks: its key is a suspect, or has been one since the question was put (`watch`);
/// - keys of another lane, or of both stacks: this lane knows no order for them, and does not ask;
/// - an update that met an expiry, and whose proof was asked for behind the question: what differs is asked once more behind the proof;
/// - an expiry: each stack is asked for the keys' time in the same breath, just before (`KeyLifetimes`).
final class Recheck: ReplySink, @unchecked Sendable {
  private unowned let lane: Lane
  private let spec: CommandSpec
  private let request: [UInt8]
  private let keys: [[UInt8]]
  private let hasScores: Bool
  /// In which protocol the answers differed.
  private let readTail: LinkTail
  private let order: Lane.Order
  private let startedAt: UInt64
  private var primary = StackID.legacy
  /// How often the keys had become doubtful when they were begun to be watched; nil while they are not.
  private var doubts: UInt64?
  private var answers: [[UInt8]] = []
  private var isLastTime = false
  /// Of the stack that is asked now, by the keys; then of both.
  private var times: [Int?] = []
  private var primaryTimes: [Int?] = []
  /// What is left to find out: whether fields that expire explain it.
  private var look: FieldLook?
  private var fieldQuestion: [UInt8] = []
  private var primaryAnswer: [UInt8]?
  private var otherAnswer: [UInt8]?
  private var suspicion: (kind: DivergenceKind, key: Int, offset: Int)?

  init(_ request: Span<UInt8>, spec: CommandSpec, _ tail: LinkTail, on lane: Lane) {
    self.lane = lane
    readTail = tail
    self.spec = spec
    order = lane.order
    startedAt = lane.now
    let bytes = request.withUnsafeBufferPointer { Array($0) }
    self.request = bytes
    var framer = RequestFramer(limits: .measuredBefore)
    _ = framer.next(request)
    var indices: [Int] = []
    _ = spec.keyIndices(in: request, arguments: framer.arguments.span, into: &indices)
    keys = indices.map { Array(bytes[framer.arguments[$0].range]) }
    let options = framer.arguments.dropFirst((indices.last ?? 0) + 1)
    hasScores = options.contains { Recheck.isWithScores(bytes[$0.range]) }
    super.init(home: lane.index)
  }

  private static func isWithScores(_ word: ArraySlice<UInt8>) -> Bool {
    word.elementsEqual("WITHSCORES".utf8) { $0 & 0xdf == $1 }
  }

  func start() {
    let key = keys.first ?? []
    primary = lane.routing.primary(of: key.span)
    guard
      keys.allSatisfy({ lane.routing.primary(of: $0.span) == primary && lane.owner(of: $0.span) === lane }),
      !lane.stacks.contains(where: { isDoubtful($0.suspects) })
    else { return failed() }
    for connection in lane.stacks {
      for key in keys { connection.suspects.watch(key) }
    }
    doubts = doubtsNow
    ask(primary)
  }

  /// A key is a suspect: that it differs is known, and it is being repaired.
  private func isDoubtful(_ suspects: Suspects) -> Bool {
    !suspects.isEmpty && (suspects.isEverything || keys.contains(where: suspects.contains))
  }

  private var doubtsNow: UInt64 {
    lane.stacks.reduce(0) { sum, connection in
      keys.reduce(sum) { $0 &+ connection.suspects.doubts(of: $1) }
    }
  }

  private func ask(_ stack: StackID) {
    let connection = lane.connection(stack)
    times = Array(repeating: nil, count: keys.count)
    guard connection.isUp, connection.reaches(readTail), !connection.mirrorIsFull(adding: request.count)
    else { return failed() }
    for (index, key) in keys.enumerated() {
      let frame = InlineRequest.frame(of: [Array("PTTL".utf8), key])
      send(frame, .any, slot: UInt32(truncatingIfNeeded: index), to: connection)
    }
    send(request, readTail, slot: lastSlot, to: connection)
  }

  private func send(_ frame: [UInt8], _ tail: LinkTail, slot: UInt32, to connection: StackConnection) {
    connection.send(
      frame.span,
      Errand(
        slot: slot, command: UInt16(truncatingIfNeeded: spec.id), role: .recheck, sequel: .none,
        tail: tail, sentAt: lane.now), sink: self)
  }

  /// The read's own; the times of the keys come before it.
  private var lastSlot: UInt32 { UInt32(truncatingIfNeeded: keys.count) }

  private var lookSlot: UInt32 { lastSlot &+ 1 }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    if slot == lookSlot { return looked(reply) }
    guard slot == lastSlot else {
      if times.indices.contains(Int(slot)) { times[Int(slot)] = ReplyReader.integer(reply) }
      return
    }
    answers.append(reply.withUnsafeBufferPointer { Array($0) })
    if answers.count == 1 {
      primaryTimes = times
      ask(primary.other)
    } else {
      judge()
    }
  }

  /// One of the stacks could not be asked: nothing is known, and nothing is claimed. All questions fail together, this one last.
  override func replyFailed(slot: UInt32) { if slot == lastSlot || slot == lookSlot { failed() } }

  private func failed() {
    lane.figures.compare.dropped &+= 1
    finish()
  }

  private func overtaken() {
    lane.figures.compare.ignore(.overtaken)
    finish()
  }

  private func judge() {
    guard lane.order == order else { return overtaken() }
    guard doubtsNow == doubts else { return failed() }
    let isLegacyFirst = primary == .legacy
    let legacy = isLegacyFirst ? answers[0] : answers[1]
    let new = isLegacyFirst ? answers[1] : answers[0]
    let lifetimes = KeyLifetimes(
      legacy: isLegacyFirst ? primaryTimes : times, new: isLegacyFirst ? times : primaryTimes)
    // The second answer may have waited, and times went on meanwhile.
    let waited = Int(clamping: (lane.now &- startedAt) / 1_000_000)
    let patience = Int(clamping: lane.settings.ttlTolerance / 1_000_000)
    let comparison = ReplyComparison(
      spec, hasScores: hasScores, tolerance: patience, waited: waited,
      clockShift: lane.clockShift(to: .new), legacy: legacy, new: new)
    switch comparison.verdict {
    case .identical:
      lane.figures.compare.superseded &+= 1
      agreed()
    case .equivalent:
      lane.figures.compare.matched &+= 1
      agreed()
    case .different(let kind, let offset):
      guard let place = comparison.place(of: kind, lifetimes, edge: patience + waited) else {
        lane.figures.compare.superseded &+= 1
        break
      }
      if !isLastTime, lane.hasOpenProofs {
        isLastTime = true
        answers = []
        return ask(primary)
      }
      if let reason = reason(place.kind, legacy, new) {
        lane.figures.compare.ignore(reason)
        break
      }
      if var look = fieldLook(place.kind, lifetimes, legacy, new) {
        suspicion = (place.kind, place.key, offset)
        (primaryAnswer, otherAnswer) = (answers[0], answers[1])
        return go(look.start(), look)
      }
      diverged(place.kind, key: place.key, legacy, new, offset)
    }
    finish()
  }

  /// Why these two answers are not held against each other, if so.
  private func reason(_ kind: DivergenceKind, _ legacy: [UInt8], _ new: [UInt8]) -> IgnoredReason? {
    // Which elements come first without an order is the server's own affair.
    if spec.name == "SORT_RO", words.contains(where: { Recheck.isWord($0, "LIMIT") }),
      words.contains(where: { Recheck.isWord($0, "BY") })
    {
      return .neverCompared
    }
    guard kind == .errorInNew || kind == .errorInLegacy, let one = lane.legacy.history.facts,
      let other = lane.new.history.facts
    else { return nil }
    let isNew = kind == .errorInNew
    let text = String(decoding: (isNew ? new : legacy).dropFirst().prefix(200), as: UTF8.self)
    let isExplained = ServerDifference.explains(
      spec.name, error: text, of: isNew ? other : one, answering: isNew ? one : other)
    return isExplained ? .versions : nil
  }

  private static func isWord(_ word: [UInt8], _ keyword: String) -> Bool {
    word.elementsEqual(keyword.utf8) { $0 & 0xdf == $1 }
  }

  // MARK: Fields that expire

  private var words: [[UInt8]] {
    let bytes = request
    var framer = RequestFramer(limits: .measuredBefore)
    guard case .command = framer.next(bytes.span) else { return [] }
    return framer.arguments.map { Array(bytes[$0.range]) }
  }

  private func fieldLook(
    _ kind: DivergenceKind, _ lifetimes: KeyLifetimes, _ legacy: [UInt8], _ new: [UInt8]
  ) -> FieldLook? {
    let isMissing = kind == .missingInNew || kind == .missingInLegacy
    guard kind.isAboutData || isMissing, keys.count == 1, look == nil,
      lane.abilities.legacy.union(lane.abilities.new).contains(.fieldTimes)
    else { return nil }
    return FieldLook(
      words, legacy: legacy, new: new,
      isMissing: lifetimes.isMissingInLegacy || lifetimes.isMissingInNew)
  }

  private func go(_ step: FieldLook.Step, _ look: FieldLook) {
    self.look = look
    switch step {
    case .explained:
      lane.figures.compare.ignore(.expiredFields)
      finish()
    case .different:
      if let suspicion, let primaryAnswer, let otherAnswer {
        let (legacy, new) =
          primary == .legacy ? (primaryAnswer, otherAnswer) : (otherAnswer, primaryAnswer)
        diverged(suspicion.kind, key: suspicion.key, legacy, new, suspicion.offset)
      }
      finish()
    case .ask(let words):
      fieldQuestion = InlineRequest.frame(of: words)
      answers = []
      askFields(of: primary)
    }
  }

  private func askFields(of stack: StackID) {
    let connection = lane.connection(stack)
    guard connection.isUp, !connection.mirrorIsFull(adding: fieldQuestion.count) else { return failed() }
    send(fieldQuestion, .resp2, slot: lookSlot, to: connection)
  }

  private func looked(_ reply: Span<UInt8>) {
    answers.append(reply.withUnsafeBufferPointer { Array($0) })
    guard answers.count == 2 else { return askFields(of: primary.other) }
    guard lane.order == order else { return overtaken() }
    guard var look, doubtsNow == doubts else { return failed() }
    let isLegacyFirst = primary == .legacy
    let now = lane.wallClock
    let step = look.answered(
      legacy: answers[isLegacyFirst ? 0 : 1], new: answers[isLegacyFirst ? 1 : 0],
      now: (now &+ lane.legacy.clockOffset, now &+ lane.new.clockOffset),
      edge: Int(clamping: lane.settings.ttlTolerance / 1_000_000))
    go(step, look)
  }

  private func agreed() {
    if !lane.known.isEmpty { lane.known.agreed(about: question) }
    guard lane.guards.isAlert, let key = keys.first else { return }
    lane.guards.agreed(Digest(key.span).value, isOfNew: primary == .new, at: lane.now)
  }

  private func diverged(
    _ kind: DivergenceKind, key: Int, _ legacy: [UInt8], _ new: [UInt8], _ firstDifference: Int
  ) {
    let command = UInt16(truncatingIfNeeded: spec.id)
    let name = keys.indices.contains(key) ? keys[key] : keys.first
    if let name, isMeant(kind, name, legacy, new) { return lane.figures.compare.ignore(.closed) }
    lane.figures.recordDivergence(kind, command: command, isServed: primary == .new)
    if let name {
      if kind.isAboutData {
        lane.guards.differed(Digest(name.span).value, at: lane.now)
      } else if kind == .missingInNew, primary == .new {
        lane.guards.missed(Digest(name.span).value, at: lane.now)
      }
    }
    lane.report(
      .divergence(
        Divergence(
          kind: kind, command: command, key: keys.indices.contains(key) ? keys[key] : [],
          legacy: Divergence.Answer(legacy), new: Divergence.Answer(new), firstDifference: firstDifference)))
  }

  /// Whether somebody has said that the stacks are to differ here; what is about data is known from here on.
  private func isMeant(_ kind: DivergenceKind, _ key: [UInt8], _ legacy: [UInt8], _ new: [UInt8]) -> Bool {
    guard kind.isAboutData else { return lane.known.isMeant(kind, key) }
    return lane.known.differed(
      .init(
        question: question, kind: kind, command: UInt16(truncatingIfNeeded: spec.id), key: key,
        legacy: Digest(legacy.span).value, new: Digest(new.span).value))
  }

  /// By which the same question is known again.
  private var question: UInt64 {
    let request = request
    return Digest(request.span).value
  }

  private func finish() {
    lane.rechecks -= 1
    guard doubts != nil else { return }
    for connection in lane.stacks {
      for key in keys { connection.suspects.unwatch(key) }
    }
  }
}
