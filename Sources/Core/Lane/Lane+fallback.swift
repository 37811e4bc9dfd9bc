import SluiceCommands
import SluiceRESP
import SluiceRouting

/// Fallback: when new cannot be reached, legacy stands in for it.
///
/// Whoever publishes the routings decides (`Cutover+fallback`), for all lanes at once, and does it like a rollback: new is
/// cut off, what it misses from then on is suspect there, and it takes its keys back through a fence. For the moment until the
/// decision is in force a lane keeps what new cannot answer: commands that were never sent, reads, and writes that may be
/// repeated. All of them go on where the new routing says. Other writes in flight at new fail: they may have happened.
extension Lane {
  /// Whether somebody may ask legacy for what this stack cannot answer.
  func mayPostpone(on stack: StackID) -> Bool {
    // A command that has all lanes for itself cannot be asked again in one of them.
    keepsForLegacy && stack == .new && fence?.guest?.isIn != true
  }

  /// Keeps a command that could not be sent. False if nobody will ask legacy for it.
  func postpone(
    _ frame: Span<UInt8>, _ spec: CommandSpec, on stack: StackID, sink: ReplySink, slot: UInt32,
    from: UInt64? = nil
  ) -> Bool {
    guard mayPostpone(on: stack), case .keyed = spec.scope, frame.count > 0,
      postponed.byteCount < settings.heldBytes
    else { return false }
    if postponed.count == 0 { postponedSince = now }
    postponed.append(frame, sink: sink, slot: slot, keys: 1, at: now, from: from ?? waitingSince)
    return true
  }

  /// Keeps a command that new did not answer, if it may be carried out twice.
  func retry(_ request: Span<UInt8>, _ command: Errand, on stack: StackID, sink: ReplySink) -> Bool {
    guard keepsForLegacy else { return false }
    let spec = table.specs[Int(command.command)]
    guard spec.access == .read || (settings.fallback == .readsAndWrites && Lane.mayRepeat(spec, request))
    else {
      return false
    }
    return postpone(
      request, spec, on: stack, sink: sink, slot: command.slot, from: command.sentAt &- command.held)
  }

  /// Writes that leave the same behind however often they are carried out, and whose reply tells nothing else.
  private static func mayRepeat(_ spec: CommandSpec, _ request: Span<UInt8>) -> Bool {
    switch spec.mirror {
    case .asSent: spec.prior == .irrelevant
    case .effect(.setExpiring): true
    default: isPlainSet(spec, request)
    }
  }

  /// The decision is in force, or new is back: everything goes on, in its order. Behind a fence commands that came later are held
  /// already; they all go on when it comes down.
  func resumePostponed() {
    guard postponed.count > 0, !isFenced else { return }
    goOn(with: postponed.take(), heldFor: .outage)
    relieve()
  }

  func newIsBack() {
    keepsForLegacy = settings.fallback != .off && routing.canFallBack
    resumePostponed()
  }

  /// Nobody has decided: what waits is told that new is down, and nothing is kept any more until something changes.
  func giveUpPostponed() {
    guard postponed.count > 0, now &- postponedSince > UInt64(settings.fallbackPatience) else { return }
    keepsForLegacy = false
    resumePostponed()
  }

  /// Whether one of the keys belongs to new, which cannot be reached, and legacy may answer reads alone.
  func refusesWrite(
    _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec, _ keys: [Int]
  ) -> Bool {
    guard routing.refusesWrites, spec.access == .write else { return false }
    return keys.contains { routing.snapshot.refusesWrites(to: frame.extracting(arguments[$0].range)) }
  }

  var readsOnlyMessage: String { downMessage(new) + "; meanwhile legacy answers reads of its keys only" }
}
