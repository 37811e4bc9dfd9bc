/// What the mirror does with each write that goes to its key's lane, and what it must hold for that.
struct MirrorRow: Sendable {
  let rule: MirrorRule
  let prior: PriorState
  let names: [String]

  init(_ rule: MirrorRule, _ prior: PriorState, _ names: [String]) {
    self.rule = rule
    self.prior = prior
    self.names = names
  }
}

extension CommandRules {
  /// Every keyed write stands here exactly once; a test sees to it. What did not would be copied. So does a read that changes the
  /// value that it reads.
  static let mirror: [MirrorRow] = [
    // The whole key is replaced or removed.
    MirrorRow(.asSent, .irrelevant, ["DEL", "UNLINK", "MSET"]),
    MirrorRow(.effect(.deleteIfEqual), .irrelevant, ["DELEX", "DELIFEQ"]),
    MirrorRow(.effect(.setAllExpiring), .irrelevant, ["MSETEX"]),
    MirrorRow(.effect(.set), .irrelevant, ["SET"]),
    MirrorRow(.effect(.setExpiring(.seconds)), .irrelevant, ["SETEX"]),
    MirrorRow(.effect(.setExpiring(.milliseconds)), .irrelevant, ["PSETEX"]),
    MirrorRow(.effect(.setIfAbsent), .irrelevant, ["SETNX"]),
    MirrorRow(.effect(.setAllIfAbsent), .irrelevant, ["MSETNX"]),
    MirrorRow(.effect(.getSet), .irrelevant, ["GETSET"]),
    MirrorRow(.effect(.getDelete), .irrelevant, ["GETDEL"]),
    MirrorRow(.effect(.restore), .irrelevant, ["RESTORE"]),

    // A read that keeps what it has counted inside the value.
    MirrorRow(.asSent, .irrelevant, ["PFCOUNT"]),

    // Something is taken away or changed in place; an absent key stays absent.
    MirrorRow(
      .asSent, .equalOrAbsent,
      [
        "HDEL", "LINSERT", "LPOP", "LPUSHX", "LREM", "LTRIM", "RPOP", "RPUSHX", "SREM", "XACK",
        "XDEL", "ZREM", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE",
        "HPERSIST", "XACKDEL", "XDELEX",
      ]),
    MirrorRow(.effect(.expireFields(.seconds, isRelative: true)), .equalOrAbsent, ["HEXPIRE"]),
    MirrorRow(.effect(.expireFields(.milliseconds, isRelative: true)), .equalOrAbsent, ["HPEXPIRE"]),
    MirrorRow(.effect(.expireFields(.seconds, isRelative: false)), .equalOrAbsent, ["HEXPIREAT"]),
    MirrorRow(.effect(.expireFields(.milliseconds, isRelative: false)), .equalOrAbsent, ["HPEXPIREAT"]),
    MirrorRow(.effect(.getFieldsExpire), .equalOrAbsent, ["HGETEX"]),
    MirrorRow(.effect(.getFieldsDelete), .equalOrAbsent, ["HGETDEL"]),
    MirrorRow(.effect(.popMembers), .equalOrAbsent, ["SPOP"]),
    MirrorRow(.effect(.popScored), .equalOrAbsent, ["ZPOPMAX", "ZPOPMIN"]),
    MirrorRow(.effect(.popFirstList), .equalOrAbsent, ["LMPOP"]),
    MirrorRow(.effect(.popFirstScored), .equalOrAbsent, ["ZMPOP"]),
    MirrorRow(.effect(.streamTrim), .equalOrAbsent, ["XTRIM"]),

    // The value stays what it is.
    MirrorRow(.effect(.unlessZero), .existing, ["PERSIST"]),
    MirrorRow(.effect(.getExpire), .existing, ["GETEX"]),
    MirrorRow(.effect(.expireAfter(.seconds)), .existing, ["EXPIRE"]),
    MirrorRow(.effect(.expireAfter(.milliseconds)), .existing, ["PEXPIRE"]),
    MirrorRow(.effect(.expireAt), .existing, ["EXPIREAT", "PEXPIREAT"]),

    // The new value is made from the old one, or from other keys'.
    MirrorRow(
      .asSent, .equal,
      [
        "APPEND", "BITFIELD", "BITOP", "DECR", "DECRBY", "INCR", "INCRBY", "SETBIT", "SETRANGE",
        "HINCRBY", "HMSET", "HSET", "HSETNX",
        "LPUSH", "LSET", "RPUSH",
        "SADD", "SDIFFSTORE", "SINTERSTORE", "SUNIONSTORE",
        "GEOADD", "GEOSEARCHSTORE", "ZDIFFSTORE", "ZINTERSTORE", "ZRANGESTORE", "ZUNIONSTORE",
        // Where scores differ, what it takes away depends on how the set is packed in memory; their number tells.
        "ZREMRANGEBYLEX",
        "PFADD", "PFMERGE", "RENAME",
        // Vector sets: a graph is built with random numbers, but what is in it is the same.
        "VADD", "VREM", "VSETATTR",
        "XGROUP|CREATE", "XGROUP|CREATECONSUMER", "XGROUP|DELCONSUMER", "XGROUP|DESTROY", "XGROUP|SETID",
        "XSETID",
      ]),
    MirrorRow(.effect(.setFieldsExpiring), .equal, ["HSETEX"]),
    MirrorRow(.effect(.addScored), .equal, ["ZADD"]),
    MirrorRow(.effect(.incrementScore), .equal, ["ZINCRBY"]),
    // Its times of delivery follow the mirror's clock; all else is decided by the stream and its groups.
    MirrorRow(.effect(.streamRead), .equal, ["XREADGROUP"]),
    // What a script does nobody can tell from outside: the keys that it declares are copied.
    MirrorRow(.copy, .equal, ["EVAL", "EVALSHA", "FCALL", "SCRIPT-COPIED"]),
    // Somebody can, and says so by a rule.
    MirrorRow(.asSent, .equal, ["SCRIPT-REPEATED"]),
    MirrorRow(.asSent, .irrelevant, ["SCRIPT-ON-BOTH"]),
    MirrorRow(.parts, .irrelevant, ["MULTI-EXEC"]),
    MirrorRow(.effect(.incrementByFloat), .equal, ["INCRBYFLOAT"]),
    MirrorRow(.effect(.incrementFieldByFloat), .equal, ["HINCRBYFLOAT"]),
    MirrorRow(.effect(.copyKey), .equal, ["COPY"]),
    MirrorRow(.effect(.renameIfAbsent), .equal, ["RENAMENX"]),
    MirrorRow(.effect(.unlessNull), .equal, ["LMOVE", "RPOPLPUSH"]),
    MirrorRow(.effect(.unlessZero), .equal, ["SMOVE"]),
    MirrorRow(.effect(.ifStored), .equal, ["GEORADIUS", "GEORADIUSBYMEMBER", "SORT"]),
    MirrorRow(.effect(.streamAdd), .equal, ["XADD"]),
    MirrorRow(.effect(.streamAutoclaim), .equal, ["XAUTOCLAIM"]),
    MirrorRow(.effect(.streamClaim), .equal, ["XCLAIM"]),
  ]
}

