import SluiceCommands
import SluiceFigures
import SluiceRESP
import SluiceRouting

#if canImport(Glibc)
  import Glibc
#endif

/// Asks both stacks for a key's type, time and value: the primary first, and the mirror at the place in the log where the
/// primary answered, so that no write can fake a difference.
final class KeyCheck: KeyQuestion, @unchecked Sendable {
  private enum Slot { static let kind: UInt32 = 0, primary: UInt32 = 1, mirror: UInt32 = 4 }
  private static let questions: UInt32 = 3

  private var kind = ValueKind.none
  private var answers: [[UInt8]] = []

  func start() { ask([Array("TYPE".utf8), key], of: primary, slot: Slot.kind) }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    guard !isOver else { return }
    let bytes = reply.withUnsafeBufferPointer { Array($0) }
    switch slot {
    case Slot.kind:
      kind = ValueKind(reply: bytes)
      askAll(of: primary, from: Slot.primary)
    default:
      answers.append(bytes)
      if slot == Slot.mirror - 1 {
        askAll(of: primary.other, from: Slot.mirror)
      } else if slot == Slot.mirror + KeyCheck.questions - 1 {
        end(verdict())
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
    ask([Array("PEXPIRETIME".utf8), key], of: stack, slot: slot + 1)
    ask(kind.read(key), of: stack, slot: slot + 2)
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
    return Int64(time) - Lane.wallClock() < Int64(tolerance)
  }
}

/// What a key holds, and how its whole value is read.
enum ValueKind: Equatable {
  case none, string, list, set, sortedSet, hash, stream
  /// Of a module.
  case other(String)

  /// - Parameter reply: to `TYPE`.
  init(reply: [UInt8]) {
    let name = ReplyReader.string(reply.span).map { String(decoding: reply[$0], as: UTF8.self) } ?? ""
    self =
      switch name {
      case "none": .none
      case "string": .string
      case "list": .list
      case "set": .set
      case "zset": .sortedSet
      case "hash": .hash
      case "stream": .stream
      default: .other(name)
      }
  }

  func read(_ key: [UInt8]) -> [[UInt8]] {
    let words: (name: String, rest: [String]) =
      switch self {
      case .none, .string: ("GET", [])
      case .list: ("LRANGE", ["0", "-1"])
      case .set: ("SMEMBERS", [])
      case .sortedSet: ("ZRANGE", ["0", "-1", "WITHSCORES"])
      case .hash: ("HGETALL", [])
      case .stream: ("XRANGE", ["-", "+"])
      case .other: ("DUMP", [])
      }
    return [Array(words.name.utf8), key] + words.rest.map { Array($0.utf8) }
  }
}
