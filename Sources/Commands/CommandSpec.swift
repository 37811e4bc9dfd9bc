/// Whether a command may change a key.
public enum Access: UInt8, Sendable, BitwiseCopyable {
  case read, write
}

/// How a command whose keys fall on both sides is taken apart, and its replies put together again.
public enum Split: UInt8, Sendable, BitwiseCopyable {
  /// Not at all: it is refused when its keys fall on both sides.
  case none

  /// Array replies in the order of the keys: `MGET`.
  case values

  /// Integer replies, added up: `DEL`, `UNLINK`, `EXISTS`, `TOUCH`.
  case sum

  /// Pairs of key and value; `+OK` if every part said so: `MSET`.
  case allOK
}

/// When two replies to one read are the same answer (design, section 6).
public enum Comparison: UInt8, Sendable, BitwiseCopyable {
  /// Equal bytes.
  case exact

  /// The same elements in any order: `SMEMBERS`.
  case unordered

  /// The same pairs of field and value in any order: `HGETALL`.
  case unorderedPairs

  /// Times that may differ by what passes between two questions: `TTL`.
  case tolerance

  /// Nothing but numbers, however they are spelled: `ZSCORE`.
  case numbers

  /// Members, and beside them numbers however they are spelled: `ZRANGE … WITHSCORES`, `GEOSEARCH … WITHCOORD`.
  case scores

  /// The name of the key's type: `TYPE`.
  case typeName

  /// Consumer groups by the fields that both servers tell, but for those that each counts in its own way: `XINFO GROUPS`.
  case groups

  /// Replies that rightly differ between two equal servers (random, cursors, encodings, idle times), and
  /// all writes.
  case never
}

/// What may stand among a command's options that the proxy does not carry.
public enum RefusedOption: UInt8, Sendable, BitwiseCopyable {
  case none

  /// `BLOCK` of `XREAD` and `XREADGROUP`.
  case block

  /// `DB` of `COPY`.
  case database

  /// `BY` and `GET` patterns of `SORT` and `SORT_RO`: they read keys that are not among the arguments.
  case pattern

  /// A script, or a function, that declares no key: what it writes would be on one stack alone, and nobody could tell which keys.
  case keyless
}

/// All that the proxy knows of one command. A plain value without references: copying it costs no retain.
public struct CommandSpec: Sendable, BitwiseCopyable {
  /// The command's place in `CommandTable.specs`, dense from 0.
  public let id: Int

  /// The container's id for a subcommand (`CLIENT` for `CLIENT|LIST`), else nil.
  public let container: Int?

  /// True where the next argument names a subcommand: resolve that before the rest is believed.
  public let isContainer: Bool

  /// Number of arguments, the name included; a negative one is a minimum.
  public let arity: Int

  /// What the server says of the command.
  public let flags: CommandFlags

  /// By the server's flags: `readonly` reads, everything else counts as a write (design, law 8).
  public let access: Access

  public let keys: KeyLayout

  /// True if argument 1 is the only key, so that nobody needs to ask `keyIndices`. The argument may still
  /// be missing: check `accepts(count:)` first.
  public let hasSingleKeyAtOne: Bool

  public let scope: Scope

  /// True if the command goes to the lane of its only key, whatever its options say: nothing else about it has to be
  /// looked at before it is sent.
  public let isPlain: Bool

  /// True for a command to its key's lane that one of the two servers does not have, or takes with fewer arguments.
  public let isOneSided: Bool
  /// Who has it; nobody, if neither says so.
  public let sides: CommandSides
  /// Numbers of arguments as each server says them.
  let arities: (legacy: Int16, new: Int16)
  public let split: Split
  public let comparison: Comparison

  /// True if a nil reply, or an array of nothing but nils (an empty one too), counts as a cache miss.
  public let isHitMiss: Bool

  /// What `refusal(in:arguments:)` looks for; `.none` needs no look.
  public let refusedOption: RefusedOption

  /// How the mirror repeats the command; `.none` unless it goes to its key's lane and changes something: a write, or `PFCOUNT`.
  public let mirror: MirrorRule

  /// What the mirror must hold for that; `.irrelevant` where `mirror` is `.none`.
  public let prior: PriorState

  /// When its reply does not tell what it found.
  public let doubt: PriorDoubt

  /// True for a read that changes what it reads (`PFCOUNT`): where it is not compared, it is mirrored.
  public let changesOnRead: Bool

  /// True for a whole `MULTI` … `EXEC` as one command.
  public let isTransaction: Bool

  /// True for a script for which there is a rule, with all the keys that it touches.
  public let isRuledScript: Bool

  /// True for what is no command of any server, and what no client can send.
  public var isOurs: Bool { isTransaction || isRuledScript }

  /// False for what is in no table.
  public let isListed: Bool

  /// The name in our own table; empty for a command that only servers have told of.
  let label: StaticString

  /// Upper case; a subcommand stands behind its container: `CLIENT|LIST`. Allocates.
  public var name: String {
    if label.utf8CodeUnitCount > 0 { return label.description }
    return CommandNumbers.name(of: id, from: CommandTable.firstFreeID) ?? "UNKNOWN"
  }

  /// True for an update: on a mirror that lacks one of its keys it would make a wrong value (design, law 3).
  /// For `SET … KEEPTTL` ask `Mirroring.buildsOnPriorValue`.
  @inlinable public var buildsOnPriorValue: Bool { prior == .equal }

  /// True for a command of Redis 7.0, what `CommandTable+generated.swift` has.
  public var isOfRedis70: Bool { CommandTable.isOfRedis70(id) }

  /// Whether the server has the command and takes so many arguments, the name included.
  public func isKnown(to side: CommandSides, count: Int) -> Bool {
    guard sides.contains(side) else { return false }
    let arity = Int(side == .legacy ? arities.legacy : arities.new)
    return arity >= 0 ? count == arity : count >= 0 &- arity
  }

  /// Several keys perhaps, but each for itself: what comes of one has nothing to do with another.
  public var updatesKeysApart: Bool { container != nil || mirror == .effect(.streamRead) }

  /// `LMOVE`, `RPOPLPUSH`, `SMOVE`: what was moved is in the reply or in the command, and what is left can still be counted behind it. So the
  /// mirror's reply, and a proof that is open when it comes, tell as much as they do without it.
  public var movesOneElement: Bool {
    mirror == .effect(.unlessNull) || (mirror == .effect(.unlessZero) && prior == .equal)
  }

  /// `SUNIONSTORE`, `SINTERSTORE`: where one stack has lost a source, what it holds of it is a part of what the other holds, so what it makes
  /// is a part as well, and all of it if there are as many elements. With two such sources, one lost here and one there, that is not so.
  public var isToldByCount: Bool { name == "SUNIONSTORE" || name == "SINTERSTORE" }

  /// Whether so many arguments, the name included, can be right.
  @inlinable
  public func accepts(count: Int) -> Bool {
    arity >= 0 ? count == arity : count >= 0 &- arity
  }
}
