/// How the mirror repeats a command that the primary has carried out (design, law 3).
public enum MirrorRule: Sendable, BitwiseCopyable, Equatable {
  /// The bytes that the client sent: from equal states they lead to equal states.
  case asSent

  /// What the command did, told from its arguments and the primary's reply.
  case effect(MirrorEffect)

  /// Each command of a transaction by its own rule.
  case parts

  /// Neither tells: the state of the command's keys is copied.
  case copy

  /// Never repeated as a write: reads, and commands that do not go to their key's lane.
  case none
}

/// How an effect is told. `Mirroring` has one function for each.
public enum MirrorEffect: Sendable, BitwiseCopyable, Equatable {
  /// `SET` with any of its options.
  case set
  /// `SETEX`, `PSETEX`.
  case setExpiring(TimeUnit)
  /// `SETNX`.
  case setIfAbsent
  /// `MSETNX`.
  case setAllIfAbsent
  /// `GETSET`.
  case getSet
  /// `GETDEL`.
  case getDelete
  /// `GETEX`.
  case getExpire
  /// `EXPIRE`, `PEXPIRE`.
  case expireAfter(TimeUnit)
  /// `EXPIREAT`, `PEXPIREAT`: a condition (`NX`, `GT`, …) looks at a time that may differ by a millisecond.
  case expireAt
  /// `RESTORE`.
  case restore
  /// `INCRBYFLOAT`.
  case incrementByFloat
  /// `HINCRBYFLOAT`.
  case incrementFieldByFloat
  /// `SPOP`.
  case popMembers
  /// `ZPOPMIN`, `ZPOPMAX`.
  case popScored
  /// `LMPOP`.
  case popFirstList
  /// `ZMPOP`.
  case popFirstScored
  /// `COPY`.
  case copyKey
  /// `RENAMENX`.
  case renameIfAbsent
  /// As sent, unless the reply is null: nothing happened then. `LMOVE`, `RPOPLPUSH`.
  case unlessNull
  /// As sent, unless the reply is 0: nothing happened then. `SMOVE`, `PERSIST`.
  case unlessZero
  /// As sent if there is a destination, for otherwise it was a read: `SORT`, `GEORADIUS`.
  case ifStored
  /// `DELIFEQ`, `DELEX`: with or without a condition.
  case deleteIfEqual
  /// `MSETEX`.
  case setAllExpiring
  /// `HEXPIRE` and its three relatives.
  case expireFields(TimeUnit, isRelative: Bool)
  /// `HGETEX`.
  case getFieldsExpire
  /// `HGETDEL`.
  case getFieldsDelete
  /// `HSETEX`.
  case setFieldsExpiring
  /// `ZADD`, with `INCR` as well.
  case addScored
  /// `ZINCRBY`.
  case incrementScore
  /// `XREADGROUP`.
  case streamRead
  /// `XADD`.
  case streamAdd
  /// `XTRIM`.
  case streamTrim
  /// `XCLAIM`.
  case streamClaim
  /// `XAUTOCLAIM`.
  case streamAutoclaim
}

/// The unit of a time among a command's arguments.
public enum TimeUnit: UInt8, Sendable, BitwiseCopyable {
  case seconds, milliseconds
}

/// What the mirror must hold before it repeats a write, so that it holds the primary's value afterwards.
public enum PriorState: UInt8, Sendable, BitwiseCopyable {
  /// Anything: the write replaces or removes the whole key, and the mirror is known to be equal from then
  /// on. `SET`, `DEL`.
  case irrelevant

  /// The primary's value or nothing at all, and what was absent stays absent: `HDEL`, `LPOP`.
  case equalOrAbsent

  /// As `equalOrAbsent`, and only the key's time to live changes: the mirror says whether it has the key. `EXPIRE`, `PERSIST`.
  case existing

  /// The primary's value of every key that the command names. From an absent one it would make a counter
  /// that starts at 1, half a hash, a union of too few sets. `INCR`, `HSET`, `RENAME`, `SUNIONSTORE`.
  case equal
}

/// When the reply to an update leaves open whether its key was there before, and what both stacks are asked behind it then.
///
/// A mirror that is equal may still lose a key between the primary's command and its own: to an expiry, to an eviction. Of an update
/// that says what it found the replies differ, as `RPUSH` tells the new length. `HSET` of a new field says 1, whether it made
/// the second field or the first one.
public struct PriorDoubt: Sendable, BitwiseCopyable, Equatable {
  /// Replies that a key which was not there could have led to.
  enum Replies: Sendable, BitwiseCopyable, Equatable {
    case none
    case all
    case zero
    case allButZero
    /// The number in the argument; that of 0 is 1. Either sign.
    case number(inArgument: UInt8)
    /// The argument's length.
    case length(ofArgument: UInt8)
    /// All, if the time to live was to be kept.
    case allIfKeepTTL
  }

  let replies: Replies
  /// The row of the question: how much the key holds, or its time to live where that would not tell.
  let question: UInt16
  /// The row of one more question; 0 is none.
  let second: UInt16
  /// The argument that is the key; 0 stands for all keys.
  let key: UInt8

  static let none = PriorDoubt(.none, question: 0, key: 0)

  /// False if every reply to the command tells.
  public let isPossible: Bool

  /// Whether the mirror is asked, ahead of the update, if it has the key at all: nothing that could be asked behind it would tell.
  public let asksAhead: Bool

  init(_ replies: Replies, question: UInt16, second: UInt16 = 0, key: UInt8, asksAhead: Bool = false) {
    self.replies = replies
    self.question = question
    self.second = second
    self.key = key
    self.asksAhead = asksAhead
    isPossible = replies != .none
  }
}
