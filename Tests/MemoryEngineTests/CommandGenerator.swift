import SluiceLoadGenerator

/// Random commands over few keys, so that they meet each other; expiries are long over or far away, so that
/// two clocks agree about them.
struct CommandGenerator {
  var random: SplitMix64
  let family: Family
  /// The milliseconds of the youngest ID of a stream.
  var clock = 0

  /// What most of the commands are about.
  enum Family: String, CaseIterable, Sendable {
    case strings, lists, hashes, sets, sortedSets, bits, counts, geo, streams
  }

  init(seed: UInt64, family: Family) {
    random = SplitMix64(seed: seed)
    self.family = family
  }

  mutating func next() -> [String] {
    var command =
      switch Int.random(in: 0..<20, using: &random) {
      case 0: one(others.randomElement(using: &random) ?? .lists)
      case 1, 2: generic()
      default: one(family)
      }
    if Int.random(in: 0..<40, using: &random) == 0 { command.append(pick(Self.oddities)) }
    if Int.random(in: 0..<40, using: &random) == 0, command.count > 1, !Self.isOpen(command[0]) {
      command.removeLast()
    }
    if Bool.random(using: &random) { command[0] = command[0].lowercased() }
    return command
  }

  private var others: [Family] {
    Family.allCases.filter {
      switch family {
      case .counts: $0 != .strings && $0 != .bits
      // What is no place would be one at a pole, where Redis' search does not look.
      case .geo: $0 != .sortedSets && $0 != .counts
      default: $0 != .counts && $0 != .geo
      }
    }
  }

  /// Without its last word the reply would be a random choice, or a part in an order that Redis leaves open.
  private static func isOpen(_ name: String) -> Bool { name == "SPOP" || name.hasSuffix("SCAN") }

  static let oddities = [
    "", "x", "-1", "0", "NX", "xx", "GT", "lt", "EX", "PX", "KEEPTTL", "PERSIST", "GET", "REPLACE", "DB",
    "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e400", "nan",
  ]
  static let integers = [
    "0", "1", "-1", "2", "10", "-10", "007", "+1", " 1", "1 ", "", "-", "-0", "99999999999999999999",
    "9223372036854775807", "-9223372036854775808", "9223372036854775806", "-9223372036854775809", "3.0",
    "abc",
    "100000000000000000000000000000000000",
  ]
  static let floats = [
    "0", "1", "0.1", "-0.1", "3.0e3", "1e-17", "1.5", "-2.25", "1e300", "-1e300", "5.0e-324", "1e4000",
    "1e5000",
    "1e-5000", "inf", "-inf", "nan", "0x1p3", "0x", " 1", "1 ", "", ".", ".5", "5.", "+5", "1e",
    "12345678901234567890",
    "0.00000000000000001", "0.000000000000000005", "9007199254740993", "infinity", "-0", "-0.0", "1.1.1",
    "--1",
    "0x1e", "3.141592653589793238462643",
  ]
  static let patterns = [
    "*", "**", "?*", "k[0-4]", "k[^0-4]", "k?", "[k", "k[", "k[3", "k\\1", "*1", "k*[", "[^", "", "k[4-0]",
    "*[13579]",
    "\\", "k[\\1]", "*\\", "K*",
  ]
  static let bits = [
    "", "a", "hello", "12", "-7", "3.5", "1e3", String(repeating: "z", count: 45), "0",
  ]

  mutating func pick(_ values: [String]) -> String { values.randomElement(using: &random) ?? "" }
  private mutating func key() -> String { "k\(Int.random(in: 0..<10, using: &random))" }