/// What the reply to an update leaves open; see `PriorDoubt`.
struct DoubtRow: Sendable {
  let replies: PriorDoubt.Replies
  let question: String
  let key: UInt8
  /// One more question, where the first does not tell enough.
  let second: String?
  let asksAhead: Bool
  let names: [String]

  init(
    _ replies: PriorDoubt.Replies, ask question: String, and second: String? = nil, ofArgument key: UInt8 = 1,
    asksAhead: Bool = false, _ names: [String]
  ) {
    self.replies = replies
    self.second = second
    self.asksAhead = asksAhead
    self.question = question
    self.key = key
    self.names = names
  }
}

extension CommandRules {
  /// Updates that do not stand here say what they found: a new length, a cardinality, an error for a key that is not there.
  static let doubt: [DoubtRow] = [
    DoubtRow(.all, ask: "HLEN", ["HMSET"]),
    DoubtRow(.allButZero, ask: "HLEN", ["HSET", "HSETEX", "HSETNX"]),
    DoubtRow(.number(inArgument: 3), ask: "HLEN", ["HINCRBY"]),
    // The mirror is told the sum, so its own reply tells nothing.
    DoubtRow(.all, ask: "HLEN", ["HINCRBYFLOAT"]),
    DoubtRow(.allButZero, ask: "SCARD", ["SADD"]),
    DoubtRow(.all, ask: "SCARD", ofArgument: 2, ["SMOVE"]),
    DoubtRow(.allButZero, ask: "ZCARD", ["ZADD", "GEOADD"]),
    DoubtRow(.number(inArgument: 2), ask: "ZCARD", ["ZINCRBY"]),
    DoubtRow(.all, ask: "LLEN", ofArgument: 2, ["LMOVE", "RPOPLPUSH"]),
    DoubtRow(.all, ask: "XLEN", ["XADD"]),
    DoubtRow(.all, ask: "XLEN", ofArgument: 2, ["XGROUP|CREATE"]),
    // Of a string the value is known, or no question tells it; whether it expires tells whether it was there.
    DoubtRow(.number(inArgument: 0), ask: "PTTL", ["INCR", "DECR"]),
    DoubtRow(.number(inArgument: 2), ask: "PTTL", ["INCRBY", "DECRBY"]),
    DoubtRow(.length(ofArgument: 2), ask: "PTTL", ["APPEND"]),
    // What changes a part of a string may make one as long where there was none: the mirror is asked ahead whether it has it.
    DoubtRow(.zero, ask: "PTTL", and: "STRLEN", asksAhead: true, ["SETBIT"]),
    DoubtRow(.all, ask: "PTTL", and: "STRLEN", asksAhead: true, ["SETRANGE", "BITFIELD"]),
    DoubtRow(.allButZero, ask: "STRLEN", ["PFADD"]),
    DoubtRow(.all, ask: "PTTL", ["INCRBYFLOAT"]),
    DoubtRow(.allIfKeepTTL, ask: "PTTL", ["SET"]),
    // As many elements may come of one source as of two.
    DoubtRow(.all, ask: "EXISTS", ofArgument: 0, ["BITOP", "COPY", "PFMERGE", "ZUNIONSTORE"]),
  ]
}
