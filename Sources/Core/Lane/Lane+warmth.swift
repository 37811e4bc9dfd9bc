import SluiceCommands
import SluiceRESP
import SluiceRouting

/// Cold and warm: whether the stacks are known to hold the same keys, and what is done with writes while they are not.
///
/// A stack that lost everything is *cold*, not suspect: what is absent cannot lie. But an update repeated on a mirror that
/// lacks the key would make half a hash, or a counter that starts at 1; so while the stacks are not known to be equal, updates
/// are not repeated (law 3). Their keys are copied, each once: behind its copy a key is known to be equal, and what
/// comes then is repeated again.
///
/// The stacks are known to be equal from the start if both were empty when the first command came, and from the end of a
/// warm-up on (`becameEqual`). A stack that comes up empty ends it.
extension Lane {
  /// The stack holds nothing any more: it was found, or made, empty.
  func lostEverything(_ connection: StackConnection) {
    let other = self.connection(connection.stack.other)
    connection.suspects.stackWasEmptied()
    equalKeys = []
    // What is empty holds nothing that the other could lack.
    let areBothEmpty = connection.sent == 0 && other.sent == 0 && other.wasFoundEmpty
    other.isWarm = true
    connection.isWarm = areBothEmpty
    connection.wasFoundEmpty = true
  }

  /// The primary of all keys came back with what it had kept, which may be older than what the mirror was told: its word
  /// counts, and the mirror is no longer known to be equal.
  func wasRestored(_ connection: StackConnection) {
    connection.isWarm = false
    self.connection(connection.stack.other).isWarm = false
    equalKeys = []
  }

  func warmthChanged() { isWarm = legacy.isWarm && new.isWarm }

  /// A warm-up has brought every key over, or a verification has found both equal.
  package func becameEqual(_ walked: Walked) {
    if walked == .both {
      legacy.isWarm = true
      known.everythingIsEqual()
    }
    new.isWarm = true
    if isWarm { equalKeys = [] }
  }

  /// Whether the mirror may repeat a write while the stacks are not known to be equal.
  func mayRepeat(_ spec: CommandSpec, _ request: Span<UInt8>, from primary: StackID) -> Bool {
    if Lane.isPlainSet(spec, request) { return true }
    var framer = RequestFramer(limits: .measuredBefore)
    guard case .command = framer.next(request) else { return false }
    let arguments = framer.arguments
    if !Mirroring.buildsOnPriorValue(spec, request: request, arguments: arguments.span) {
      // What takes away from a key, or changes it in place, leaves an absent one absent. But on a mirror that has what the
      // primary has lost it would leave a part.
      if spec.prior == .irrelevant || connection(primary).isWarm { return true }
    }
    keyIndices.removeAll(keepingCapacity: true)
    _ = spec.keyIndices(in: request, arguments: arguments.span, into: &keyIndices)
    return !keyIndices.isEmpty
      && keyIndices.allSatisfy { index in
        equalKeys.contains(request.extracting(arguments[index].range).withUnsafeBufferPointer { Array($0) })
      }
  }

  /// The mirror cannot repeat what a write did: its keys are copied with the next repairs.
  func copy(_ request: Span<UInt8>, from primary: StackID) {
    if !carrying.isEmpty { _ = concernsPieces(request, isKnown: false) }
    if knowsAbsent { _ = concernsAbsent(request, from: primary, isKnown: false) }
    suspect(request, on: primary.other, isToBeCopied: true)
    wantsRepairs = true
    scheduleTurnEnd()
  }

  /// A copy of the key is on its way to the mirror, at its place in the log.
  func wasCopied(_ key: [UInt8]) {
    guard !isWarm else { return }
    if equalKeys.count >= Lane.maximumEqualKeys { equalKeys = [] }
    equalKeys.insert(key)
  }

  /// So many keys are remembered as equal; then it begins anew, which costs each of them one more copy.
  private static let maximumEqualKeys = 65_536

  // MARK: A stack that was left out

  /// Puts a routing in force.
  func putInForce(_ snapshot: RoutingSnapshot) {
    let leftOut = snapshot.effectiveStage.leftOut
    if let unfed = routing.snapshot.effectiveStage.leftOut, unfed != leftOut, hasWritten(without: unfed) {
      connection(unfed).isWarm = false
      equalKeys = []
      // The first write has come since everybody was asked whether there was one. In this turn, but not from here: a connection
      // that is cut moves the fence that is just coming down, and no reply is read before.
      if isUnfed(unfed), connection(unfed).history.losses == leftOutLosses {
        want(.post(self) { self.doubtEverything(on: unfed) })
      }
    }
    if let leftOut, leftOut != routing.snapshot.effectiveStage.leftOut { wasLeftOut(leftOut) }
    routing = LaneRouting(snapshot)
    // Before anybody is answered in it.
    let lasting = snapshot.fallback == .off ? routing : LaneRouting(snapshot.withoutFallback)
    for connection in stacks { connection.suspects.willBeRouted(by: lasting) }
    tellStrays()
    keepsForLegacy = settings.fallback != .off && routing.canFallBack
  }

  /// From here on the stack is told of no writes.
  func wasLeftOut(_ stack: StackID) {
    leftOutAt = connection(stack.other).writes
    leftOutLosses = connection(stack).history.losses
  }

  /// Whether what a stack holds that was left out may be older than what was acknowledged meanwhile, or before the start.
  func isUnfed(_ stack: StackID) -> Bool {
    let connection = connection(stack)
    if connection.wasFoundEmpty, connection.sent == 0 { return false }
    return hasWritten(without: stack)
  }

  private func hasWritten(without stack: StackID) -> Bool {
    let writes = connection(stack.other).writes
    return leftOutAt.map { $0 != writes } ?? (writes > 0 || !connection(stack).wasFoundEmpty)
  }

  /// Lets go of a stack that must be emptied; the next hand-shake sees to it. An event of its own: who learns amid another one that a
  /// stack must not be believed calls `doubtEverything`.
  func cutToBeEmptied(_ stack: StackID) {
    connection(stack).cut("what it holds may be old: it is being emptied", kind: .refused)
  }

  /// Nothing that the stack holds may be served, in no lane.
  ///
  /// It is cut off when what is being handled now is over (law 12): a cut answers clients, and one of them may have claimed the reply
  /// whose effect was just being told, and wait for its bytes. What is sent there until then is not answered: loops run such
  /// tasks before they read again.
  func doubtEverything(on stack: StackID) {
    journal?.suspectEverything(on: stack)
    connection(stack).history.doubtEverything()
    cutToBeEmptied(stack, in: peers)
  }

  /// The stack must be emptied, and this lane is just connecting to it.
  func cutPeersToBeEmptied(_ stack: StackID) { cutToBeEmptied(stack, in: peers.filter { $0 !== self }) }

  private func cutToBeEmptied(_ stack: StackID, in lanes: [Lane]) {
    for lane in lanes {
      want(
        .post(lane) {
          lane.turnBegan()
          lane.cutToBeEmptied(stack)
        })
    }
  }
}
