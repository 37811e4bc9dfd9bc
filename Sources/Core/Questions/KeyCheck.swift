import SluiceCommands
import SluiceCopying
import SluiceFigures
import SluiceRESP
import SluiceRouting

#if canImport(Glibc)
  import Glibc
#endif

/// Asks both stacks for a key's type, time and value: the primary first, and the mirror at the place in the log where the
/// primary answered, so that no write can fake a difference.
final class KeyCheck: KeyQuestion, @unchecked Sendable {
  private enum Slot {
    static let kind: UInt32 = 0, primary: UInt32 = 1, mirror: UInt32 = 4, primaryFields: UInt32 = 7,
      mirrorFields: UInt32 = 8
  }
  private static let questions: UInt32 = 3

  private var kind = ValueKind.none
  private var answers: [[UInt8]] = []

  /// Times of a hash's fields at the primary; no reply with its value tells them.
  private var fieldTimes: [Int?] = []
  private var fields: [[UInt8]] = []

  func start() {
    for stack in StackID.allCases {
      if case .uncarried(let reason) = lane.connection(stack).suspects.absent[key] {
        return end(.uncarried(reason.text))
      }
    }
    ask([Array("TYPE".utf8), key], of: primary, slot: Slot.kind)
  }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    guard !isOver else { return }
    let bytes = reply.withUnsafeBufferPointer { Array($0) }
    switch slot {
    case Slot.kind:
      kind = ValueKind(reply: bytes)
      askAll(of: primary, from: Slot.primary)
    case Slot.primaryFields:
      fieldTimes = times(in: bytes, from: primary)
      askForFields(of: primary.other, slot: Slot.mirrorFields)
    case Slot.mirrorFields: end(comparedFields(times(in: bytes, from: primary.other)))
    default:
      let isTime = slot == Slot.primary + 1 || slot == Slot.mirror + 1
      answers.append(isTime ? absolute(bytes, from: slot < Slot.mirror ? primary : primary.other) : bytes)
      if slot == Slot.mirror - 1 {
        askAll(of: primary.other, from: Slot.mirror)
      } else if slot == Slot.mirror + KeyCheck.questions - 1 {
        judge()
      }
    }
  }

  private func askAll(of stack: StackID, from slot: UInt32) {
    guard isUndisturbed else { return end(.overtaken) }
    let connection = lane.connection(stack)
    guard connection.isUp, !connection.mirrorIsFull(adding: 0) else {
      return end(.refused("\(stack.name) is down or busy"))
    }
    ask([Array("TYPE".utf8), key], of: stack, slot: slot)
    let time = connection.history.server.hasExpireTime ? "PEXPIRETIME" : "PTTL"
    ask([Array(time.utf8), key], of: stack, slot: slot + 1)
    ask(kind.read(key), of: stack, slot: slot + 2)
  }

  /// When a key is over, by our own clock: of a time that is left, and of one by the server's clock.
  private func absolute(_ reply: [UInt8], from stack: StackID) -> [UInt8] {
    guard let time = ReplyReader.integer(reply.span), time >= 0 else { return reply }
    let connection = lane.connection(stack)
    let isLeft = !connection.history.server.hasExpireTime
    let moment =
      isLeft ? Int(lane.wallClock) &+ min(time, 1 << 52) : time.subtracting(connection.clockShift)
    return Array(":\(max(0, moment))\r\n".utf8)
  }

  private func judge() {
    let verdict = verdict()
    let hasFieldTimes = lane.stacks.contains { $0.history.server.hasFieldTimes }
    guard verdict == .equal, kind == .hash, hasFieldTimes, let pairs = Answer(answers[2]).list else {
      return end(verdict)
    }
    fields = stride(from: 0, to: pairs.count - 1, by: 2).compactMap { pairs[$0].text }
    guard !fields.isEmpty else { return end(verdict) }
    askForFields(of: primary, slot: Slot.primaryFields)
  }

  private func askForFields(of stack: StackID, slot: UInt32) {
    guard isUndisturbed else { return end(.overtaken) }
    let connection = lane.connection(stack)
    guard connection.isUp, !connection.mirrorIsFull(adding: 0) else {
      return end(.refused("\(stack.name) is down or busy"))
    }
    ask(
      [Array("HPEXPIRETIME".utf8), key, Array("FIELDS".utf8), Array("\(fields.count)".utf8)] + fields,
      of: stack, slot: slot)
  }

  /// A server without such times has none.
  private func times(in reply: [UInt8], from stack: StackID) -> [Int?] {
    let shift = lane.connection(stack).clockShift
    return Answer(reply).list?.map { answer in
      answer.number.map { $0 < 0 ? $0 : max(0, $0.subtracting(shift)) }
    } ?? fields.map { _ in -1 }
  }

  private func comparedFields(_ others: [Int?]) -> KeyOutcome {
    guard isUndisturbed else { return .overtaken }
    guard !isDoubtful(on: .legacy), !isDoubtful(on: .new) else { return .doubtful }
    guard others.count == fieldTimes.count else { return .different(.value) }
    for (one, other) in zip(fieldTimes, others) {
      guard let one, let other else { return .different(.ttl) }
      // What was written or has expired since the value was read is another question.
      if one == -2 || other == -2 { continue }
      if one < 0 || other < 0 ? one != other : abs(one - other) > tolerance { return .different(.ttl) }
    }
    return .equal
  }

  private func verdict() -> KeyOutcome {
    guard isUndisturbed else { return .overtaken }
    guard !isDoubtful(on: .legacy), !isDoubtful(on: .new), answers.count == 2 * Int(KeyCheck.questions) else {
      return .doubtful
    }
    let (legacy, new) =
      primary == .legacy ? (answers[0..<3], answers[3..<6]) : (answers[3..<6], answers[0..<3])
    let (left, right) = (Array(legacy), Array(new))
    let (leftKind, rightKind) = (ValueKind(reply: left[0]), ValueKind(reply: right[0]))
    if leftKind != rightKind {
      // A key that is about to expire is gone on one server before it is on the other.
      if leftKind == .none { return isExpiring(right[1]) ? .equal : .different(.missingInLegacy) }
      if rightKind == .none { return isExpiring(left[1]) ? .equal : .different(.missingInNew) }
      return .different(.type)
    }
    // Another type than the first answer's: a write came in between the two questions to the primary.
    guard leftKind == kind else { return .overtaken }
    if kind == .none { return .equal }
    for answer in left + right where answer.first == UInt8(ascii: "-") {
      return .refused(String(decoding: answer.dropFirst().dropLast(2), as: UTF8.self))
    }
    return compared(kind.read(key)[0], left[2], right[2])
      ?? (compared(Array("PEXPIRETIME".utf8), left[1], right[1]) == nil ? .equal : .different(.ttl))
  }

  /// Nil if two replies to one command mean the same.
  private func compared(_ command: [UInt8], _ legacy: [UInt8], _ new: [UInt8]) -> KeyOutcome? {
    let comparison = ReplyComparison(
      lane.table.specs[lane.table.lookup(command.span)], hasScores: kind == .sortedSet, tolerance: tolerance,
      legacy: legacy, new: new)
    switch comparison.verdict {
    case .identical, .equivalent: return nil
    case .different(let kind, _): return .different(kind)
    }
  }

  /// Milliseconds that two expiries may lie apart.
  private var tolerance: Int { Int(lane.settings.ttlTolerance / 1_000_000) }

  private func isExpiring(_ expiry: [UInt8]) -> Bool {
    guard let time = ReplyReader.integer(expiry.span), time > 0 else { return false }
    return Int64(time) - lane.wallClock < Int64(tolerance)
  }
}

extension Int {
  /// Bounded, whatever a server says.
  fileprivate func subtracting(_ shift: Int) -> Int {
    let (moved, isBeyond) = subtractingReportingOverflow(shift)
    return isBeyond ? self : moved
  }
}
