import SluiceCommands
import SluiceCopying
import SluiceRESP
import SluiceRouting

/// Keys that a stack is known not to have, while the other one has them right (law 11): what no way can carry, and what was deleted because
/// it may have been wrong. They are suspects still, because the stacks differ, but nobody is answered wrongly: what is absent cannot lie.
///
/// - Where the stack is the mirror, updates are not repeated on nothing; the key is copied again after a growing pause.
/// - Where it is the primary, the key is brought home from the mirror (`KeyFill`). A client's read finds it missing until then, or waits for it for
///   a moment; a write makes the key anew, and only then the mirror's value is another's.
extension Lane {
  /// A copy that the stack cannot have: what it holds of the key goes, because it is not right, and the key stays a suspect, named.
  func withhold(_ key: [UInt8], from connection: StackConnection, because ending: ValueCopy.Ending) {
    let speaksOfItself = ending.speaksOfItself
    if !connection.suspects.contains(key) { connection.suspects.insert(key) }
    connection.suspects.pauses.wasRefused(key, speaksOfItself: speaksOfItself, at: now)
    let why: Suspects.Absence =
      switch ending {
      case .uncarried(let reason): .uncarried(reason)
      case .failed(let trouble) where !speaksOfItself: .uncarried(.refused(trouble))
      case .failed, .copied, .absent, .present: .waiting
      }
    if connection.suspects.isAbsent(key) { return connection.suspects.becameAbsent(key, why) }
    connection.suspects.isGoing[key] = why
    restore([Array("UNLINK".utf8), key], on: connection, end: .withheld)
  }

  /// A command on a single key that its primary may hold wrongly. True: it waits until the key's value is back from the mirror.
  func waitsForReturn(
    _ frame: Span<UInt8>, _ key: Span<UInt8>, on connection: StackConnection, sink: ReplySink, slot: UInt32
  ) -> Bool {
    guard !isGoingOn, !connection.suspects.isEverything, !LawBreak.serveSuspects.isOn else { return false }
    let name = key.withUnsafeBufferPointer { Array($0) }
    guard connection.suspects.contains(name), !isComingHome(name, to: connection) else { return false }
    if connection.suspects.isAbsent(name) {
      // Missing there, and on its way home, perhaps. What a write has made of it there is right.
      guard fills[name] != nil || (mayReturnNow(name, to: connection) && canReturn(name, to: connection))
      else {
        return false
      }
      let fill = fill(name, isInAHurry: true)
      return fill.mayBeWaitedFor && hold(frame, in: fill, sink: sink, slot: slot)
    }
    if let fill = fills[name] { return hold(frame, in: fill, sink: sink, slot: slot) }
    guard canReturn(name, to: connection) else { return false }
    purge(key, on: connection.stack, asking: 0)
    let fill = fill(name, isInAHurry: true)
    guard !fill.isOver else { return false }
    return hold(frame, in: fill, sink: sink, slot: slot)
  }

  private func hold(_ frame: Span<UInt8>, in fill: KeyFill, sink: ReplySink, slot: UInt32) -> Bool {
    guard fill.held.byteCount + frame.count < settings.heldBytes / 16 else {
      fill.end(.overtaken)
      return false
    }
    if fill.held.count == 0 {
      arm(in: settings.copyHold) {
        self.turnBegan()
        fill.letGo()
      }
    }
    fill.held.append(frame, sink: sink, slot: slot, keys: 1, at: now, from: waitingSince)
    return true
  }

  /// Whether a key that is missing there may be looked for because somebody asks for it.
  private func mayReturnNow(_ key: [UInt8], to connection: StackConnection) -> Bool {
    connection.suspects.absent[key] == .waiting
      ? connection.suspects.pauses.isDue(key, at: now) : connection.suspects.mayWaitForHot(key)
  }

  /// Whether its value has been sent there, and not been acknowledged: what is sent from here on finds it.
  func isComingHome(_ key: [UInt8], to connection: StackConnection) -> Bool {
    guard let carry = carrying[key] else { return false }
    return carry.target == connection.stack && carry.isFinishing
  }

