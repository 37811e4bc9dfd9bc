extension CommandGenerator {
  mutating func counting() -> [String] {
    let key = key(of: "p")
    switch Int.random(in: 0..<16, using: &random) {
    case 0...4: return ["PFADD", key] + elements(0...5)
    case 5:
      return ["PFADD", key] + (0..<400).map { _ in "element \(Int.random(in: 0..<100_000, using: &random))" }
    case 6...9: return ["PFCOUNT", key]
    case 10: return ["PFCOUNT"] + keys(of: "p", 0...3)
    case 11, 12: return ["PFMERGE"] + keys(of: "p", 0...3)
    case 13: return ["DEL", key]
    case 14: return ["SET", key, pick(["", "HYLL", "none of them at all"])]
    default: return ["OBJECT", "ENCODING", key]
    }
  }
}
