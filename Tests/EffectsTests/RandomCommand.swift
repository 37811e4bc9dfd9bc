/// Random arguments for every write that a mirror has to repeat.
extension Dice {
  /// A command line, and the kind of key that it is meant for.
  mutating func command(_ name: String) -> (kind: Kind, words: [String])? {
    let head = name.split(separator: "|").map(String.init)
    guard
      let (kind, words) = strings(name) ?? keys(name) ?? collections(name) ?? scored(name) ?? streams(name)
        ?? later(name)
    else { return nil }
    return (kind, head + words)
  }

  private mutating func lifetime() -> [String] {
    pick([
      ["EX", "\(1000 + roll(900))"], ["px", "\(900_000 + roll(90_000))"],
      ["EXAT", "4000000\(100 + roll(900))"],
      ["PXAT", "4000000000\(100 + roll(900))"], ["PXAT", "\(1 + roll(9))"],
    ])
  }

  private mutating func strings(_ name: String) -> (Kind, [String])? {
    switch name {
    case "APPEND", "GETSET", "SETNX": return (.string, [key(), word()])
    case "SET":
      var options = [pick([[], [], ["NX"], ["xx"]]), pick([[], [], ["GET"]])]
      options.append(chance(50) ? lifetime() : pick([[], ["KEEPTTL"]]))
      return (.string, [key(), word()] + options.shuffled(using: &random).flatMap { $0 })
    case "SETEX": return (.string, [key(), "\(1000 + roll(900))", word()])
    case "PSETEX": return (.string, [key(), "\(900_000 + roll(900))", word()])
    case "MSET", "MSETNX":
      return (.string, some(3) { [$0.chance(60) ? "n\($0.roll(4))" : $0.key(), $0.word()] }.flatMap { $0 })
    case "GETDEL": return (.string, [key()])
    case "GETEX": return (.string, [key()] + (chance(70) ? lifetime() : pick([[], ["PERSIST"]])))
    case "INCR", "DECR": return (.integer, [key()])
    case "INCRBY", "DECRBY": return (.integer, [key(), number()])
    case "INCRBYFLOAT": return (.integer, [key(), float()])
    case "SETRANGE": return (.string, [key(), "\(roll(9))", word()])
    case "SETBIT": return (.string, [key(), "\(roll(60))", "\(roll(2))"])
    case "BITFIELD":
      return (
        .string,
        [key()]
          + pick([
            ["GET", "u8", "0"], ["SET", "i5", "3", "7"],
            ["OVERFLOW", "FAIL", "INCRBY", "u2", "1", "\(roll(3))"],
            ["OVERFLOW", "SAT", "INCRBY", "i8", "#1", "100", "GET", "u4", "2"],
          ])
      )
    case "BITOP":
      return (
        .string,
        chance(20) ? ["NOT", key(), key()] : [pick(["AND", "OR", "XOR"]), key()] + some(3) { $0.key() }
      )
    case "PFADD": return (.sketch, [key()] + (chance(10) ? [] : some(4) { $0.number() }))
    case "PFCOUNT": return (.sketch, some(2) { $0.key() })
    case "PFMERGE": return (.sketch, some(3) { $0.key() })
    default: return nil
    }
  }

  private mutating func keys(_ name: String) -> (Kind, [String])? {
    let any = pick(Kind.allCases)
    let condition: [String] = chance(50) ? [] : [pick(["NX", "XX", "GT", "LT"])]
    switch name {
    case "DEL", "UNLINK": return (any, some(3) { $0.key() })
    case "EXPIRE": return (any, [key(), "\(secondsAhead())"] + condition)
    case "PEXPIRE": return (any, [key(), "\(secondsAhead() * 1000)"] + condition)
    case "EXPIREAT": return (any, [key(), "\(chance(20) ? 5 : 4_000_000_000 + roll(9))"] + condition)
    case "PEXPIREAT": return (any, [key(), "\(chance(20) ? 5 : 4_000_000_000_000 + roll(999))"] + condition)
    case "PERSIST": return (any, [key()])
    case "COPY": return (any, [key(), key()] + (chance(50) ? ["REPLACE"] : []))
    case "RENAME", "RENAMENX": return (any, [key(), chance(50) ? "n\(roll(4))" : key()])
    // The value is put in its place by the test.
    case "RESTORE":
      return (
        any,
        [chance(50) ? "n\(roll(4))" : key(), pick(["0", "900000"]), "dump"]
          + pick([[], ["REPLACE"], ["REPLACE", "IDLETIME", "5"]])
      )
    case "SORT":
      return (
        pick([.list, .set, .scored]),
        [key()] + pick([[], ["LIMIT", "0", "3"], ["BY", "nosort"], ["DESC"]]) + ["ALPHA"]
          + (chance(75) ? ["STORE", key()] : [])
      )
    default: return nil
    }
  }

