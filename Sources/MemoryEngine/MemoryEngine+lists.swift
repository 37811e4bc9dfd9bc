/// The commands of lists that do not wait.
extension Command {
  static let lists: [Command] = [
    Command("lpush", -3) { try $0.push($1, atHead: true, onlyIfThere: false, &$2) },
    Command("rpush", -3) { try $0.push($1, atHead: false, onlyIfThere: false, &$2) },
    Command("lpushx", -3) { try $0.push($1, atHead: true, onlyIfThere: true, &$2) },
    Command("rpushx", -3) { try $0.push($1, atHead: false, onlyIfThere: true, &$2) },
    Command("lpop", -2) { try $0.pop($1, atHead: true, &$2) },
    Command("rpop", -2) { try $0.pop($1, atHead: false, &$2) },
    Command("lmpop", -4) { try $0.lmpop($1, &$2) },
    Command("llen", 2) { try $2.reply(integer: Int64($0.look(ListValue.self, $1[1])?.count ?? 0)) },
    Command("lrange", 4) { try $0.lrange($1, &$2) },
    Command("lindex", 3) { try $0.lindex($1, &$2) },
    Command("lset", 4) { try $0.lset($1, &$2) },
    Command("linsert", 5) { try $0.linsert($1, &$2) },
    Command("lrem", 4) { try $0.lrem($1, &$2) },
    Command("ltrim", 4) { try $0.ltrim($1, &$2) },
    Command("lpos", -3) { try $0.lpos($1, &$2) },
    Command("lmove", 5) { try $0.lmove($1, &$2) },
    Command("rpoplpush", 3) { try $0.move($1, fromHead: false, toHead: true, &$2) },
  ]
}

extension MemoryEngine {
  mutating func push(_ request: Request, atHead: Bool, onlyIfThere: Bool, _ output: inout [UInt8]) throws {
    let found = try find(ListValue.self, request[1])
    if onlyIfThere, found.value == nil {
      output.reply(integer: 0)
      return
    }
    try admit(found, request, from: 2, each: ListValue.elementCost)
    let list = found.value ?? ListValue()
    for index in 2..<request.count { list.push(request[index], atHead: atHead) }
    output.reply(integer: Int64(list.count))
    keep(found, list)
  }

  mutating func pop(_ request: Request, atHead: Bool, _ output: inout [UInt8]) throws {
    guard request.count <= 3 else { throw Refusal.arity }
    let limit = request.count == 3 ? try request.natural(2) : nil
    let found = try find(ListValue.self, request[1])
    guard let list = found.value else {
      if limit == nil { output.replyNull() } else { output.replyNullArray() }
      return
    }
    if let limit {
      pop(list, min(limit, list.count), atHead: atHead, &output)
    } else if let element = list.pop(atHead: atHead) {
      output.reply(bulk: element)
    }
    keep(found, list)
  }

  private func pop(_ list: ListValue, _ count: Int, atHead: Bool, _ output: inout [UInt8]) {
    output.reply(arrayOf: count)
    for _ in 0..<count { output.reply(bulk: list.pop(atHead: atHead) ?? []) }
  }

  mutating func lmpop(_ request: Request, _ output: inout [UInt8]) throws {
    let keys = try request.natural(1, or: "ERR numkeys should be greater than 0", from: 1)
    guard keys < request.count - 2 else { throw Refusal.syntax }
    let atHead = try isHead(request, keys + 2)
    let limit = try popLimit(request, from: keys + 3)
    for index in 2..<keys + 2 {
      let found = try find(ListValue.self, request[index])
      guard let list = found.value else { continue }
      output.reply(arrayOf: 2)
      output.reply(bulk: request[index])
      pop(list, min(limit, list.count), atHead: atHead, &output)
      keep(found, list)
      return
    }
    output.replyNullArray()
  }

  /// `COUNT count` of `LMPOP` and `ZMPOP`, once.
  func popLimit(_ request: Request, from start: Int) throws -> Int {
    var limit: Int?
    var index = start
    while index < request.count {
      guard limit == nil, request.isWord(index, "COUNT"), index + 1 < request.count else {
        throw Refusal.syntax
      }
      limit = try request.natural(index + 1, or: "ERR count should be greater than 0", from: 1)
      index += 2
    }
    return limit ?? 1
  }

