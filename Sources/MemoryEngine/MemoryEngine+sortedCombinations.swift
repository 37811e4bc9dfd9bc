/// `ZUNION`, `ZINTER` and `ZDIFF`, which take sets too.
extension Command {
  static let sortedCombinations: [Command] = [
    Command("zunion", -3) { try $0.zcombine(.union, $1, stores: false, &$2) },
    Command("zinter", -3) { try $0.zcombine(.intersection, $1, stores: false, &$2) },
    Command("zdiff", -3) { try $0.zcombine(.difference, $1, stores: false, &$2) },
    Command("zunionstore", -4) { try $0.zcombine(.union, $1, stores: true, &$2) },
    Command("zinterstore", -4) { try $0.zcombine(.intersection, $1, stores: true, &$2) },
    Command("zdiffstore", -4) { try $0.zcombine(.difference, $1, stores: true, &$2) },
    Command("zintercard", -3) { try $0.zintercard($1, &$2) },
  ]
}

extension MemoryEngine {
  mutating func zcombine(
    _ combination: Combination, _ request: Request, stores: Bool, _ output: inout [UInt8]
  ) throws {
    var sources = try scored(request, from: stores ? 2 : 1)
    let options = try CombineOptions(
      request, from: (stores ? 3 : 2) + sources.count, sources.count, combination, stores: stores)
    for index in sources.indices { sources[index].weight = options.weights[index] }
    let result = combined(combination, sources, options.aggregate)
    if stores {
      output.reply(integer: Int64(result.count))
      try place(result.packIfSmall(), at: request[1])
    } else {
      output.reply(result.elements(0..<result.count), withScores: options.withScores)
    }
  }

  mutating func zintercard(_ request: Request, _ output: inout [UInt8]) throws {
    let sources = try scored(request, from: 1)
    var limit = 0
    var index = 2 + sources.count
    while index < request.count {
      guard request.isWord(index, "LIMIT"), index + 1 < request.count else { throw Refusal.syntax }
      limit = try request.natural(index + 1, or: "ERR LIMIT can't be negative")
      index += 2
    }
    let count = combined(.intersection, sources, .sum, limit: limit == 0 ? .max : limit).count
    output.reply(integer: Int64(count))
  }

  /// The sources whose number stands at `start`.
  private mutating func scored(_ request: Request, from start: Int) throws -> [ScoredSource] {
    let count = try request.integer(start)
    guard count >= 1 else {
      throw Refusal.line("ERR at least 1 input key is needed for '\(request.name)' command")
    }
    guard count <= Int64(request.count - start - 1) else { throw Refusal.syntax }
    var sources: [ScoredSource] = []
    for index in start + 1...start + Int(count) {
      guard let slot = read(request[index].span) else {
        sources.append(ScoredSource())
        continue
      }
      switch store.slots[slot].collection {
      case let set as SortedSetValue: sources.append(ScoredSource(sorted: set))
      case let set as SetValue: sources.append(ScoredSource(set: set))
      default: throw Refusal.wrongType
      }
    }
    return sources
  }

  private func combined(
    _ combination: Combination, _ sources: [ScoredSource], _ aggregate: CombineOptions.Aggregate,
    limit: Int = .max
  ) -> SortedSetValue {
    let result = SortedSetValue(packed: false)
    switch combination {
    case .difference:
      sources[0].walk { member, score in
        if !sources.dropFirst().contains(where: { $0.score(of: member) != nil }) { result.set(member, score) }
        return true
      }
    case .union:
      for source in sources.sorted(by: { $0.count < $1.count }) {
        source.walk { member, score in
          let weighed = source.weighed(score)
          result.set(member, result.score(of: member).map { aggregate.joined($0, weighed) } ?? weighed)
          return true
        }
      }
    case .intersection:
      let sorted = sources.sorted { $0.count < $1.count }
      sorted[0].walk { member, score in
        var sum = sorted[0].weighed(score)
        for source in sorted.dropFirst() {
          guard let other = source.score(of: member) else { return true }
          // Only the first product is looked at: another one that is not a number makes a sum zero.
          sum = aggregate.joined(sum, other * source.weight)
        }
        result.set(member, sum)
        return result.count < limit
      }
    }
    return result
  }
}

/// A sorted set, a set (whose members all have the score 1), or nothing.
private struct ScoredSource {
  var sorted: SortedSetValue?
  var set: SetValue?
  var weight: Double = 1

  var count: Int { sorted?.count ?? set?.count ?? 0 }

  func score(of member: [UInt8]) -> Double? {
    if let sorted { return sorted.score(of: member) }
    return set?.contains(member) ?? false ? 1 : nil
  }

  /// Infinity times zero is nothing here.
  func weighed(_ score: Double) -> Double {
    let product = score * weight
    return product.isNaN ? 0 : product
  }

  func walk(_ body: ([UInt8], Double) -> Bool) {
    if let sorted {
      sorted.order.walk(from: 0) { body($0.member, $0.score) }
    } else if let set {
      for number in 0..<set.count where !body(set.member(number), 1) { return }
    }
  }
}

private struct CombineOptions {
  enum Aggregate {
    case sum, min, max

    func joined(_ left: Double, _ right: Double) -> Double {
      switch self {
      case .sum:
        let sum = left + right
        return sum.isNaN ? 0 : sum
      // Of 0 and -0 the left one stays.
      case .min: return right < left ? right : left
      case .max: return right > left ? right : left
      }
    }
  }

  var weights: [Double]
  var aggregate = Aggregate.sum
  var withScores = false

  init(_ request: Request, from start: Int, _ sources: Int, _ combination: Combination, stores: Bool) throws {
    weights = Array(repeating: 1, count: sources)
    var index = start
    while index < request.count {
      let left = request.count - index
      if combination != .difference, left > sources, request.isWord(index, "WEIGHTS") {
        for source in 0..<sources {
          weights[source] = try request.double(index + 1 + source, or: "ERR weight value is not a float")
        }
        index += sources + 1
      } else if combination != .difference, left >= 2, request.isWord(index, "AGGREGATE") {
        if request.isWord(index + 1, "SUM") {
          aggregate = .sum
        } else if request.isWord(index + 1, "MIN") {
          aggregate = .min
        } else if request.isWord(index + 1, "MAX") {
          aggregate = .max
        } else {
          throw Refusal.syntax
        }
        index += 2
      } else if !stores, request.isWord(index, "WITHSCORES") {
        withScores = true
        index += 1
      } else {
        throw Refusal.syntax
      }
    }
  }
}