  private mutating func collections(_ name: String) -> (Kind, [String])? {
    let side = pick(["LEFT", "right"])
    switch name {
    case "HSET", "HMSET": return (.hash, [key()] + some(3) { [$0.word(), $0.number()] }.flatMap { $0 })
    case "HSETNX": return (.hash, [key(), word(), number()])
    case "HDEL": return (.hash, [key()] + some(3) { $0.word() })
    case "HINCRBY": return (.hash, [key(), word(), number()])
    case "HINCRBYFLOAT": return (.hash, [key(), word(), float()])
    case "LPUSH", "RPUSH", "LPUSHX", "RPUSHX": return (.list, [key()] + some(3) { $0.word() })
    case "LPOP", "RPOP": return (.list, [key()] + (chance(50) ? [] : ["\(roll(4))"]))
    case "LINSERT": return (.list, [key(), pick(["BEFORE", "AFTER"]), word(), word()])
    case "LREM": return (.list, [key(), "\(roll(5) - 2)", word()])
    case "LSET": return (.list, [key(), "\(roll(5) - 2)", word()])
    case "LTRIM": return (.list, [key(), "\(roll(3))", "\(roll(6) - 2)"])
    case "LMOVE": return (.list, [key(), key(), side, pick(["LEFT", "RIGHT"])])
    case "RPOPLPUSH": return (.list, [key(), key()])
    case "LMPOP":
      let names = some(3) { $0.key() }
      return (.list, ["\(names.count)"] + names + [side] + (chance(50) ? [] : ["COUNT", "\(1 + roll(4))"]))
    case "SADD", "SREM": return (.set, [key()] + some(3) { $0.chance(50) ? $0.number() : $0.word() })
    case "SMOVE": return (.set, [key(), key(), chance(50) ? number() : word()])
    case "SPOP": return (.set, [key()] + (chance(50) ? [] : ["\(roll(5))"]))
    case "SDIFFSTORE", "SINTERSTORE", "SUNIONSTORE": return (.set, [key()] + some(3) { $0.key() })
    default: return nil
    }
  }

  private mutating func scored(_ name: String) -> (Kind, [String])? {
    switch name {
    case "ZADD":
      if chance(25) {
        return (.scored, [key()] + pick([[], ["NX"], ["XX"], ["GT"]]) + ["INCR", float(), word()])
      }
      let pairs = some(3) { [$0.float(), $0.word()] }.flatMap { $0 }
      return (.scored, [key()] + pick([[], ["NX"], ["XX", "CH"], ["GT"], ["LT", "CH"]]) + pairs)
    case "ZINCRBY": return (.scored, [key(), float(), word()])
    case "ZREM": return (.scored, [key()] + some(3) { $0.word() })
    case "ZREMRANGEBYRANK": return (.scored, [key(), "\(roll(3))", "\(roll(4) - 1)"])
    case "ZREMRANGEBYSCORE": return (.scored, [key(), "(-2", float()])
    case "ZREMRANGEBYLEX": return (.scored, [key(), "[a", pick(["(c", "+"])])
    case "ZPOPMIN", "ZPOPMAX": return (.scored, [key()] + (chance(50) ? [] : ["\(roll(4))"]))
    case "ZMPOP":
      let names = some(3) { $0.key() }
      return (
        .scored,
        ["\(names.count)"] + names + [pick(["MIN", "max"])] + (chance(50) ? [] : ["COUNT", "\(1 + roll(4))"])
      )
    case "ZUNIONSTORE", "ZINTERSTORE":
      let names = some(3) { $0.key() }
      return (
        .scored,
        [key(), "\(names.count)"] + names
          + pick([[], ["AGGREGATE", "MAX"], ["WEIGHTS"] + names.map { _ in "0.1" }])
      )
    case "ZDIFFSTORE":
      let names = some(3) { $0.key() }
      return (.scored, [key(), "\(names.count)"] + names)
    case "ZRANGESTORE": return (.scored, [key(), key(), "0", "\(roll(4) - 1)"] + pick([[], ["REV"]]))
    case "GEOADD":
      return (
        .places,
        [key()] + pick([[], ["NX"], ["XX"], ["CH"]]) + ["1\(roll(9)).\(roll(90))", "38.\(roll(90))", word()]
      )
    case "GEOSEARCHSTORE":
      return (
        .places,
        [key(), key(), "FROMLONLAT", "15", "38", "BYRADIUS", "400", "km"]
          + pick([[], ["COUNT", "2"], ["COUNT", "2", "ANY"], ["STOREDIST"]])
      )
    case "GEORADIUS":
      return (
        .places,
        [key(), "15", "38", "400", "km"] + (chance(75) ? [pick(["STORE", "storedist"]), key()] : [])
      )
    case "GEORADIUSBYMEMBER":
      return (.places, [key(), word(), "400", "km"] + (chance(75) ? ["STORE", key()] : []))
    default: return nil
    }
  }

