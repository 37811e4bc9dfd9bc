extension CommandGenerator {
  mutating func score() -> String {
    switch Int.random(in: 0..<8, using: &random) {
    case 0: pick(Self.floats)
    case 1: pick(["inf", "-inf", "1e17", "123456789012345678", "0.1", "3.3333333333333335", "1e-7", "-0"])
    case 2: String(Double(Int.random(in: -1000...1000, using: &random)) / 16)
    case 3: String(Double.random(in: -10...10, using: &random))
    default: String(Int.random(in: -6...6, using: &random))
    }
  }

  mutating func scoreBound() -> String {
    Bool.random(using: &random) ? score() : pick(["(", "", "-inf", "+inf"]) + score()
  }

  mutating func wordBound() -> String {
    pick(["-", "+", "[", "(", "[", "("]) + pick(["a", "b", "c", "aa", "ab", "z", "", "", "b1"])
  }

  private mutating func limit() -> [String] { ["LIMIT", index(), index()] }

  /// Ranges of words are only defined where all scores are the same: these keys have such scores.
  mutating func sortedSet() -> [String] {
    let key = key(of: "z")
    switch Int.random(in: 0..<34, using: &random) {
    case 0...3:
      return ["ZADD", key]
        + some([["NX"], ["xx"], ["GT"], ["LT"], ["CH"], ["INCR"]])
        + (0..<Int.random(in: 1...4, using: &random)).flatMap { _ in [score(), element()] }
    case 4: return ["ZADD", key, score(), element()]
    case 5: return ["ZINCRBY", key, score(), element()]
    case 6: return ["ZREM", key] + elements(0...3)
    case 7: return ["ZCARD", key]
    case 8: return ["ZSCORE", key, element()]
    case 9: return ["ZMSCORE", key] + elements(0...3)
    case 10, 11: return [pick(["ZRANK", "ZREVRANK"]), key, element()]
    case 12: return [pick(["ZPOPMIN", "ZPOPMAX"]), key] + some([[count()], [count()]])
    case 13:
      let keys = keys(of: "z", 1...3)
      return ["ZMPOP", pick(["\(keys.count)", "\(keys.count)", count()])] + keys + [
        pick(["MIN", "max", "x"])
      ]
        + some([["COUNT", count()], ["COUNT", index()]])
    case 14: return ["ZRANDMEMBER", key] + some([["1000"], ["WITHSCORES"]])
    case 15:
      return ["ZRANDMEMBER", key, pick(["0", "-2", "2", "x", "1000"])] + some([["withscores"], ["x"]])
    case 16:
      return ["ZSCAN", key, pick(["0", "0", "x", "-"]), "COUNT", "1000"]
        + some([["MATCH", pick(Self.patterns)]])
    case 17, 18:
      return [pick(["ZRANGE", "ZREVRANGE"]), key, index(), index()] + some([["WITHSCORES"], limit()])
    case 19:
      return ["ZRANGE", key, scoreBound(), scoreBound()]
        + some([["BYSCORE"], ["BYSCORE"], ["REV"], ["WITHSCORES"], limit()])
    case 20:
      return ["ZRANGE", "w\(Int.random(in: 0..<2, using: &random))", wordBound(), wordBound()]
        + some([["BYLEX"], ["bylex"], ["BYLEX"], ["REV"], ["WITHSCORES"], limit()])
    case 21:
      return ["ZRANGESTORE", self.key(of: "z"), key, index(), index()]
        + some([["BYSCORE"], ["REV"], limit(), ["WITHSCORES"]])
    case 22, 23:
      return [pick(["ZRANGEBYSCORE", "ZREVRANGEBYSCORE"]), key, scoreBound(), scoreBound()]
        + some([["WITHSCORES"], limit()])
    case 24:
      return [pick(["ZRANGEBYLEX", "ZREVRANGEBYLEX"]), "w0", wordBound(), wordBound()] + some([limit()])
    case 25: return ["ZCOUNT", key, scoreBound(), scoreBound()]
    case 26: return [pick(["ZLEXCOUNT", "ZREMRANGEBYLEX"]), "w1", wordBound(), wordBound()]
    case 27: return ["ZREMRANGEBYRANK", key, index(), index()]
    case 28: return ["ZREMRANGEBYSCORE", key, scoreBound(), scoreBound()]
    case 29: return ["ZADD", pick(["w0", "w1"])] + elements(1...4).flatMap { ["7", $0] }
    case 30:
      return ["ZADD", "z4"]
        + (0..<60).flatMap { _ in [score(), "m\(Int.random(in: 0..<300, using: &random))"] }
    default: return combination()
    }
  }

  private mutating func combination() -> [String] {
    let isStore = Bool.random(using: &random)
    let keys = (0..<Int.random(in: 1...3, using: &random)).map { _ in
      key(of: Int.random(in: 0..<4, using: &random) == 0 ? "s" : "z")
    }
    let operation = pick(["ZUNION", "ZINTER", "ZDIFF"])
    let count = pick(["\(keys.count)", "\(keys.count)", "\(keys.count)", self.count()])
    let weights = ["WEIGHTS"] + keys.map { _ in pick(["1", "2", "-1", "0.5", "0", "x", "inf"]) }
    if operation == "ZINTER", Int.random(in: 0..<3, using: &random) == 0 {
      return ["ZINTERCARD", count] + keys + some([["LIMIT", self.count()], ["LIMIT", index()]])
    }
    return (isStore ? [operation + "STORE", key(of: "z"), count] : [operation, count]) + keys
      + some([weights, ["AGGREGATE", pick(["SUM", "min", "MAX", "x"])], ["WITHSCORES"], ["WITHSCORES"]])
  }
}
