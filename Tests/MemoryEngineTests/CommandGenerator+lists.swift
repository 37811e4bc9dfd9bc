extension CommandGenerator {
  mutating func list() -> [String] {
    let key = key(of: "l")
    switch Int.random(in: 0..<22, using: &random) {
    case 0...3: return [pick(["LPUSH", "RPUSH"]), key] + elements(0...5)
    case 4: return [pick(["LPUSHX", "RPUSHX"]), key] + elements(0...3)
    case 5, 6: return [pick(["LPOP", "RPOP"]), key] + some([[count()], [count()]])
    case 7: return ["LLEN", key]
    case 8, 9: return ["LRANGE", key, index(), index()]
    case 10: return ["LINDEX", key, index()]
    case 11: return ["LSET", key, index(), element()]
    case 12, 13: return ["LINSERT", key, pick(["BEFORE", "after", "x"]), element(), element()]
    case 14: return ["LREM", key, index(), element()]
    case 15: return ["LTRIM", key, index(), index()]
    case 16, 17:
      return ["LPOS", key, element()]
        + some([["RANK", index()], ["COUNT", count()], ["MAXLEN", count()], ["COUNT", index()]])
    case 18:
      return ["LMOVE", key, self.key(of: "l"), pick(["LEFT", "right", "x"]), pick(["LEFT", "RIGHT"])]
    case 19: return ["RPOPLPUSH", key, self.key(of: "l")]
    default:
      let keys = keys(of: "l", 1...3)
      return ["LMPOP", pick(["\(keys.count)", "\(keys.count)", count()])] + keys + [
        pick(["LEFT", "RIGHT", "x"])
      ]
        + some([["COUNT", count()], ["COUNT", index()]])
    }
  }
}
