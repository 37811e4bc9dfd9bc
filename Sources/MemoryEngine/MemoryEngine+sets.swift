/// The commands of sets.
extension Command {
  static let sets: [Command] = [
    Command("sadd", -3) { try $0.sadd($1, &$2) },
    Command("srem", -3) { try $0.srem($1, &$2) },
    Command("smembers", 2) { try $2.reply(bulks: $0.look(SetValue.self, $1[1])?.members ?? []) },
    Command("sismember", 3) { try $2.reply(bool: $0.look(SetValue.self, $1[1])?.contains($1[2]) ?? false) },
    Command("smismember", -3) { try $0.smismember($1, &$2) },
    Command("scard", 2) { try $2.reply(integer: Int64($0.look(SetValue.self, $1[1])?.count ?? 0)) },
    Command("spop", -2) { try $0.spop($1, &$2) },
    Command("srandmember", -2) { try $0.srandmember($1, &$2) },
    Command("smove", 4) { try $0.smove($1, &$2) },
    Command("sinter", -2) { try $2.reply(bulks: $0.combined(.intersection, $1, from: 1).members) },
    Command("sunion", -2) { try $2.reply(bulks: $0.combined(.union, $1, from: 1).members) },
    Command("sdiff", -2) { try $2.reply(bulks: $0.combined(.difference, $1, from: 1).members) },
    Command("sinterstore", -3) { try $0.storeCombined(.intersection, $1, &$2) },
    Command("sunionstore", -3) { try $0.storeCombined(.union, $1, &$2) },
    Command("sdiffstore", -3) { try $0.storeCombined(.difference, $1, &$2) },
    Command("sintercard", -3) { try $0.sintercard($1, &$2) },
    Command("sscan", -3) { try $0.sscan($1, &$2) },
  ]
}

/// What several sets or sorted sets are made into.
enum Combination { case intersection, union, difference }

extension MemoryEngine {
  mutating func sadd(_ request: Request, _ output: inout [UInt8]) throws {
    let found = try find(SetValue.self, request[1])
    try admit(found, request, from: 2, each: SetValue.memberCost)
    let set = found.value ?? SetValue()
    var added: Int64 = 0
    for index in 2..<request.count where set.insert(request[index]) { added += 1 }
    output.reply(integer: added)
    keep(found, set)
  }

  mutating func srem(_ request: Request, _ output: inout [UInt8]) throws {
    let found = try find(SetValue.self, request[1])
    guard let set = found.value else { return output.reply(integer: 0) }
    var removed: Int64 = 0
    for index in 2..<request.count where set.remove(request[index]) { removed += 1 }
    output.reply(integer: removed)
    keep(found, set)
  }

  mutating func smismember(_ request: Request, _ output: inout [UInt8]) throws {
    let set = try look(SetValue.self, request[1])
    output.reply(arrayOf: request.count - 2)
    for index in 2..<request.count { output.reply(bool: set?.contains(request[index]) ?? false) }
  }

  mutating func spop(_ request: Request, _ output: inout [UInt8]) throws {
    guard request.count <= 3 else { throw Refusal.syntax }
    let limit = request.count == 3 ? try request.natural(2) : nil
    let found = try find(SetValue.self, request[1])
    guard let set = found.value else {
      if limit == nil { output.replyNull() } else { output.reply(arrayOf: 0) }
      return
    }
    let picked = try random.picks(limit ?? 1, of: set.count).map { set.member($0) }
    if limit == nil { output.reply(bulk: picked.first ?? []) } else { output.reply(bulks: picked) }
    for member in picked { _ = set.remove(member) }
    keep(found, set)
  }

  mutating func srandmember(_ request: Request, _ output: inout [UInt8]) throws {
    guard request.count <= 3 else { throw Refusal.syntax }
    let limit = request.count == 3 ? try request.signedCount(2) : nil
    guard let set = try look(SetValue.self, request[1]) else {
      if limit == nil { output.replyNull() } else { output.reply(arrayOf: 0) }
      return
    }
    let picked = try random.picks(limit ?? 1, of: set.count).map { set.member($0) }
    if limit == nil { output.reply(bulk: picked.first ?? []) } else { output.reply(bulks: picked) }
  }

  mutating func smove(_ request: Request, _ output: inout [UInt8]) throws {
    let source = try find(SetValue.self, request[1])
    guard let from = source.value else { return output.reply(bool: false) }
    let target = try find(SetValue.self, request[2])
    if from === target.value { return output.reply(bool: from.contains(request[3])) }
    guard from.contains(request[3]) else { return output.reply(bool: false) }
    try admit(target, adding: request[3].count + SetValue.memberCost)
    let to = target.value ?? SetValue()
    _ = from.remove(request[3])
    _ = to.insert(request[3])
    output.reply(bool: true)
    keep(source, from)
    keep(target, to)
  }

  /// - Parameter limit: how many members of an intersection are enough.
  mutating func combined(
    _ combination: Combination, _ request: Request, from start: Int, to end: Int? = nil, limit: Int = .max
  ) throws -> SetValue {
    var sets: [SetValue?] = []
    for index in start..<(end ?? request.count) { sets.append(try look(SetValue.self, request[index])) }
    let result = SetValue()
    switch combination {
    case .union:
      for set in sets { for member in set?.members ?? [] { result.insert(member) } }
    case .difference:
      guard case .some(.some(let first)) = sets.first else { return result }
      let others = sets.dropFirst().compactMap { $0 }
      for member in first.members where !others.contains(where: { $0.contains(member) }) {
        result.insert(member)
      }
    case .intersection:
      let there = sets.compactMap { $0 }.sorted { $0.count < $1.count }
      guard there.count == sets.count, let smallest = there.first else { return result }
      for member in smallest.members where there.dropFirst().allSatisfy({ $0.contains(member) }) {
        if result.count >= limit { break }
        result.insert(member)
      }
    }
    return result
  }

  mutating func storeCombined(_ combination: Combination, _ request: Request, _ output: inout [UInt8]) throws
  {
    let result = try combined(combination, request, from: 2)
    output.reply(integer: Int64(result.count))
    try place(result, at: request[1])
  }

  mutating func sintercard(_ request: Request, _ output: inout [UInt8]) throws {
    let keys = try request.natural(1, or: "ERR numkeys should be greater than 0", from: 1)
    guard keys <= request.count - 2 else {
      throw Refusal.text("ERR Number of keys can't be greater than number of args")
    }
    var limit = 0
    var index = keys + 2
    while index < request.count {
      guard request.isWord(index, "LIMIT"), index + 1 < request.count else { throw Refusal.syntax }
      limit = try request.natural(index + 1, or: "ERR LIMIT can't be negative")
      index += 2
    }
    let result = try combined(
      .intersection, request, from: 2, to: keys + 2, limit: limit == 0 ? .max : limit)
    output.reply(integer: Int64(result.count))
  }

  mutating func sscan(_ request: Request, _ output: inout [UInt8]) throws {
    let cursor = try ElementScan.cursor(request)
    guard let set = try look(SetValue.self, request[1]) else { return ElementScan.replyNone(&output) }
    let scan = try ElementScan(request, cursor)
    scan.reply(count: set.count, isWhole: set.isOfIntegers, perElement: 1, &output) { index, output in
      let member = set.member(index)
      guard scan.matches(member) else { return false }
      output.reply(bulk: member)
      return true
    }
  }
}