  /// Whether the key's right value can be asked of the other stack.
  func canReturn(_ key: [UInt8], to connection: StackConnection) -> Bool {
    let other = self.connection(connection.stack.other)
    return routing.mirrorsWrites && !isFenced && connection.isUp && other.isUp
      && !other.mirrorIsFull(adding: 0) && !other.suspects.isEverything && !other.suspects.contains(key)
      && fills.count < Lane.maximumReturns
  }

  /// Called with the repairs: brings a suspect home to its own primary, if nobody waits for that already.
  func bringHome(_ key: [UInt8], to connection: StackConnection) {
    guard fills[key] == nil, !isComingHome(key, to: connection),
      connection.suspects.pauses.isDue(key, at: now),
      canReturn(key, to: connection)
    else { return }
    if !connection.suspects.isAbsent(key) { purge(key.span, on: connection.stack, asking: 0) }
    _ = fill(key)
  }

  /// Commands that waited go on, in their order.
  func goOn(with waiting: HeldCommands) {
    guard waiting.count > 0 else { return }
    let before = isGoingOn
    isGoingOn = true
    goOn(with: waiting, heldFor: .key)
    isGoingOn = before
  }

  /// What is about to hold all keys, or to answer for many, lets those go ahead that wait for one.
  func endReturns() {
    guard isFilling else { return }
    for fill in fills.values where fill.held.count > 0 { fill.end(.overtaken) }
  }

  /// A flip is about to hold keys: whoever waits for the return of one waits for the flip instead, and asks again behind it.
  func holdReturns(_ fence: inout Fence) {
    guard isFilling else { return }
    for fill in fills.values where fill.held.count > 0 {
      held.append(fill.held.take())
      // Of keys that do not move as well, and nothing may overtake them.
      fence.isRetargeted = true
      fill.end(.overtaken)
    }
  }

  // MARK: Writes

  /// Whether a key is known to be missing at one of the stacks.
  @inline(__always)
  var knowsAbsent: Bool {
    !connection(.legacy).suspects.absent.isEmpty || !connection(.new).suspects.absent.isEmpty
  }

  /// A write is about to be repeated, or its keys to be copied. True: a key of it is missing at one of the stacks, and the write is not repeated.
  ///
  /// - Parameter isKnown: what is repeated is what was done.
  func concernsAbsent(_ request: Span<UInt8>, from primary: StackID, isKnown: Bool) -> Bool {
    let (here, there) = (connection(primary), connection(primary.other))
    let keys = keys(of: request)
    let makesAnew = isKnown && Lane.makesAnew(request)
    var isConcerned = false
    for key in keys where owner(of: key.span) === self {
      if makesAnew {
        if here.suspects.isAbsent(key) { here.suspects.settle(key) }
        if there.suspects.isAbsent(key) { there.suspects.settle(key) }
        continue
      }
      if here.suspects.isAbsent(key) {
        isConcerned = true
        // The mirror has missed something else of it: that must not come home, and what clients were answered here is right.
        if there.suspects.contains(key), fills[key]?.look == nil {
          fills[key]?.end(.doubtful)
          here.suspects.settle(key)
          wantsRepairs = true
          continue
        }
        // Whether it has made the key there, nobody knows yet; if so, the mirror's is an older one.
        if !there.suspects.contains(key) { there.suspects.insert(key) }
        guard let mark = there.suspects.mark(of: key), fills.count < 2 * Lane.maximumReturns else {
          here.suspects.settle(key)
          continue
        }
        if let fill = fills[key] {
          fill.looks(behind: mark)
        } else {
          let fill = KeyFill(of: key, in: self)
          fill.looks(behind: mark)
          fill.start()
        }
      } else if there.suspects.isAbsent(key) {
        isConcerned = true
        wantsRepairs = true
      }
    }
    guard isConcerned, isKnown else { return false }
    // Of several keys the others are copied.
    if keys.count > 1 { suspect(request, on: primary.other, isToBeCopied: true) }
    scheduleTurnEnd()
    return true
  }

