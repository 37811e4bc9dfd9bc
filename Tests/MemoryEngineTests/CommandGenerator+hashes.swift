extension CommandGenerator {
  private mutating func number() -> String { pick(["1", "-1", "10", pick(Self.integers)]) }

  mutating func hash() -> [String] {
    let key = key(of: "h")
    switch Int.random(in: 0..<24, using: &random) {
    case 0...3: return [pick(["HSET", "HMSET"]), key] + elements(1...3).flatMap { [$0, element()] }
    case 4: return ["HSET", key] + elements(0...3)
    case 5: return ["HSETNX", key, element(), element()]
    case 6, 7: return ["HGET", key, element()]
    case 8: return ["HMGET", key] + elements(0...4)
    case 9: return ["HGETALL", key]
    case 10: return [pick(["HKEYS", "HVALS"]), key]
    case 11: return ["HLEN", key]
    case 12: return [pick(["HEXISTS", "HSTRLEN"]), key, element()]
    case 13, 14: return ["HDEL", key] + elements(0...4)
    case 15, 16: return ["HINCRBY", key, element(), number()]
    case 17, 18: return ["HINCRBYFLOAT", key, element(), pick(Self.floats)]
    case 19: return ["HRANDFIELD", key] + some([["1000"], ["WITHVALUES"]])
    case 20:
      return ["HRANDFIELD", key, pick(["0", "-2", "2", "x", "1000"])] + some([["withvalues"], ["x"]])
    case 21:
      // So many that a listpack ends.
      return ["HSET", "h4"]
        + (0..<300).flatMap { _ in ["f\(Int.random(in: 0..<900, using: &random))", element()] }
    default:
      return ["HSCAN", key, pick(["0", "0", "x", "-"]), "COUNT", "1000"]
        + some([["MATCH", pick(Self.patterns)], ["COUNT", "0"], ["TYPE", "hash"]])
    }
  }
}
