/// The commands of sorted sets that change members one by one, and those that ask for one.
extension Command {
  static let sortedSets: [Command] = [
    Command("zadd", -4) { try $0.zadd($1, increments: false, &$2) },
    Command("zincrby", 4) { try $0.zadd($1, increments: true, &$2) },
    Command("zrem", -3) { try $0.zrem($1, &$2) },
    Command("zcard", 2) { try $2.reply(integer: Int64($0.look(SortedSetValue.self, $1[1])?.count ?? 0)) },
    Command("zscore", 3) { try $0.zscore($1, &$2) },
    Command("zmscore", -3) { try $0.zmscore($1, &$2) },
    Command("zrank", 3) { try $0.zrank($1, backwards: false, &$2) },
    Command("zrevrank", 3) { try $0.zrank($1, backwards: true, &$2) },
    Command("zpopmin", -2) { try $0.zpop($1, highest: false, &$2) },
    Command("zpopmax", -2) { try $0.zpop($1, highest: true, &$2) },
    Command("zmpop", -4) { try $0.zmpop($1, &$2) },
    Command("zrandmember", -2) { try $0.zrandmember($1, &$2) },
    Command("zscan", -3) { try $0.zscan($1, &$2) },
  ]
}

extension MemoryEngine {
  mutating func zadd(_ request: Request, increments: Bool, _ output: inout [UInt8]) throws {
    let options = try AddOptions(request, increments: increments)
    let pairs = stride(from: options.start, to: request.count, by: 2)
    var scores: [Double] = []
    for index in pairs { scores.append(try request.double(index)) }
    let found = try find(SortedSetValue.self, request[1])
    try admit(found, request, from: options.start, each: SortedSetValue.memberCost)
    let set = found.value ?? SortedSetValue()
    var (added, updated) = (0, 0)
    var result: Double?
    for (number, index) in pairs.enumerated() {
      let member = request[index + 1]
      var score = scores[number]
      if let old = set.score(of: member) {
        if options.onlyIfNone { continue }
        if options.increments {
          score += old
          guard !score.isNaN else { throw Refusal.text("ERR resulting score is not a number (NaN)") }
        }
        if options.onlyIfLess, score >= old { continue }
        if options.onlyIfGreater, score <= old { continue }
        if score != old { updated += 1 }
      } else {
        if options.onlyIfThere { continue }
        added += 1
      }
      result = score
      set.set(member, score)
    }
    if !options.increments {
      output.reply(integer: Int64(options.countsChanges ? added + updated : added))
    } else if let result {
      output.reply(double: result)
    } else {
      output.replyNull()
    }
    keep(found, set)
  }

  mutating func zrem(_ request: Request, _ output: inout [UInt8]) throws {
    let found = try find(SortedSetValue.self, request[1])
    guard let set = found.value else { return output.reply(integer: 0) }
    var removed: Int64 = 0
    for index in 2..<request.count where set.remove(request[index]) { removed += 1 }
    output.reply(integer: removed)
    keep(found, set)
  }

  mutating func zscore(_ request: Request, _ output: inout [UInt8]) throws {
    if let score = try look(SortedSetValue.self, request[1])?.score(of: request[2]) {
      output.reply(double: score)
    } else {
      output.replyNull()
    }
  }

  mutating func zmscore(_ request: Request, _ output: inout [UInt8]) throws {
    let set = try look(SortedSetValue.self, request[1])
    output.reply(arrayOf: request.count - 2)
    for index in 2..<request.count {
      if let score = set?.score(of: request[index]) {
        output.reply(double: score)
      } else {
        output.replyNull()
      }
    }
  }

  mutating func zrank(_ request: Request, backwards: Bool, _ output: inout [UInt8]) throws {
    guard let set = try look(SortedSetValue.self, request[1]), let rank = set.rank(of: request[2]) else {
      return output.replyNull()
    }
    output.reply(integer: Int64(backwards ? set.count - 1 - rank : rank))
  }

  mutating func zpop(_ request: Request, highest: Bool, _ output: inout [UInt8]) throws {
    guard request.count <= 3 else { throw Refusal.syntax }
    let limit = request.count == 3 ? try request.natural(2) : 1
    let found = try find(SortedSetValue.self, request[1])
    guard let set = found.value else { return output.reply(arrayOf: 0) }
    let count = min(limit, set.count)
    output.reply(arrayOf: count * 2)
    for _ in 0..<count {
      guard let element = set.pop(highest: highest) else { break }
      output.reply(bulk: element.member)
      output.reply(double: element.score)
    }
    keep(found, set)
  }

