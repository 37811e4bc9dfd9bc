extension CommandGenerator {
  private mutating func id() -> String {
    switch Int.random(in: 0..<10, using: &random) {
    case 0:
      pick([
        "x", "-", "+", "1-", "-1", "18446744073709551615-18446744073709551615", "0-0", "1-x", "$", "0", "(1",
      ])
    case 1, 2: String(Int.random(in: 0..<40, using: &random))
    default: "\(Int.random(in: 1..<40, using: &random))-\(Int.random(in: 0..<3, using: &random))"
    }
  }

  private mutating func start() -> String {
    pick(["-", "-", "0", "(", ""]) + (Bool.random(using: &random) ? "" : id())
  }
  private mutating func end() -> String {
    pick(["+", "+", "", "("]) + (Bool.random(using: &random) ? "" : id())
  }

  private mutating func group() -> String { pick(["g1", "g1", "g2"]) }
  private mutating func consumer() -> String { pick(["alice", "bob", "carol"]) }

  private mutating func trim() -> [String] {
    pick(["MAXLEN", "maxlen", "MINID"]) == "MINID"
      ? ["MINID"] + some([["="]]) + [id()] : ["MAXLEN"] + some([["="]]) + [count()]
  }

  private mutating func ids(_ range: ClosedRange<Int>) -> [String] {
    (0..<Int.random(in: range, using: &random)).map { _ in id() }
  }

  mutating func stream() -> [String] {
    let key = key(of: "x", 3)
    switch Int.random(in: 0..<34, using: &random) {
    case 0...3:
      // Mostly a rising ID, so that streams grow.
      clock += 1
      let id =
        Int.random(in: 0..<4, using: &random) == 0
        ? id() : "\(clock)-\(Int.random(in: 0..<3, using: &random))"
      return ["XADD", key] + some([["NOMKSTREAM"], trim(), ["LIMIT", count()]]) + [id]
        + elements(1...3).flatMap { [$0, "v"] }
    case 4: return ["XADD", key, "\(clock)-*", "f", element()]
    case 5: return ["XLEN", key]
    case 6, 7: return ["XRANGE", key, start(), end()] + some([["COUNT", count()]])
    case 8: return ["XREVRANGE", key, end(), start()] + some([["COUNT", count()]])
    case 9: return ["XDEL", key] + ids(0...3)
    case 10: return ["XTRIM", key] + trim() + some([["LIMIT", count()]])
    case 11:
      let keys = keys(of: "x", 1...2)
      return ["XREAD"] + some([["COUNT", count()]]) + ["STREAMS"] + keys + keys.map { _ in id() }
    case 12: return ["XSETID", key, id()] + some([["ENTRIESADDED", count()], ["MAXDELETEDID", id()]])
    case 13, 14:
      return ["XGROUP", "CREATE", key, group(), pick(["$", "0", "0", id()])]
        + some([["MKSTREAM"], ["ENTRIESREAD", count()]])
    case 15:
      return ["XGROUP", pick(["SETID", "setid"]), key, group(), pick(["$", "0", id()])]
        + some([["ENTRIESREAD", count()]])
    case 16: return ["XGROUP", pick(["CREATECONSUMER", "DELCONSUMER"]), key, group(), consumer()]
    case 17:
      return Int.random(in: 0..<4, using: &random) == 0
        ? ["XGROUP", pick(["DESTROY", "x"]), key, group()] : ["DEL", key]
    case 18...21:
      let keys = keys(of: "x", 1...2)
      return ["XREADGROUP", "GROUP", group(), consumer()] + some([["COUNT", count()], ["NOACK"]])
        + ["STREAMS"] + keys + keys.map { _ in pick([">", ">", "0", id()]) }
    case 22, 23: return ["XACK", key, group()] + ids(0...3)
    case 24: return ["XPENDING", key, group()]
    case 25, 26:
      return ["XPENDING", key, group()] + some([["IDLE", pick(["0", "100000"])]]) + [start(), end(), count()]
        + some([[consumer()]])
    case 27, 28:
      return ["XCLAIM", key, group(), consumer(), pick(["0", "0", "1000000", "x"])] + ids(1...3)
        + some([
          ["FORCE"], ["JUSTID"], ["RETRYCOUNT", count()], ["IDLE", "1000"], ["LASTID", id()], ["TIME", "1"],
        ])
    case 29:
      return ["XAUTOCLAIM", key, group(), consumer(), pick(["0", "0", "1000000", "x"]), start()]
        + some([["COUNT", count()], ["JUSTID"]])
    case 30: return ["XINFO", "GROUPS", key]
    case 31: return ["XINFO", "CONSUMERS", key, group()]
    case 32: return ["XINFO", pick(["STREAM", "x", "stream"]), "none"]
    default: return ["TYPE", key]
    }
  }
}
