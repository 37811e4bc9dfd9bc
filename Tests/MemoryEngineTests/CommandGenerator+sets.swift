extension CommandGenerator {
  mutating func set() -> [String] {
    let key = key(of: "s")
    switch Int.random(in: 0..<24, using: &random) {
    case 0...3: return ["SADD", key] + elements(0...5)
    case 4, 5: return ["SADD", key] + (0..<4).map { _ in String(Int.random(in: -20...20, using: &random)) }
    case 6, 7: return ["SREM", key] + elements(0...3)
    case 8: return ["SMEMBERS", key]
    case 9: return ["SISMEMBER", key, element()]
    case 10: return ["SMISMEMBER", key] + elements(0...4)
    case 11: return ["SCARD", key]
    case 12: return ["SPOP", key, pick(["1000", "0", "x", "-1"])] + some([["1"]])
    case 13: return ["SRANDMEMBER", key] + some([["1000"], ["1"]])
    case 14: return ["SRANDMEMBER", key, pick(["1000", "0", "2", "-3", "x", "-9223372036854775808"])]
    case 15, 16: return ["SMOVE", key, self.key(of: "s"), element()]
    case 17: return [pick(["SINTER", "SUNION", "SDIFF"])] + keys(of: "s", 0...3)
    case 18, 19: return [pick(["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"]), key] + keys(of: "s", 0...3)
    case 20, 21:
      let keys = keys(of: "s", 1...3)
      return ["SINTERCARD", pick(["\(keys.count)", "\(keys.count)", count()])] + keys
        + some([["LIMIT", count()], ["LIMIT", index()]])
    case 22: return ["SADD", "s4"] + (0..<300).map { _ in String(Int.random(in: 0..<900, using: &random)) }
    default:
      return ["SSCAN", key, pick(["0", "0", "x", "-"]), "COUNT", "1000"]
        + some([["MATCH", pick(Self.patterns)], ["COUNT", "0"], ["TYPE", "set"]])
    }
  }
}
