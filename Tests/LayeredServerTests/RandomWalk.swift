import SluiceLoadGenerator

/// Random commands over a few keys, so that types and states meet.
struct RandomWalk {
  private var random: SplitMix64
  /// Values that begin with the layer's marker, or else commands on bits: the two together are refused.
  let hasMarkers: Bool

  init(seed: UInt64, hasMarkers: Bool) {
    random = SplitMix64(seed: seed)
    self.hasMarkers = hasMarkers
  }

  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

  private mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }

  private mutating func key() -> String { "k\(below(8))" }

  private mutating func number() -> String {
    pick(["0", "1", "-1", "5", "-3", "99", "70", "200", "-200", "x", "9223372036854775807", "1.5", "03"])
  }

  /// Short, long and easy to compress, long and not, numbers, and the layer's own marker.
  mutating func value() -> [UInt8] {
    switch below(hasMarkers ? 9 : 7) {
    case 0: return []
    case 1: return Array("\(below(1000))".utf8)
    case 2: return Array("v\(below(10))".utf8)
    case 3, 4: return [UInt8](repeating: UInt8(97 + below(4)), count: 60 + below(3000))
    case 5: return (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
    case 6: return Array("3.25".utf8)
    case 7: return [0, 0x53, 0x4C, 0x43] + Array(pick(["", "=", "z", "zz12", "x"]).utf8)
    default: return [0, 0x53, 0x4C, 0x43, 0x7A] + [UInt8](repeating: 7, count: 300)
    }
  }

  /// The next command; a word that is a value is bytes of its own.
  mutating func next() -> [[UInt8]] {
    func words(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }
    let (a, b) = (key(), key())
    let kind = below(64)
    switch hasMarkers && (28...37).contains(kind) ? 0 : kind {
    case 0...3: return words("GET", a)
    case 4...7: return words("SET", a) + [value()]
    case 8: return words("SET", a) + [value()] + words(pick(["NX", "XX", "KEEPTTL", "GET", "FOO"]))
    case 9:
      return words("SET", a) + [value()] + words(pick(["EX", "PX", "EXAT"]), pick(["5000000000", "x", "0"]))
    case 10: return words("SETEX", a, pick(["500", "0", "y"])) + [value()]
    case 11: return words("SETNX", a) + [value()]
    case 12: return words("GETSET", a) + [value()]
    case 13: return words("GETDEL", a)
    case 14: return words("GETEX", a) + (below(2) == 0 ? words("EX", "700") : words("PERSIST"))
    case 15: return words("MSET", a) + [value()] + words(b) + [value()]
    case 16: return words("MSETNX", a) + [value()] + words(b) + [value()]
    case 17...18: return words("MGET", a, b, key())
    case 19...20: return words("APPEND", a) + [value()]
    case 21...22: return words("SETRANGE", a, number()) + [value()]
    case 23...24: return words(pick(["GETRANGE", "SUBSTR"]), a, number(), number())
    case 25: return words("STRLEN", a)
    case 26: return words(pick(["INCR", "DECR"]), a)
    case 27: return words(pick(["INCRBY", "DECRBY", "INCRBYFLOAT"]), a, number())
    case 28: return words("SETBIT", a, "\(below(40))", "\(below(2))")
    case 29: return words("GETBIT", a, "\(below(4000))")
    case 30: return words("BITCOUNT", a)
    case 31: return words("BITPOS", a, "1")
    case 32: return words("BITFIELD", a, "SET", "u8", "\(below(48))", "\(below(256))", "GET", "u4", "0")
    case 33: return words("BITOP", pick(["AND", "OR", "XOR"]), a, b, key())
    case 34: return words("PFADD", a, "\(below(50))")
    case 35: return words("PFCOUNT", a, b)
    case 36: return words("PFMERGE", a, b)
    case 37: return words("LCS", a, b, "LEN")
    case 38...39: return words(pick(["DEL", "UNLINK"]), a, b)
    case 40: return words("EXISTS", a, b, a)
    case 41: return words("TYPE", a)
    case 42: return words(pick(["RENAME", "RENAMENX"]), a, b)
    case 43: return words("COPY", a, b) + (below(2) == 0 ? words("REPLACE") : [])
    case 44: return words("EXPIRE", a, pick(["1000", "-1", "z"]))
    case 45: return words("HSET", a, "f\(below(3))") + [value()]
    case 46: return words("HGETALL", a)
    case 47: return words("LPUSH", a) + [value()]
    case 48: return words("LRANGE", a, "0", "-1")
    case 49: return words("SADD", a, "\(below(5))")
    case 50: return words("SINTERCARD", "2", a, b)
    case 51: return words("ZADD", a, "\(below(9))", "m\(below(3))")
    case 52: return words("ZUNIONSTORE", a, "2", b, key())
    case 53: return words("SORT", a, "ALPHA", "STORE", b)
    case 54: return words("DBSIZE")
    case 55: return words("FLUSHALL")
    case 56: return words("GET")
    case 57: return words("XADD", a, "\(below(9))-\(below(9))", "f") + [value()]
    case 58: return words("OBJECT", "ENCODING", a, "x")
    case 59: return words("LMPOP", "2", a, b, "LEFT")
    case 60: return words("ZMPOP", "2", a, b, "MIN", "COUNT", "2")
    case 61: return words("XREAD", "COUNT", "2", "STREAMS", a, b, "0", "0")
    case 62: return words("XGROUP", "CREATE", a, "g", "0")
    default: return words("TOUCH", a, b)
    }
  }
}
