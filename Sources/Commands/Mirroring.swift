import SluiceRESP

/// What is to be done at the mirror about one write that the primary has acknowledged.
public enum MirrorAction: UInt8, Sendable, BitwiseCopyable {
  /// Send the request as it came.
  case asSent

  /// Send what `output` holds: one whole command.
  case replaced

  /// The same, and the mirror must answer `:0`: there is nothing there that it did not have.
  case replacedAddingNothing

  /// Send what `output` holds; behind it the primary is asked how much its trim has left, and the mirror trims alike.
  case replacedAndTrimmed

  /// The same, with nothing to send before.
  case trimmed

  /// Nothing: the primary's reply says that nothing changed.
  case nothing

  /// Copy the state of the request's keys from the primary.
  case copy
}

/// Turns a wish into its effect: what a command did, told from its arguments and the primary's reply
/// (design, law 3).
///
/// A relative time becomes an absolute one by the caller's clock, which is read after the primary's: the
/// mirror's key lives longer by the time between the two, never shorter. A reply that is not what Redis 7.0
/// says for a command makes it a copy.
public enum Mirroring {
  /// What the mirror has to do.
  ///
  /// - Parameters:
  ///   - spec: of the command; a write that goes to its key's lane.
  ///   - request: the bytes of the whole command.
  ///   - arguments: ranges inside `request`, the name first.
  ///   - reply: the primary's whole reply, RESP2 or RESP3; not an error.
  ///   - nowMilliseconds: the wall clock, in milliseconds since 1970.
  ///   - limits: what one command may be. An effect that is longer (the members of a large `SPOP`) is a copy.
  ///   - abilities: of the primary, and of the mirror: what it cannot be told is copied.
  ///   - output: owned by the caller and reused; of use only after `.replaced`.
  @inlinable
  public static func effect(
    of spec: CommandSpec, request: Span<UInt8>, arguments: Span<ArgumentRange>, reply: Span<UInt8>,
    nowMilliseconds: Int64, limits: FrameLimits,
    abilities: (primary: ServerAbilities, mirror: ServerAbilities) = (.redis70, .redis70),
    into output: inout [UInt8]
  ) -> MirrorAction {
    switch spec.mirror {
    case .asSent: .asSent
    // What is made of parts is told by part.
    case .copy, .parts: .copy
    case .none: .nothing
    case .effect(let effect):
      fitting(
        told(effect, of: spec, request, arguments, reply, Int(nowMilliseconds), abilities, &output), &output,
        limits)
    }
  }

  /// What is longer than a command may be can be told to nobody.
  @usableFromInline
  static func fitting(_ action: MirrorAction, _ output: inout [UInt8], _ limits: FrameLimits) -> MirrorAction
  {
    guard action == .replaced || action == .replacedAddingNothing || action == .replacedAndTrimmed else {
      return action
    }
    let words = ReplyReader.count(output.span) ?? .max
    if words <= min(limits.arguments, FrameLimits.wordsOfAnyRedis), output.count <= limits.frameBytes {
      return action
    }
    // Room for so much is not kept.
    output = []
    return .copy
  }

  /// Whether repeating the command makes a wrong value on a mirror that lacks one of its keys.
  ///
  /// What `CommandSpec.buildsOnPriorValue` says, and `SET … KEEPTTL`: it keeps a time that an absent key does
  /// not have.
  public static func buildsOnPriorValue(
    _ spec: CommandSpec, request: Span<UInt8>, arguments: Span<ArgumentRange>
  ) -> Bool {
    spec.mirror == .effect(.set) ? keepsTime(request, arguments) : spec.buildsOnPriorValue
  }

  /// Whether a `SET` keeps the time to live of what it replaces.
  static func keepsTime(_ request: Span<UInt8>, _ arguments: Span<ArgumentRange>) -> Bool {
    for index in 3..<max(3, arguments.count) where arguments.holds("KEEPTTL", at: index, in: request) {
      return true
    }
    return false
  }

