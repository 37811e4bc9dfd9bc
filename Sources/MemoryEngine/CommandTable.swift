/// The commands that the memory engine has. A new one is a case here, a row below and a branch in
/// `MemoryEngine.run`.
enum Verb: UInt8, CaseIterable {
  case get, set, setnx, setex, psetex, getset, getdel, getex, mget, mset, msetnx
  case append, strlen, getrange, substr, setrange, incr, decr, incrby, decrby, incrbyfloat
  case del, unlink, exists, touch, type, rename, renamenx, copy, randomkey, keys, scan, object, dump, restore
  case expire, pexpire, expireat, pexpireat, ttl, pttl, expiretime, pexpiretime, persist
  case dbsize, flushdb, flushall, ping, echo, select, auth, quit, client, config, command, info, time

  /// Its name, and Redis' arity: the number of arguments with the name; negative means at least that many.
  var row: (name: StaticString, arity: Int) {
    switch self {
    case .get: ("get", 2)
    case .set: ("set", -3)
    case .setnx: ("setnx", 3)
    case .setex: ("setex", 4)
    case .psetex: ("psetex", 4)
    case .getset: ("getset", 3)
    case .getdel: ("getdel", 2)
    case .getex: ("getex", -2)
    case .mget: ("mget", -2)
    case .mset: ("mset", -3)
    case .msetnx: ("msetnx", -3)
    case .append: ("append", 3)
    case .strlen: ("strlen", 2)
    case .getrange: ("getrange", 4)
    case .substr: ("substr", 4)
    case .setrange: ("setrange", 4)
    case .incr: ("incr", 2)
    case .decr: ("decr", 2)
    case .incrby: ("incrby", 3)
    case .decrby: ("decrby", 3)
    case .incrbyfloat: ("incrbyfloat", 3)
    case .del: ("del", -2)
    case .unlink: ("unlink", -2)
    case .exists: ("exists", -2)
    case .touch: ("touch", -2)
    case .type: ("type", 2)
    case .rename: ("rename", 3)
    case .renamenx: ("renamenx", 3)
    case .copy: ("copy", -3)
    case .randomkey: ("randomkey", 1)
    case .keys: ("keys", 2)
    case .scan: ("scan", -2)
    case .object: ("object", -2)
    case .dump: ("dump", 2)
    case .restore: ("restore", -4)
    case .expire: ("expire", -3)
    case .pexpire: ("pexpire", -3)
    case .expireat: ("expireat", -3)
    case .pexpireat: ("pexpireat", -3)
    case .ttl: ("ttl", 2)
    case .pttl: ("pttl", 2)
    case .expiretime: ("expiretime", 2)
    case .pexpiretime: ("pexpiretime", 2)
    case .persist: ("persist", 2)
    case .dbsize: ("dbsize", 1)
    case .flushdb: ("flushdb", -1)
    case .flushall: ("flushall", -1)
    case .ping: ("ping", -1)
    case .echo: ("echo", 2)
    case .select: ("select", 2)
    case .auth: ("auth", -2)
    case .quit: ("quit", -1)
    case .client: ("client", -2)
    case .config: ("config", -2)
    case .command: ("command", -1)
    case .info: ("info", -1)
    case .time: ("time", 1)
    }
  }
}

/// From a command's name to its row, without a `String`: its last 16 letters as one wide integer.
struct CommandTable {
  struct Row {
    let packed: UInt128
    let needsLook: Bool
    let name: StaticString
    let arity: Int
    let action: Action
  }

  enum Action {
    case verb(Verb)
    case command(Command.Run)
  }

  private static let places = 1024
  private var rows: [Row?] = Array(repeating: nil, count: CommandTable.places)
  private(set) var count = 0

  init() {
    for verb in Verb.allCases { add(verb.row.name, verb.row.arity, .verb(verb)) }
    for commands in Command.all {
      for command in commands { add(command.name, command.arity, .command(command.run)) }
    }
  }

  private mutating func add(_ name: StaticString, _ arity: Int, _ action: Action) {
    let packed = name.withUTF8Buffer { CommandTable.pack($0.span) }
    var position = CommandTable.position(packed)
    while rows[position] != nil { position = (position + 1) % CommandTable.places }
    let needsLook = name.utf8CodeUnitCount > 16 || name.withUTF8Buffer { $0.contains(UInt8(ascii: "_")) }
    rows[position] = Row(
      packed: packed, needsLook: needsLook, name: name, arity: arity, action: action)
    count += 1
  }

  func row(_ name: Span<UInt8>) -> Row? {
    guard name.count > 0, name.count <= 32 else { return nil }
    let packed = CommandTable.pack(name)
    var position = CommandTable.position(packed)
    while let row = rows[position] {
      // The wide integer is the whole name, but for the few that are longer, and for a `_` of theirs.
      if row.packed == packed, !row.needsLook || name.isWord(row.name) { return row }
      position = (position + 1) % CommandTable.places
    }
    return nil
  }

  /// Clearing bit 5 makes letters upper case and makes nothing else a letter, so equal numbers are equal
  /// names.
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
    return Int(truncatingIfNeeded: (folded &* 0x9E37_79B9_7F4A_7C15) >> 54)
  }
}