  private func isHead(_ request: Request, _ index: Int) throws -> Bool {
    if request.isWord(index, "LEFT") { return true }
    if request.isWord(index, "RIGHT") { return false }
    throw Refusal.syntax
  }

  mutating func lrange(_ request: Request, _ output: inout [UInt8]) throws {
    let (start, end) = (try request.integer(2), try request.integer(3))
    guard let list = try look(ListValue.self, request[1]) else { return output.reply(arrayOf: 0) }
    let range = MemoryEngine.range(start, end, count: list.count)
    output.reply(arrayOf: range.count)
    var left = range.count
    list.elements.walk(from: range.lowerBound) {
      guard left > 0 else { return false }
      output.reply(bulk: $0)
      left -= 1
      return left > 0
    }
  }

  /// The elements from `start` to `end` as clients count them: both included, negative from the end.
  static func range(_ start: Int64, _ end: Int64, count: Int) -> Range<Int> {
    let length = Int64(count)
    let first = max(0, start < 0 ? start + length : start)
    let last = min(length - 1, end < 0 ? end + length : end)
    return first <= last ? Int(first)..<Int(last) + 1 : 0..<0
  }

  mutating func lindex(_ request: Request, _ output: inout [UInt8]) throws {
    guard let list = try look(ListValue.self, request[1]) else { return output.replyNull() }
    if let number = list.number(try request.integer(2)) {
      output.reply(bulk: list.elements[number])
    } else {
      output.replyNull()
    }
  }

  mutating func lset(_ request: Request, _ output: inout [UInt8]) throws {
    let found = try find(ListValue.self, request[1])
    guard let list = found.value else { throw Refusal.text(ReplyError.noSuchKey) }
    guard let number = list.number(try request.integer(2)) else {
      throw Refusal.text("ERR index out of range")
    }
    try admit(found, adding: request[3].count)
    list.replace(number, with: request[3])
    output.replyOK()
    keep(found, list)
  }

  mutating func linsert(_ request: Request, _ output: inout [UInt8]) throws {
    let isAfter = request.isWord(2, "AFTER")
    guard isAfter || request.isWord(2, "BEFORE") else { throw Refusal.syntax }
    let found = try find(ListValue.self, request[1])
    guard let list = found.value else { return output.reply(integer: 0) }
    var number = 0
    list.elements.walk(from: 0) {
      if $0 == request[3] { return false }
      number += 1
      return true
    }
    guard number < list.count else { return output.reply(integer: -1) }
    try admit(found, adding: request[4].count + ListValue.elementCost)
    list.insert(request[4], at: isAfter ? number + 1 : number)
    output.reply(integer: Int64(list.count))
    keep(found, list)
  }

  mutating func lrem(_ request: Request, _ output: inout [UInt8]) throws {
    let limit = try request.integer(2)
    let found = try find(ListValue.self, request[1])
    guard let list = found.value else { return output.reply(integer: 0) }
    let removed = list.removeAll(
      request[3], limit: limit == 0 ? Int.max : Int(clamping: limit.magnitude), fromTail: limit < 0)
    output.reply(integer: Int64(removed))
    keep(found, list)
  }

  mutating func ltrim(_ request: Request, _ output: inout [UInt8]) throws {
    let (start, end) = (try request.integer(2), try request.integer(3))
    let found = try find(ListValue.self, request[1])
    output.replyOK()
    guard let list = found.value else { return }
    let range = MemoryEngine.range(start, end, count: list.count)
    list.remove(range.upperBound..<list.count)
    list.remove(0..<range.lowerBound)
    keep(found, list)
  }

  mutating func lmove(_ request: Request, _ output: inout [UInt8]) throws {
    try move(request, fromHead: isHead(request, 3), toHead: isHead(request, 4), &output)
  }

  mutating func move(_ request: Request, fromHead: Bool, toHead: Bool, _ output: inout [UInt8]) throws {
    let source = try find(ListValue.self, request[1])
    guard let from = source.value else { return output.replyNull() }
    let target = try find(ListValue.self, request[2])
    guard let next = fromHead ? from.elements.first : from.elements.last else { return output.replyNull() }
    try admit(target, adding: next.count + ListValue.elementCost)
    let to = target.value ?? ListValue()
    to.push(from.pop(atHead: fromHead) ?? [], atHead: toHead)
    output.reply(bulk: next)
    keep(source, from)
    if to !== from { keep(target, to) }
  }
}
