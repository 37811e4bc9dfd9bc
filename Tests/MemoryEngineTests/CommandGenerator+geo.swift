extension CommandGenerator {
  private mutating func place() -> [String] {
    if Int.random(in: 0..<20, using: &random) == 0 {
      return [pick(["181", "-180", "x", "0", "1e3", "nan"]), pick(["86", "-85.05112878", "x", "90"])]
    }
    return [
      String(Double(Int.random(in: -1600...1600, using: &random)) / 100),
      String(Double(Int.random(in: -4000...4000, using: &random)) / 100),
    ]
  }

  private mutating func unit() -> String { pick(["m", "KM", "km", "ft", "mi", "km", "x"]) }

  private mutating func radius() -> String { pick(["0", "100", "1000", "2500.5", "5000", "1e6", "-1", "x"]) }

  private mutating func member() -> String {
    pick(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "m", "n", "o"])
  }

  private mutating func options() -> [[String]] {
    [
      ["WITHDIST"], ["withhash"], ["WITHCOORD"], ["ASC"], ["DESC"],
      ["COUNT", pick(["1", "3", "0", "x", "100"])],
    ]
  }

  /// Without an order the replies are compared as sets, and only where they are whole; equal distances are
  /// left open.
  mutating func geo() -> [String] {
    let key = key(of: "g")
    switch Int.random(in: 0..<18, using: &random) {
    case 0...4:
      return ["GEOADD", key] + some([["NX"], ["xx"], ["CH"]])
        + (0..<Int.random(in: 1...5, using: &random)).flatMap { _ in place() + [member()] }
    case 5, 6: return ["GEODIST", key, member(), member()] + some([[unit()], [unit()]])
    case 7: return ["GEOHASH", key] + (0..<Int.random(in: 0...3, using: &random)).map { _ in member() }
    case 8: return ["GEOPOS", key] + (0..<Int.random(in: 0...3, using: &random)).map { _ in member() }
    case 9, 10:
      return ["GEORADIUS", key] + place() + [radius(), unit()] + some(options())
        + some([["STORE", self.key(of: "g")], ["STOREDIST", "d1"]])
    case 11:
      return [pick(["GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"]), key, member(), radius(), unit()]
        + some(options())
    case 12, 13, 14:
      let from = [["FROMMEMBER", member()], ["FROMLONLAT"] + place()].randomElement(using: &random) ?? []
      let by =
        [["BYRADIUS", radius(), unit()], ["BYBOX", radius(), radius(), unit()]].randomElement(using: &random)
        ?? []
      return ["GEOSEARCH", key] + (from + by) + some(options() + [["ANY"], ["FROMMEMBER", member()]])
    case 15:
      return ["GEOSEARCHSTORE", self.key(of: "g"), key, "FROMMEMBER", member(), "BYRADIUS", radius(), unit()]
        + some(options())
    case 16: return ["ZSCORE", key, member()]
    default: return ["ZRANGE", key, "0", "-1", "WITHSCORES"]
    }
  }
}
