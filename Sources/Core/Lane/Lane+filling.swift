import SluiceCommands
import SluiceFigures
import SluiceRESP
import SluiceRouting

/// Fills under way (`KeyFill`): who waits for them, and what ends them.
extension Lane {
  /// The fill of a key whose primary is new: the one that is under way, or another one.
  func fill(_ key: [UInt8], isInAHurry: Bool = false) -> KeyFill {
    if let fill = fills[key] { return fill }
    let fill = KeyFill(of: key, isInAHurry: isInAHurry, in: self)
    fill.start()
    return fill
  }

  /// A write is on its way to the primary, and a fill of one of its keys would not know of it. Only if there are fills at all.
  func overtakeFills(_ frame: Span<UInt8>, _ spec: CommandSpec, key: Span<UInt8>) {
    guard spec.access == .write else { return }
    if spec.hasSingleKeyAtOne { return overtakeFill(of: key) }
    let keys = keys(of: frame)
    for key in keys { overtakeFill(of: key.span) }
    // Nobody knows what it touches.
    if keys.isEmpty { for fill in fills.values { fill.end(.overtaken) } }
  }

  func overtakeFill(of key: Span<UInt8>) {
    fills[key.withUnsafeBufferPointer { Array($0) }]?.end(.overtaken)
  }

  /// Called a few times a second: a reader waits for a fill no longer than a command may take. A value that goes over in pieces takes
  /// longer; the fill goes on without those who waited.
  func endLateFills() {
    let patience = UInt64(new.endpoint.commandTimeout)
    for fill in fills.values where now &- fill.startedAt > patience { fill.letGo() }
  }

  // MARK: On a miss

  /// What the reply to a read that would be compared, or not, sets off if misses are filled.
  func sequelOfMiss(_ spec: CommandSpec, _ primary: StackID, else sequel: Errand.Sequel) -> Errand.Sequel {
    guard primary == .new, spec.isHitMiss, spec.access == .read, spec.hasSingleKeyAtOne,
      routing.mirrorsWrites,
      sequel == .none || sequel == .compare
    else { return sequel }
    return sequel == .compare ? .fillOrCompare : .fill
  }

  /// A read has missed on new: keeps its reply back until the key was looked for on legacy. False: it is no miss, or legacy cannot
  /// be asked just now, and nothing was done.
  func fillsMiss(
    _ reply: Span<UInt8>, of command: Errand, _ sink: ReplySink?, _ request: Span<UInt8>
  ) -> Bool {
    guard let sink, Lane.isMiss(reply), !isFenced, routing.mirrorsWrites, legacy.isUp, new.isUp,
      legacy.mirrorQueue <= settings.mirrorCommands / 2, fills.count < Lane.maximumFills,
      new.suspects.pauses.room(at: now) > 0
    else { return false }
    guard let key = Lane.firstKey(of: request), routing.primary(of: key.span) == .new,
      !isComingHome(key, to: new)
    else { return false }
    let fill = fill(key)
    guard !fill.isOver, !fill.hasLetGo else { return false }
    new.suspects.pauses.begins(at: now)
    // The client waits on: the stack's answer is not the end of it.
    figures.waits.replaced(
      table.specs[Int(command.command)].commandClass, nanoseconds: now &- command.sentAt &+ command.held)
    fill.add(
      KeyFill.Reader(
        sink: sink, slot: command.slot, command: command.command,
        from: command.sentAt &- command.held, since: now,
        request: request.withUnsafeBufferPointer { Array($0) },
        miss: reply.withUnsafeBufferPointer { Array($0) }))
    return true
  }

  private static func isMiss(_ reply: Span<UInt8>) -> Bool {
    ReplyReader.isNull(reply) || ReplyReader.isEmptyAggregate(reply)
  }

  private static let maximumFills = 1024
}
