import SluiceCopying
import SluiceRESP
import SluiceRouting

/// Copies a suspect from the stack that has it right, its primary, to the one that may not.
final class KeyRepair: KeyCarry, @unchecked Sendable {
  private var mark: UInt64
  private let order: Lane.Order
  private var isCounted = true
  /// What was known of the key's absence before this copy was sent.
  private var absence: Suspects.Absence?
  /// It waits for its turn again.
  private var isQueued = false

  init(of key: [UInt8], mark: UInt64, on target: StackID, in lane: Lane) {
    self.mark = mark
    order = lane.order
    super.init(of: key, to: target, isReplacing: true, in: lane, done: { _ in })
  }

  func start() { carry() }

  private var connection: StackConnection { lane.connection(target) }

  /// A fence waits for it no longer.
  private func release() {
    guard isCounted else { return }
    isCounted = false
    lane.repairs -= 1
  }

  override func obstacle(adding bytes: Int) -> KeyOutcome? {
    let suspects = lane.connection(source).suspects
    // Deleted for a client, or doubtful once more: then this copy is too old, and would bring back what is gone. A command that
    // had all lanes for itself has gone another way than this copy, and stands behind it.
    guard connection.isUp, !connection.mirrorIsFull(adding: bytes), lane.order == order,
      !suspects.isEverything, !suspects.contains(key), connection.suspects.mark(of: key) == mark
    else { return .overtaken }
    return nil
  }

  override func willFinish() -> Bool {
    absence = connection.suspects.absent[key] ?? absence
    guard connection.suspects.isBeingRepaired(key, mark: mark) else {
      isQueued = true
      end(.overtaken)
      return false
    }
    lane.wasCopied(key)
    release()
    return true
  }

  override func wasNotTaken() {
    lane.equalKeys.remove(key)
    isQueued = !connection.suspects.contains(key)
    connection.suspects.insert(key, isReturning: true)
    connection.suspects.wasConfirmed(key)
    lane.scheduleTurnEnd()
    // The next way may do.
    mark = connection.suspects.mark(of: key) ?? mark
    if connection.suspects.isEverything { lane.doubtEverything(on: target) }
  }

  override func carried(_ ending: ValueCopy.Ending) {
    switch ending {
    case .copied:
      connection.suspects.wasConfirmed(key)
      lane.scheduleTurnEnd()
      lane.slowKeys[key] = nil
      connection.suspects.wasRepaired(key, isDeletion: false)
    case .absent:
      if obstacle(adding: 0) == nil, willFinish() {
        lane.restore([Array("UNLINK".utf8), key], on: connection, end: .equal)
      }
    case .present: break
    case .uncarried, .failed:
      // It may differ there still, and no write that comes now makes it right.
      if obstacle(adding: 0) == nil {
        lane.figures.compare.mirrorErrors &+= 1
        // A copy that was refused has changed nothing.
        if let absence { connection.suspects.becameAbsent(key, absence) }
        lane.withhold(key, from: connection, because: ending)
      }
    }
    end(ending.outcome(from: source, to: target))
  }

  override func end(_ outcome: KeyOutcome) {
    guard !isOver else { return }
    super.end(outcome)
    release()
    if !isQueued { connection.suspects.wasNotRepaired(key) }
  }
}
