import SluiceCopying
import SluiceRESP
import SluiceRouting

/// Makes the mirror's key what the primary's is, on order.
final class KeyCopy: KeyCarry, @unchecked Sendable {
  /// Whether the mirror's key is deleted when the primary has none, or when the mirror cannot take the copy.
  private let isRepair: Bool
  private var mark: UInt64?

  init(of key: [UInt8], isRepair: Bool, in lane: Lane, done: @escaping (KeyOutcome) -> Void) {
    self.isRepair = isRepair
    super.init(
      of: key, to: lane.routing.primary(of: key.span).other, isReplacing: true, in: lane, done: done)
  }

  func start() {
    guard !isDoubtful(on: primary), lane.pieces[key] == nil else { return end(.doubtful) }
    carry()
  }

  private var mirror: StackConnection { lane.connection(target) }

  override func obstacle(adding bytes: Int) -> KeyOutcome? {
    guard isUndisturbed else { return .overtaken }
    guard !isDoubtful(on: primary) else { return .doubtful }
    guard mirror.isUp, !mirror.mirrorIsFull(adding: bytes) else {
      return .refused("the mirror is down or busy")
    }
    return nil
  }

  override func willFinish() -> Bool {
    mark = mirror.suspects.mark(of: key)
    if let mark { _ = mirror.suspects.isBeingRepaired(key, mark: mark) }
    return true
  }

  override func wasNotTaken() {
    lane.equalKeys.remove(key)
    mirror.suspects.insert(key, isReturning: mark != nil)
    mirror.suspects.wasConfirmed(key)
  }

  override func carried(_ ending: ValueCopy.Ending) {
    switch ending {
    case .copied:
      // What was not repeated meanwhile, because the mirror lacked the key, has made it a suspect again.
      if isUndisturbed, !mirror.suspects.contains(key) { lane.wasCopied(key) }
      mirror.suspects.pauses.arrived(key)
      if mark != nil { mirror.suspects.wasConfirmed(key) }
    case .absent:
      guard isRepair, obstacle(adding: 0) == nil else { break }
      lane.restore([Array("UNLINK".utf8), key], on: mirror, end: .nothing)
      if let mark = mirror.suspects.mark(of: key) { _ = mirror.suspects.isBeingRepaired(key, mark: mark) }
    case .present: break
    case .uncarried, .failed:
      lane.figures.compare.mirrorErrors &+= 1
      var isUncarried = false
      if case .uncarried = ending { isUncarried = true }
      if isRepair || isUncarried, mirror.isUp {
        lane.equalKeys.remove(key)
        lane.withhold(key, from: mirror, because: ending)
      }
    }
    end(ending.outcome(from: source, to: target))
  }
}
