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
  /// Every keyed write stands here exactly once; a test sees to it. What did not would be copied.
  static let mirror: [MirrorRow] = [
    // The whole key is replaced or removed.
    MirrorRow(.asSent, .irrelevant, ["DEL", "UNLINK", "MSET"]),
    MirrorRow(.effect(.set), .irrelevant, ["SET"]),
    MirrorRow(.effect(.setExpiring(.seconds)), .irrelevant, ["SETEX"]),
    MirrorRow(.effect(.setExpiring(.milliseconds)), .irrelevant, ["PSETEX"]),
    MirrorRow(.effect(.setIfAbsent), .irrelevant, ["SETNX"]),
    MirrorRow(.effect(.setAllIfAbsent), .irrelevant, ["MSETNX"]),
    MirrorRow(.effect(.getSet), .irrelevant, ["GETSET"]),
    MirrorRow(.effect(.getDelete), .irrelevant, ["GETDEL"]),
    MirrorRow(.effect(.restore), .irrelevant, ["RESTORE"]),

    // Something is taken away or changed in place; an absent key stays absent.
    MirrorRow(
      .asSent, .equalOrAbsent,
      [
        "HDEL", "LINSERT", "LPOP", "LPUSHX", "LREM", "LTRIM", "PERSIST", "RPOP", "RPUSHX", "SREM", "XACK",
        "XDEL", "ZREM", "ZREMRANGEBYLEX", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE",
      ]),
    MirrorRow(.effect(.getExpire), .equalOrAbsent, ["GETEX"]),
    MirrorRow(.effect(.expireAfter(.seconds)), .equalOrAbsent, ["EXPIRE"]),
    MirrorRow(.effect(.expireAfter(.milliseconds)), .equalOrAbsent, ["PEXPIRE"]),
    MirrorRow(.effect(.expireAt), .equalOrAbsent, ["EXPIREAT", "PEXPIREAT"]),
    MirrorRow(.effect(.popMembers), .equalOrAbsent, ["SPOP"]),
    MirrorRow(.effect(.popScored), .equalOrAbsent, ["ZPOPMAX", "ZPOPMIN"]),
    MirrorRow(.effect(.popFirstList), .equalOrAbsent, ["LMPOP"]),
    MirrorRow(.effect(.popFirstScored), .equalOrAbsent, ["ZMPOP"]),
    MirrorRow(.effect(.streamTrim), .equalOrAbsent, ["XTRIM"]),

    // The new value is made from the old one, or from other keys'.
    MirrorRow(
      .asSent, .equal,
      [
        "APPEND", "BITFIELD", "BITOP", "DECR", "DECRBY", "INCR", "INCRBY", "SETBIT", "SETRANGE",
        "HINCRBY", "HMSET", "HSET", "HSETNX",
        "LPUSH", "LSET", "RPUSH",
        "SADD", "SDIFFSTORE", "SINTERSTORE", "SUNIONSTORE",
        "GEOADD", "GEOSEARCHSTORE", "ZADD", "ZDIFFSTORE", "ZINCRBY", "ZINTERSTORE", "ZRANGESTORE",
        "ZUNIONSTORE",
        "PFADD", "PFMERGE", "RENAME",
        // Its times of delivery follow the mirror's clock; all else is decided by the stream and its groups.
        "XREADGROUP",
        "XGROUP|CREATE", "XGROUP|CREATECONSUMER", "XGROUP|DELCONSUMER", "XGROUP|DESTROY", "XGROUP|SETID",
        "XSETID",
      ]),
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