  @usableFromInline
  static func told(
    _ effect: MirrorEffect, of spec: CommandSpec, _ request: Span<UInt8>, _ arguments: Span<ArgumentRange>,
    _ reply: Span<UInt8>, _ now: Int, _ abilities: (primary: ServerAbilities, mirror: ServerAbilities),
    _ output: inout [UInt8]
  ) -> MirrorAction {
    switch effect {
    case .set: set(request, arguments, reply, now, &output)
    case .setExpiring(let unit): setExpiring(unit, request, arguments, now, &output)
    case .setIfAbsent: setIfAbsent(request, arguments, reply, &output)
    case .setAllIfAbsent: setAllIfAbsent(request, arguments, reply, &output)
    case .getSet: getSet(request, arguments, &output)
    // Even if there was nothing to delete: a mirror that has what a cold primary lacks would bring it back.
    case .getDelete: delete(request, arguments, &output)
    case .getExpire: getExpire(request, arguments, reply, now, &output)
    case .expireAfter(let unit): expireAfter(unit, request, arguments, reply, now, &output)
    case .expireAt: expireAt(request, arguments, reply, &output)
    case .restore: restore(request, arguments, now, &output)
    case .incrementByFloat: incrementByFloat(request, arguments, reply, &output)
    case .incrementFieldByFloat: incrementFieldByFloat(request, arguments, reply, abilities.mirror, &output)
    case .deleteIfEqual: deleteIfEqual(request, arguments, reply, &output)
    case .setAllExpiring: setAllExpiring(request, arguments, reply, now, abilities.mirror, &output)
    case .expireFields(let unit, let isRelative):
      expireFields(unit, isRelative, request, arguments, reply, now, abilities.mirror, &output)
    case .getFieldsExpire: getFieldsExpire(request, arguments, reply, now, abilities.mirror, &output)
    case .getFieldsDelete: getFieldsDelete(request, arguments, reply, &output)
    case .setFieldsExpiring: setFieldsExpiring(request, arguments, reply, now, abilities.mirror, &output)
    case .addScored: addScored(request, arguments, reply, &output)
    case .incrementScore: incrementScore(request, arguments, reply, &output)
    case .streamRead: streamRead(spec, request, arguments, reply, abilities, &output)
    case .popMembers: popMembers(request, arguments, reply, &output)
    case .popScored: popScored(request, arguments, reply, &output)
    case .popFirstList: popFirstList(request, arguments, reply, &output)
    case .popFirstScored: popFirstScored(reply, &output)
    case .copyKey: copyKey(request, arguments, reply, &output)
    case .renameIfAbsent: renameIfAbsent(request, arguments, reply, &output)
    case .unlessNull: ReplyReader.isNull(reply) ? .nothing : .asSent
    case .unlessZero: ReplyReader.integer(reply) == 0 ? .nothing : .asSent
    case .ifStored: ifStored(spec, request, arguments)
    case .streamAdd: streamAdd(request, arguments, reply, &output)
    case .streamTrim: streamTrim(request, arguments, reply)
    case .streamClaim: streamClaim(request, arguments, reply, now, &output)
    case .streamAutoclaim: streamAutoclaim(request, arguments, reply, now, abilities.primary, &output)
    }
  }

  /// 0 and 1 say whether it happened; nil is any other reply.
  static func happened(_ reply: Span<UInt8>) -> Bool? {
    switch ReplyReader.integer(reply) {
    case 0: false
    case 1: true
    default: nil
    }
  }

  /// The time on the clock that a relative time means; at the ends of its range where it would overflow.
  static func absolute(_ time: Int, _ unit: TimeUnit, _ now: Int) -> Int {
    let (milliseconds, isTooFar) = time.multipliedReportingOverflow(by: unit == .seconds ? 1000 : 1)
    let (sum, isTooFarYet) = now.addingReportingOverflow(milliseconds)
    guard isTooFar || isTooFarYet else { return sum }
    return time < 0 ? .min : .max
  }
}
