import SluiceLoadGenerator

/// The random choices of a test, all from one seed.
struct Dice {
  var random: SplitMix64
  private(set) var clock = 0

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  mutating func roll(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &random) }
  mutating func pick<T>(_ choices: [T]) -> T { choices[roll(choices.count)] }
  mutating func chance(_ percent: Int) -> Bool { roll(100) < percent }

  mutating func key() -> String { "k\(roll(6))" }
  static let words = ["a", "b", "c", "d", "e", "", "10", "-3", "2.5", "long long word"]
  mutating func word() -> String { pick(Dice.words) }
  mutating func number() -> String { String(roll(41) - 20) }
  mutating func float() -> String { pick(["0.1", "-2.75", "3", "1e3", "0.333333333333", "17"]) }

  mutating func some<T>(_ count: Int, _ make: (inout Dice) -> T) -> [T] {
    (0..<1 + roll(count)).map { _ in make(&self) }
  }

  /// Far enough away that nothing expires while the test runs; now and then over already.
  mutating func secondsAhead() -> Int { chance(15) ? roll(3) - 2 : 1000 + roll(5000) }
}

/// What a key holds.
enum Kind: CaseIterable {
  case string, integer, hash, list, set, scored, places, stream, sketch
}

extension Dice {
  /// Commands that make a key of a kind from nothing; the same lines on two servers make the same key.
  mutating func birth(_ kind: Kind, _ key: String) -> [[String]] {
    var lines = [["DEL", key]]
    switch kind {
    case .string: lines.append(["SET", key, word()])
    case .integer: lines.append(["SET", key, number()])
    case .hash:
      lines.append(["HSET", key] + some(5) { [$0.word(), $0.number()] }.flatMap { $0 })
    case .list: lines.append(["RPUSH", key] + some(6) { $0.chance(50) ? $0.number() : $0.word() })
    case .set:
      // Whole numbers alone are kept another way than words.
      let isNumeric = chance(50)
      lines.append(["SADD", key] + some(7) { isNumeric ? $0.number() : $0.word() })
    case .scored: lines.append(["ZADD", key] + some(7) { [$0.float(), $0.word()] }.flatMap { $0 })
    case .places:
      lines.append(
        ["GEOADD", key]
          + some(6) { ["1\($0.roll(9)).\($0.roll(90))", "38.\($0.roll(90))", $0.word()] }.flatMap { $0 })
    case .sketch: lines.append(["PFADD", key] + some(6) { $0.number() })
    case .stream:
      for id in 1...1 + roll(6) { lines.append(["XADD", key, "\(id)-1", "f", word()]) }
      lines.append(["XGROUP", "CREATE", key, "g", pick(["0", "$", "2-1"])])
      if chance(70) { lines.append(["XREADGROUP", "GROUP", "g", "c1", "COUNT", "4", "STREAMS", key, ">"]) }
      if chance(30) { lines.append(["XDEL", key, "\(1 + roll(4))-1"]) }
    }
    if chance(40) { lines.append(["PEXPIREAT", key, String(4_000_000_000_000 + roll(1000))]) }
    return lines
  }
}