  mutating func zmpop(_ request: Request, _ output: inout [UInt8]) throws {
    let keys = try request.natural(1, or: "ERR numkeys should be greater than 0", from: 1)
    guard keys < request.count - 2 else { throw Refusal.syntax }
    let highest = request.isWord(keys + 2, "MAX")
    guard highest || request.isWord(keys + 2, "MIN") else { throw Refusal.syntax }
    let limit = try popLimit(request, from: keys + 3)
    for index in 2..<keys + 2 {
      let found = try find(SortedSetValue.self, request[index])
      guard let set = found.value else { continue }
      let count = min(limit, set.count)
      output.reply(arrayOf: 2)
      output.reply(bulk: request[index])
      output.reply(arrayOf: count)
      for _ in 0..<count {
        guard let element = set.pop(highest: highest) else { break }
        output.reply(arrayOf: 2)
        output.reply(bulk: element.member)
        output.reply(double: element.score)
      }
      keep(found, set)
      return
    }
    output.replyNullArray()
  }

  mutating func zrandmember(_ request: Request, _ output: inout [UInt8]) throws {
    let wanted = try RandomPick(request, "WITHSCORES")
    guard let set = try look(SortedSetValue.self, request[1]) else { return wanted.replyNone(&output) }
    let picks = try random.picks(wanted.limit ?? 1, of: set.count)
    if wanted.limit != nil { output.reply(arrayOf: picks.count * (wanted.isDouble ? 2 : 1)) }
    for pick in picks {
      let element = set.order[pick]
      output.reply(bulk: element.member)
      if wanted.isDouble { output.reply(double: element.score) }
    }
  }

  /// A large one is walked from its highest rank down: a member whose rank changes meanwhile may be missed or
  /// met twice.
  mutating func zscan(_ request: Request, _ output: inout [UInt8]) throws {
    let cursor = try ElementScan.cursor(request)
    guard let set = try look(SortedSetValue.self, request[1]) else { return ElementScan.replyNone(&output) }
    let scan = try ElementScan(request, cursor)
    scan.reply(count: set.count, isWhole: set.isPacked, perElement: 2, &output) { index, output in
      let element = set.order[index]
      guard scan.matches(element.member) else { return false }
      output.reply(bulk: element.member)
      // A listpack keeps a whole number as one, however large.
      if set.isPacked, let whole = Int64(exactly: element.score) {
        output.reply(bulkDecimal: whole)
      } else {
        output.reply(double: element.score)
      }
      return true
    }
  }
}

/// The options of `ZADD` and `ZINCRBY`.
private struct AddOptions {
  var onlyIfNone = false
  var onlyIfThere = false
  var onlyIfGreater = false
  var onlyIfLess = false
  var countsChanges = false
  var increments: Bool
  /// Where the scores and members begin.
  var start = 2

  init(_ request: Request, increments: Bool) throws {
    self.increments = increments
    options: while start < request.count {
      if request.isWord(start, "NX") {
        onlyIfNone = true
      } else if request.isWord(start, "XX") {
        onlyIfThere = true
      } else if request.isWord(start, "CH") {
        countsChanges = true
      } else if request.isWord(start, "INCR") {
        self.increments = true
      } else if request.isWord(start, "GT") {
        onlyIfGreater = true
      } else if request.isWord(start, "LT") {
        onlyIfLess = true
      } else {
        break options
      }
      start += 1
    }
    let words = request.count - start
    guard words > 0, words % 2 == 0 else { throw Refusal.syntax }
    if onlyIfNone, onlyIfThere {
      throw Refusal.text("ERR XX and NX options at the same time are not compatible")
    }
    if (onlyIfGreater && onlyIfNone) || (onlyIfLess && onlyIfNone) || (onlyIfGreater && onlyIfLess) {
      throw Refusal.text("ERR GT, LT, and/or NX options at the same time are not compatible")
    }
    if self.increments, words > 2 {
      throw Refusal.text("ERR INCR option supports a single increment-element pair")
    }
  }
}
