/// The commands that the memory engine has. A new one is a case here, a row below and a branch in
/// `MemoryEngine.run`.
enum Verb: UInt8, CaseIterable {
  case get, set, setnx, setex, psetex, getset, getdel, getex, mget, mset, msetnx
  case append, strlen, getrange, substr, setrange, incr, decr, incrby, decrby, incrbyfloat
  case del, unlink, exists, touch, type, rename, renamenx, copy, randomkey, keys, scan, object, dump, restore
  case expire, pexpire, expireat, pexpireat, ttl, pttl, expiretime, pexpiretime, persist
  case dbsize, flushdb, flushall, ping, echo, select, auth, quit, client, config, command, info, time

  /// Redis' arity: the number of arguments with the name; negative means at least that many.
  var arity: Int {
    switch self {
    case .randomkey, .dbsize, .time: 1
    case .get, .getdel, .strlen, .incr, .decr, .type, .ttl, .pttl, .expiretime, .pexpiretime, .persist, .keys,
      .dump, .echo, .select:
      2
    case .setnx, .getset, .append, .incrby, .decrby, .incrbyfloat, .rename, .renamenx: 3
    case .setex, .psetex, .getrange, .substr, .setrange: 4
    case .flushdb, .flushall, .ping, .quit, .command, .info: -1
    case .restore: -4
    case .getex, .mget, .del, .unlink, .exists, .touch, .scan, .object, .auth, .client, .config: -2
    case .set, .mset, .msetnx, .copy, .expire, .pexpire, .expireat, .pexpireat: -3
    }
  }

  var name: StaticString {
    switch self {
    case .get: "get"
    case .set: "set"
    case .setnx: "setnx"
    case .setex: "setex"
    case .psetex: "psetex"
    case .getset: "getset"
    case .getdel: "getdel"
    case .getex: "getex"
    case .mget: "mget"
    case .mset: "mset"
    case .msetnx: "msetnx"
    case .append: "append"
    case .strlen: "strlen"
    case .getrange: "getrange"
    case .substr: "substr"
    case .setrange: "setrange"
    case .incr: "incr"
    case .decr: "decr"
    case .incrby: "incrby"
    case .decrby: "decrby"
    case .incrbyfloat: "incrbyfloat"
    case .del: "del"
    case .unlink: "unlink"
    case .exists: "exists"
    case .touch: "touch"
    case .type: "type"
    case .rename: "rename"
    case .renamenx: "renamenx"
    case .copy: "copy"
    case .randomkey: "randomkey"
    case .keys: "keys"
    case .scan: "scan"
    case .object: "object"
    case .dump: "dump"
    case .restore: "restore"
    case .expire: "expire"
    case .pexpire: "pexpire"
    case .expireat: "expireat"
    case .pexpireat: "pexpireat"
    case .ttl: "ttl"
    case .pttl: "pttl"
    case .expiretime: "expiretime"
    case .pexpiretime: "pexpiretime"
    case .persist: "persist"
    case .dbsize: "dbsize"
    case .flushdb: "flushdb"
    case .flushall: "flushall"
    case .ping: "ping"
    case .echo: "echo"
    case .select: "select"
    case .auth: "auth"
    case .quit: "quit"
    case .client: "client"
    case .config: "config"
    case .command: "command"
    case .info: "info"
    case .time: "time"
    }
  }
}

/// From a command's name to its row, without a `String`: a name is at most 16 letters and fits one wide integer.
struct CommandTable {
  struct Row {
    let packed: UInt128
    let verb: Verb
    let arity: Int
  }

  private var rows: [Row?] = Array(repeating: nil, count: 256)

  init() {
    for verb in Verb.allCases {
      let packed = verb.name.withUTF8Buffer { CommandTable.pack($0.span) }
      var position = CommandTable.position(packed)
      while rows[position] != nil { position = (position + 1) & 255 }
      rows[position] = Row(packed: packed, verb: verb, arity: verb.arity)
    }
  }

  func row(_ name: Span<UInt8>) -> Row? {
    guard name.count > 0, name.count <= 16 else { return nil }
    let packed = CommandTable.pack(name)
    var position = CommandTable.position(packed)
    while let row = rows[position] {
      if row.packed == packed { return row }
      position = (position + 1) & 255
    }
    return nil
  }

  /// Clearing bit 5 makes letters upper case and makes nothing else a letter, so equal numbers are equal names.
  private static func pack(_ name: Span<UInt8>) -> UInt128 {
    var low: UInt64 = 0
    var high: UInt64 = 0
    for index in 0..<name.count {
      high = high << 8 | low >> 56
      low = low << 8 | UInt64(name[index] & 0xDF)
    }
    return UInt128(high) << 64 | UInt128(low)
  }

  private static func position(_ packed: UInt128) -> Int {
    let folded = UInt64(truncatingIfNeeded: packed) ^ UInt64(truncatingIfNeeded: packed >> 64)
    return Int(truncatingIfNeeded: (folded &* 0x9E37_79B9_7F4A_7C15) >> 56)
  }
}