  /// Whether the write has taken away what it names from a key that its primary is known to lack: from the value that comes home it goes as well.
  func takesFromAbsent(_ request: Span<UInt8>, at primary: StackID) -> Bool {
    guard let verb = Lane.verb(of: request), Lane.takingByName.contains(verb),
      let key = Lane.firstKey(of: request)
    else { return false }
    return owner(of: key.span) === self && connection(primary).suspects.isAbsent(key)
      && !connection(primary.other).suspects.contains(key)
  }

  private static let takingByName: Set<String> = ["HDEL", "LREM", "LTRIM", "SREM", "XDEL", "XTRIM", "ZREM"]

  private static func verb(of request: Span<UInt8>) -> String? {
    var framer = RequestFramer(limits: .measuredBefore)
    guard case .command = framer.next(request), let name = framer.arguments.first else { return nil }
    let word = request.extracting(name.range).withUnsafeBufferPointer { Array($0) }
    return String(decoding: word, as: UTF8.self).uppercased()
  }

  /// `SET key value` and deletions leave the same behind whatever was there.
  private static func makesAnew(_ request: Span<UInt8>) -> Bool {
    switch verb(of: request) {
    case "DEL", "UNLINK": true
    case "SET": hasThreeWords(request)
    default: false
    }
  }

  /// A write has made a key that the primary lacked: what the mirror has is another, older value.
  func wasMadeAnew(_ key: [UInt8], on primary: StackID) {
    connection(primary).suspects.settle(key)
    let mirror = connection(primary.other)
    if !mirror.suspects.contains(key) { mirror.suspects.insert(key) }
    wantsRepairs = true
    scheduleTurnEnd()
  }

  // MARK: Copies in pieces

  /// From now on writes to the key are told to its copy, and are not repeated on what the receiver has: that is a suspect, and goes.
  func carriesInPieces(_ carry: KeyCarry) {
    let key = carry.key
    guard carry.target != routing.primary(of: key.span) else { return }
    pieces[key] = carry
    let connection = connection(carry.target)
    if !connection.suspects.contains(key) { connection.suspects.insert(key) }
  }

  func endsPieces(of carry: KeyCarry) {
    if !pieces.isEmpty, pieces[carry.key] === carry { pieces[carry.key] = nil }
  }

  /// A write has been acknowledged while copies are under way in pieces. True: its one key is such a copy's.
  func concernsPieces(_ request: Span<UInt8>, isKnown: Bool) -> Bool {
    guard !pieces.isEmpty else { return false }
    let keys = keys(of: request)
    let carries = keys.compactMap { pieces[$0] }
    guard !carries.isEmpty else { return false }
    let words = isKnown && keys.count == 1 ? Lane.words(of: request) : nil
    for carry in carries { carry.wasWritten(words) }
    return keys.count == 1
  }

  /// Whether the write, or the question, is about one key alone that is being carried in pieces: the copy is told of what is done to it.
  func isInPieces(_ request: Span<UInt8>) -> Bool {
    guard !pieces.isEmpty else { return false }
    let keys = keys(of: request)
    return keys.count == 1 && pieces[keys[0]] != nil
  }

  /// The stacks hold different things of a key that is being carried, as they must.
  func doubtPieces(of request: Span<UInt8>) { for key in keys(of: request) { pieces[key]?.wasDoubted() } }

  private static func words(of request: Span<UInt8>) -> [[UInt8]]? {
    var framer = RequestFramer(limits: .measuredBefore)
    guard case .command = framer.next(request) else { return nil }
    var words: [[UInt8]] = []
    for argument in framer.arguments {
      words.append(request.extracting(argument.range).withUnsafeBufferPointer { Array($0) })
    }
    return words
  }

  /// Keys on their way home at once.
  static let maximumReturns = 512
}
