extension CommandGenerator {
  private mutating func offset() -> String {
    Int.random(in: 0..<12, using: &random) == 0
      ? pick(Self.integers) : String(Int.random(in: 0..<80, using: &random))
  }

  private mutating func field() -> String {
    Int.random(in: 0..<12, using: &random) == 0
      ? pick(["i0", "u64", "i65", "x8", "", "u", "i64", "u63"])
      : pick(["i", "u"]) + String(Int.random(in: 1...63, using: &random))
  }

  private mutating func number() -> String {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: pick(Self.integers)
    case 1: String(Int.random(in: .min ... .max, using: &random))
    default: String(Int.random(in: -300...300, using: &random))
    }
  }

  private mutating func step() -> [String] {
    let place = pick(["", "", "#"]) + offset()
    return switch Int.random(in: 0..<6, using: &random) {
    case 0, 1: ["GET", field(), place]
    case 2: ["set", field(), place, number()]
    case 3: ["INCRBY", field(), place, number()]
    case 4:
      [
        "OVERFLOW", pick(["WRAP", "sat", "FAIL", "WRAP", "SAT", "FAIL", "x"]), "INCRBY", field(), place,
        number(),
      ]
    default: ["OVERFLOW", pick(["sat", "FAIL"]), "SET", field(), place, number()]
    }
  }

  private mutating func unit() -> [[String]] { [[pick(["BIT", "byte", "BIT", "x"])]] }

  mutating func bit() -> [String] {
    let key = key(of: "b")
    switch Int.random(in: 0..<20, using: &random) {
    case 0...3: return ["SETBIT", key, offset(), pick(["0", "1", "1", "2", "x"])]
    case 4, 5: return ["GETBIT", key, offset()]
    case 6, 7: return ["BITCOUNT", key] + some([[index(), index()], [index(), index()] + some(unit())])
    case 8: return ["BITCOUNT", key, index(), index()] + some(unit())
    case 9, 10:
      return ["BITPOS", key, pick(["0", "1", "1", "x", "2"])]
        + some([[index()], [index()], [index()]] + unit())
    case 11: return ["BITPOS", key, pick(["0", "1"]), index(), index(), pick(["BIT", "BYTE"])]
    case 12, 13:
      return ["BITOP", pick(["AND", "or", "XOR", "NOT", "x"]), self.key(of: "b")] + keys(of: "b", 0...3)
    case 14: return ["GET", key]
    case 15: return ["SET", key, pick(["", "\u{7f}\u{7f}", "foobar", "~", "\u{0}"])]
    case 16:
      return ["BITFIELD_RO", key] + (0..<Int.random(in: 0...2, using: &random)).flatMap { _ in step() }
    default: return ["BITFIELD", key] + (0..<Int.random(in: 0...4, using: &random)).flatMap { _ in step() }
    }
  }
}