  private mutating func streams(_ name: String) -> (Kind, [String])? {
    let ids = some(3) { "\(1 + $0.roll(6))-1" }
    let consumer = pick(["c1", "c2", "c3"])
    let trims = [
      ["MAXLEN", "\(roll(5))"], ["MINID", "=", "\(roll(7))"], ["MAXLEN", "~", "2"],
      ["MINID", "~", "4", "LIMIT", "10"],
    ]
    switch name {
    case "XADD":
      return (
        .stream,
        [chance(80) ? key() : "n\(roll(4))"] + pick([[], ["NOMKSTREAM"]]) + (chance(40) ? pick(trims) : [])
          + [pick(["*", "*", "99-*", "50"]), "f", word(), "*", "~"]
      )
    case "XTRIM": return (.stream, [key()] + pick(trims))
    case "XDEL": return (.stream, [key()] + ids)
    case "XACK": return (.stream, [key(), "g"] + ids)
    case "XSETID":
      return (
        .stream, [key(), "\(20 + roll(9))-3"] + pick([[], ["ENTRIESADDED", "40", "MAXDELETEDID", "2-1"]])
      )
    case "XCLAIM":
      return (
        .stream,
        [key(), "g", consumer, pick(["0", "0", "999999"])] + ids
          + pick([
            [], ["JUSTID"], ["IDLE", "500", "RETRYCOUNT", "9"], ["FORCE"],
            ["TIME", "12345", "LASTID", "3-1"],
          ])
      )
    case "XAUTOCLAIM":
      return (
        .stream,
        [key(), "g", consumer, pick(["0", "0", "999999"]), pick(["0", "2-1"])]
          + pick([[], ["COUNT", "2"], ["JUSTID"]])
      )
    case "XREADGROUP":
      return (
        .stream,
        ["GROUP", "g", consumer] + pick([[], ["COUNT", "2"], ["NOACK"]]) + [
          "STREAMS", key(), pick([">", "0"]),
        ]
      )
    case "XGROUP|CREATE":
      return (
        .stream,
        [chance(70) ? key() : "n\(roll(4))", pick(["g", "h"]), pick(["$", "0", "3-1"])]
          + pick([[], ["MKSTREAM"], ["ENTRIESREAD", "2"]])
      )
    case "XGROUP|CREATECONSUMER", "XGROUP|DELCONSUMER": return (.stream, [key(), "g", consumer])
    case "XGROUP|DESTROY": return (.stream, [key(), "g"])
    case "XGROUP|SETID": return (.stream, [key(), "g", pick(["$", "0", "3-1"])])
    default: return nil
    }
  }
}

/// Commands that Redis 7.0 does not have.
extension Dice {
  /// Times for some fields of a hash.
  mutating func fieldTimes(_ key: String) -> [[String]] {
    chance(60) ? [["HPEXPIREAT", key, "4000000000\(100 + roll(900))"] + fields()] : []
  }

  private mutating func fields() -> [String] {
    let names = Array(Set(some(4) { $0.word() }))
    return ["FIELDS", "\(names.count)"] + names
  }

  private mutating func pairs() -> [String] {
    let names = Array(Set(some(4) { $0.word() }))
    return ["FIELDS", "\(names.count)"] + names.flatMap { [$0, number()] }
  }

  fileprivate mutating func later(_ name: String) -> (Kind, [String])? {
    let condition: [String] = chance(40) ? [pick(["NX", "XX", "GT", "LT"])] : []
    let ids = some(3) { "\(1 + $0.roll(6))-1" }
    switch name {
    case "DELIFEQ": return (.string, [key(), word()])
    case "DELEX": return (.string, [key()] + (chance(50) ? [] : ["IFEQ", word()]))
    case "MSETEX":
      let pairs = some(3) { [$0.chance(60) ? "n\($0.roll(4))" : $0.key(), $0.word()] }
      return (
        .string,
        ["\(pairs.count)"] + pairs.flatMap { $0 } + pick([[], ["NX"], ["XX"]])
          + (chance(60) ? lifetime() : pick([[], ["KEEPTTL"]]))
      )
    case "HEXPIRE": return (.hash, [key(), "\(max(0, secondsAhead()))"] + condition + fields())
    case "HPEXPIRE": return (.hash, [key(), "\(max(0, secondsAhead()) * 1000)"] + condition + fields())
    case "HEXPIREAT":
      return (.hash, [key(), "\(chance(20) ? 5 : 4_000_000_000 + roll(9))"] + condition + fields())
    case "HPEXPIREAT":
      return (.hash, [key(), "\(chance(20) ? 5 : 4_000_000_000_000 + roll(999))"] + condition + fields())
    case "HPERSIST", "HGETDEL": return (.hash, [key()] + fields())
    case "HGETEX": return (.hash, [key()] + (chance(60) ? lifetime() : pick([[], ["PERSIST"]])) + fields())
    case "HSETEX":
      return (
        .hash,
        [key()] + pick([[], ["FNX"], ["FXX"]]) + (chance(60) ? lifetime() : pick([[], ["KEEPTTL"]])) + pairs()
      )
    case "XDELEX":
      return (.stream, [key(), pick(["KEEPREF", "DELREF", "ACKED"]), "IDS", "\(ids.count)"] + ids)
    case "XACKDEL":
      return (.stream, [key(), "g", pick(["KEEPREF", "DELREF", "ACKED"]), "IDS", "\(ids.count)"] + ids)
    default: return nil
    }
  }
}
