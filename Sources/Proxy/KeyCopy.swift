import SluiceRESP
import SluiceRouting

/// Makes the mirror's key what the primary's is.
///
/// The copy is sent where the primary's answer stands in the log: writes before it are in the copy, writes behind it are
/// mirrored behind it. So it may replace what the mirror has, and no write can overtake it.
final class KeyCopy: KeyQuestion, @unchecked Sendable {
  /// Whether the mirror's key is deleted when the primary has none, or when the mirror cannot take the copy.
  private let isRepair: Bool
  private var dump: [UInt8] = []

  private enum Slot {
    static let dump: UInt32 = 0, expiry: UInt32 = 1, restored: UInt32 = 2, deleted: UInt32 = 3
  }

  init(of key: [UInt8], isRepair: Bool, in lane: Lane, done: @escaping (KeyOutcome) -> Void) {
    self.isRepair = isRepair
    super.init(about: key, in: lane, done: done)
  }

  func start() {
    guard !isDoubtful(on: primary) else { return end(.doubtful) }
    askForCopy(of: primary, slots: (Slot.dump, Slot.expiry))
  }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    let bytes = reply.withUnsafeBufferPointer { Array($0) }
    let trouble =
      bytes.first == UInt8(ascii: "-") ? String(decoding: bytes.dropFirst().dropLast(2), as: UTF8.self) : nil
    switch slot {
    case Slot.dump: dump = bytes
    case Slot.expiry: copy(expiry: bytes)
    case Slot.restored: restored(trouble, bytes)
    default: end(trouble.map { .refused($0) } ?? .absent)
    }
  }

  private func copy(expiry: [UInt8]) {
    guard !isOver else { return }
    let mirror = lane.connection(primary.other)
    guard isUndisturbed else { return end(.overtaken) }
    guard !isDoubtful(on: primary) else { return end(.doubtful) }
    guard mirror.isUp, !mirror.mirrorIsFull(adding: dump.count) else {
      return end(.refused("the mirror is down or busy"))
    }
    switch DumpedKey(dump: dump, expiry: expiry) {
    case .value(let value, let expiry):
      ask(
        DumpedKey.restore(key, value, expiry: expiry, replacing: true), of: primary.other,
        slot: Slot.restored,
        role: .copy)
    case .absent:
      guard isRepair else { return end(.absent) }
      ask([Array("DEL".utf8), key], of: primary.other, slot: Slot.deleted, role: .copy)
    case .unreadable(let reason):
      end(.refused("\(primary.name) gives no copy: \(reason)"))
    }
    dump = []
  }

  private func restored(_ trouble: String?, _ reply: [UInt8]) {
    let mirror = lane.connection(primary.other)
    guard let trouble else {
      // What was not repeated meanwhile, because the mirror lacked the key, has made it a suspect again.
      if isUndisturbed, !mirror.suspects.contains(key) { lane.wasCopied(key) }
      mirror.suspects.pauses.arrived(key)
      return end(.copied)
    }
    lane.figures.compare.mirrorErrors &+= 1
    // What is absent cannot lie; a copy that the mirror cannot take leaves there what is known to be wrong. It stays doubtful,
    // for an update of what is absent would make half a value of it.
    if isRepair, mirror.isUp {
      lane.equalKeys.remove(key)
      lane.restore([Array("DEL".utf8), key], on: mirror, end: .nothing)
      mirror.suspects.insert(key)
      let speaksOfItself = ErrorWord(of: reply.span).isTrouble(ofScript: false)
      mirror.suspects.pauses.wasRefused(key, speaksOfItself: speaksOfItself, at: lane.now)
    }
    end(.refused("\(primary.other.name) takes no copy: \(trouble)"))
  }
}