  mutating func value() -> String {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: pick(Self.bits)
    case 1: pick(Self.integers)
    case 2: pick(Self.floats)
    default: String(Int.random(in: -1000...1000, using: &random))
    }
  }

  mutating func integer() -> String {
    Bool.random(using: &random) ? pick(Self.integers) : String(Int.random(in: -50...50, using: &random))
  }

  /// A time that is over, far away or wrong.
  mutating func time(absolute: Bool, milliseconds: Bool) -> String {
    let unit = milliseconds ? 1000 : 1
    return switch Int.random(in: 0..<6, using: &random) {
    case 0: pick(["0", "-1", "-1000000000000", "x", "", "9223372036854775807", "-9223372036854775808"])
    case 1: pick(["9223372036854775", "9223372036854776", "-9223372036854776", "1.5"])
    case 2 where absolute: String(1_000_000_000 * unit)
    default: String(((absolute ? 4_000_000_000 : 0) + Int.random(in: 1000...9000, using: &random)) * unit)
    }
  }

  private mutating func expiry() -> [String] {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: ["EX", time(absolute: false, milliseconds: false)]
    case 1: ["px", time(absolute: false, milliseconds: true)]
    case 2: ["EXAT", time(absolute: true, milliseconds: false)]
    default: ["PxAt", time(absolute: true, milliseconds: true)]
    }
  }

  mutating func some(_ options: [[String]]) -> [String] {
    options.filter { _ in Int.random(in: 0..<4, using: &random) == 0 }.shuffled(using: &random).flatMap { $0 }
  }

  private mutating func keys(_ range: ClosedRange<Int>) -> [String] {
    (0..<Int.random(in: range, using: &random)).map { _ in key() }
  }

  private mutating func one(_ family: Family) -> [String] {
    switch family {
    case .strings: string()
    case .lists: list()
    case .hashes: hash()
    case .sets: set()
    case .sortedSets: sortedSet()
    case .bits: bit()
    case .counts: counting()
    case .geo: geo()
    case .streams: stream()
    }
  }

  private mutating func string() -> [String] {
    let kind = Int.random(in: 0..<48, using: &random)
    switch kind {
    case 0...2: return ["GET", key()]
    case 3...6:
      return ["SET", key(), value()] + some([expiry(), ["NX"], ["xx"], ["KEEPTTL"], ["GET"], expiry()])
    case 7: return ["SETNX", key(), value()]
    case 8: return ["SETEX", key(), time(absolute: false, milliseconds: false), value()]
    case 9: return ["PSETEX", key(), time(absolute: false, milliseconds: true), value()]
    case 10: return ["GETSET", key(), value()]
    case 11: return ["GETDEL", key()]
    case 12: return ["GETEX", key()] + some([expiry(), ["PERSIST"]])
    case 13: return ["MGET"] + keys(0...5)
    case 14: return ["MSET"] + keys(1...3).flatMap { [$0, value()] }
    case 15: return ["MSETNX"] + keys(1...3).flatMap { [$0, value()] }
    case 16, 17: return ["APPEND", key(), value()]
    case 18: return ["STRLEN", key()]
    case 19: return ["GETRANGE", key(), integer(), integer()]
    case 20: return ["SUBSTR", key(), integer(), integer()]
    case 21: return ["SETRANGE", key(), integer(), value()]
    case 22: return ["INCR", key()]
    case 23: return ["DECR", key()]
    case 24: return ["INCRBY", key(), integer()]
    case 25: return ["DECRBY", key(), integer()]
    case 26, 27: return ["INCRBYFLOAT", key(), pick(Self.floats)]
    case 28: return [pick(["DEL", "UNLINK", "EXISTS", "TOUCH"])] + keys(0...3)
    case 29, 30:
      let (absolute, milliseconds) = (Bool.random(using: &random), Bool.random(using: &random))
      return [(milliseconds ? "P" : "") + "EXPIRE" + (absolute ? "AT" : ""), key()]
        + [time(absolute: absolute, milliseconds: milliseconds)] + some([["NX"], ["XX"], ["gt"], ["LT"]])
    case 31, 32: return [pick(["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"]), key()]
    case 33: return ["PERSIST", key()]
    case 34: return ["TYPE", key()]
    case 35: return [pick(["RENAME", "RENAMENX"]), key(), key()]
    case 36:
      return ["COPY", key(), key()]
        + some([["REPLACE"], ["DB", pick(["0", "1", "-1", "x", "99999999999"])]])
    case 37: return ["KEYS", pick(Self.patterns)]
    case 38:
      return [
        "SCAN", pick(["0", "0", "0", "x", "", "-", "+0", "99999999999999999999", " 0"]), "COUNT", "1000",
      ]
        + some([
          ["MATCH", pick(Self.patterns)], ["TYPE", pick(["string", "STRING", "hash", "x"])], ["COUNT", "0"],
        ])
    case 39: return ["PING"] + some([[value()], [value()]])
    case 40: return ["ECHO", value()]
    case 41: return ["SELECT", pick(["0", "0", "1", "-1", "x", "99999999999"])]
    case 42: return ["OBJECT", pick(["ENCODING", "encoding", "FREQ"]), key()]
    case 43: return ["CLIENT", pick(["SETNAME", "GETNAME"])] + some([["name"], ["a b"]])
    case 44: return ["AUTH"] + some([["x"], ["default"], ["y"]])
    case 45: return ["DUMP", "none"]
    case 46:
      return ["RESTORE", key(), time(absolute: false, milliseconds: true), value()]
        + some([["REPLACE"], ["absttl"], ["IDLETIME", integer()], ["FREQ", integer()]])
    default: return [pick(["FLUSHDB", "FLUSHALL"]), pick(["x", "NOW", "syn"])]
    }
  }
}
