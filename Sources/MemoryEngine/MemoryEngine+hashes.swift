/// The commands of hashes.
extension Command {
  static let hashes: [Command] = [
    Command("hset", -4) { try $0.hset($1, answersOK: false, &$2) },
    Command("hmset", -4) { try $0.hset($1, answersOK: true, &$2) },
    Command("hsetnx", 4) { try $0.hsetnx($1, &$2) },
    Command("hget", 3) { try $0.hget($1, &$2) },
    Command("hmget", -3) { try $0.hmget($1, &$2) },
    Command("hgetall", 2) { try $0.hgetall($1, fields: true, values: true, &$2) },
    Command("hkeys", 2) { try $0.hgetall($1, fields: true, values: false, &$2) },
    Command("hvals", 2) { try $0.hgetall($1, fields: false, values: true, &$2) },
    Command("hlen", 2) { try $2.reply(integer: Int64($0.look(HashValue.self, $1[1])?.count ?? 0)) },
    Command("hexists", 3) { try $2.reply(bool: $0.look(HashValue.self, $1[1])?.place(of: $1[2]) != nil) },
    Command("hstrlen", 3) {
      try $2.reply(integer: Int64($0.look(HashValue.self, $1[1])?[$1[2]]?.count ?? 0))
    },
    Command("hdel", -3) { try $0.hdel($1, &$2) },
    Command("hincrby", 4) { try $0.hincrby($1, &$2) },
    Command("hincrbyfloat", 4) { try $0.hincrbyfloat($1, &$2) },
    Command("hrandfield", -2) { try $0.hrandfield($1, &$2) },
    Command("hscan", -3) { try $0.hscan($1, &$2) },
  ]
}

extension MemoryEngine {
  mutating func hset(_ request: Request, answersOK: Bool, _ output: inout [UInt8]) throws {
    guard request.count % 2 == 0 else { throw Refusal.arity }
    let found = try find(HashValue.self, request[1])
    try admit(found, request, from: 2, each: HashValue.fieldCost / 2)
    let hash = found.value ?? HashValue()
    for index in 2..<request.count { hash.prepare(for: request[index]) }
    var added: Int64 = 0
    for index in stride(from: 2, to: request.count, by: 2) {
      if hash.set(request[index], request[index + 1]) { added += 1 }
    }
    if answersOK { output.replyOK() } else { output.reply(integer: added) }
    keep(found, hash)
  }

  mutating func hsetnx(_ request: Request, _ output: inout [UInt8]) throws {
    let found = try find(HashValue.self, request[1])
    if let hash = found.value, hash.place(of: request[2]) != nil {
      output.reply(bool: false)
      return
    }
    try admit(found, request, from: 2, each: HashValue.fieldCost / 2)
    let hash = found.value ?? HashValue()
    _ = hash.set(request[2], request[3])
    output.reply(bool: true)
    keep(found, hash)
  }

  mutating func hget(_ request: Request, _ output: inout [UInt8]) throws {
    if let value = try look(HashValue.self, request[1])?[request[2]] {
      output.reply(bulk: value)
    } else {
      output.replyNull()
    }
  }

  mutating func hmget(_ request: Request, _ output: inout [UInt8]) throws {
    let hash = try look(HashValue.self, request[1])
    output.reply(arrayOf: request.count - 2)
    for index in 2..<request.count {
      if let value = hash?[request[index]] { output.reply(bulk: value) } else { output.replyNull() }
    }
  }

  mutating func hgetall(_ request: Request, fields: Bool, values: Bool, _ output: inout [UInt8]) throws {
    guard let hash = try look(HashValue.self, request[1]) else { return output.reply(arrayOf: 0) }
    output.reply(arrayOf: hash.count * (fields && values ? 2 : 1))
    let names = hash.fields
    for index in 0..<hash.count {
      if fields { output.reply(bulk: names[index]) }
      if values { output.reply(bulk: hash.values[index]) }
    }
  }

  mutating func hdel(_ request: Request, _ output: inout [UInt8]) throws {
    let found = try find(HashValue.self, request[1])
    guard let hash = found.value else { return output.reply(integer: 0) }
    var removed: Int64 = 0
    for index in 2..<request.count where hash.remove(request[index]) { removed += 1 }
    output.reply(integer: removed)
    keep(found, hash)
  }

  mutating func hincrby(_ request: Request, _ output: inout [UInt8]) throws {
    let step = try request.integer(3)
    let found = try find(HashValue.self, request[1])
    var old: Int64 = 0
    if let text = found.value?[request[2]] {
      guard let value = IntegerText.parse(text.span) else {
        throw Refusal.text("ERR hash value is not an integer")
      }
      old = value
    }
    let (sum, overflow) = old.addingReportingOverflow(step)
    guard !overflow else { throw Refusal.text("ERR increment or decrement would overflow") }
    var digits: [UInt8] = []
    digits.append(decimal: sum)
    try put(request[2], digits, in: found)
    output.reply(integer: sum)
  }

  mutating func hincrbyfloat(_ request: Request, _ output: inout [UInt8]) throws {
    guard let step = FloatText.parse(request[3].span) else { throw Refusal.notAFloat }
    guard step.isFinite else { throw Refusal.text("ERR value is NaN or Infinity") }
    let found = try find(HashValue.self, request[1])
    var old: LongDouble = 0
    if let text = found.value?[request[2]] {
      guard let value = FloatText.parse(text.span) else {
        throw Refusal.text("ERR hash value is not a float")
      }
      old = value
    }
    let sum = old + step
    guard sum.isFinite else { throw Refusal.text("ERR increment would produce NaN or Infinity") }
    let text = FloatText.format(sum)
    try put(request[2], text, in: found)
    output.reply(bulk: text)
  }

  private mutating func put(_ field: [UInt8], _ value: [UInt8], in found: Found<HashValue>) throws {
    try admit(found, adding: field.count + value.count + HashValue.fieldCost)
    let hash = found.value ?? HashValue()
    _ = hash.set(field, value)
    keep(found, hash)
  }

  mutating func hrandfield(_ request: Request, _ output: inout [UInt8]) throws {
    let wanted = try RandomPick(request, "WITHVALUES")
    guard let hash = try look(HashValue.self, request[1]) else { return wanted.replyNone(&output) }
    let names = hash.fields
    guard let limit = wanted.limit else {
      return output.reply(bulk: names[Int.random(in: names.indices, using: &random)])
    }
    let picks = try random.picks(limit, of: hash.count)
    output.reply(arrayOf: picks.count * (wanted.isDouble ? 2 : 1))
    for pick in picks {
      output.reply(bulk: names[pick])
      if wanted.isDouble { output.reply(bulk: hash.values[pick]) }
    }
  }

  mutating func hscan(_ request: Request, _ output: inout [UInt8]) throws {
    let cursor = try ElementScan.cursor(request)
    guard let hash = try look(HashValue.self, request[1]) else { return ElementScan.replyNone(&output) }
    let scan = try ElementScan(request, cursor)
    let names = hash.fields
    scan.reply(count: hash.count, isWhole: hash.isPacked, perElement: 2, &output) { index, output in
      guard scan.matches(names[index]) else { return false }
      output.reply(bulk: names[index])
      output.reply(bulk: hash.values[index])
      return true
    }
  }
}
