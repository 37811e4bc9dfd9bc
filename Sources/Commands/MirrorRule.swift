/// How the mirror repeats a command that the primary has carried out (design, law 3).
public enum MirrorRule: Sendable, BitwiseCopyable, Equatable {
  /// The bytes that the client sent: from equal states they lead to equal states.
  case asSent

  /// What the command did, told from its arguments and the primary's reply.
  case effect(MirrorEffect)

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
  /// As sent, unless the reply is 0: nothing happened then. `SMOVE`.
  case unlessZero
  /// As sent if there is a destination, for otherwise it was a read: `SORT`, `GEORADIUS`.
  case ifStored
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

  /// The primary's value or nothing at all, and what was absent stays absent: `HDEL`, `LPOP`, `EXPIRE`.
  case equalOrAbsent

  /// The primary's value of every key that the command names. From an absent one it would make a counter
  /// that starts at 1, half a hash, a union of too few sets. `INCR`, `HSET`, `RENAME`, `SUNIONSTORE`.
  case equal
}
