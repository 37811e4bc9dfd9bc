/// `XPENDING`, `XCLAIM` and `XAUTOCLAIM`: what was delivered and not acknowledged.
extension MemoryEngine {
  mutating func xpending(_ request: Request, _ output: inout [UInt8]) throws {
    guard request.count == 3 || (6...9).contains(request.count) else { throw Refusal.syntax }
    let query = try request.count == 3 ? nil : PendingQuery(request)
    guard let stream = try look(StreamValue.self, request[1]), let group = stream.groups[request[2]] else {
      throw noGroup(request[1], request[2])
    }
    guard let query else { return summarize(group, &output) }
    var source = group.pending
    if let name = query.consumer {
      guard let consumer = group.consumers[name] else { return output.reply(arrayOf: 0) }
      source = consumer.pending
    }
    var found: [StreamPending] = []
    if query.limit > 0 {
      source.walk(from: source.number(source.partition { $0.id < query.start })) {
        guard $0.id <= query.end else { return false }
        if query.least == 0 || now - $0.deliveredAt >= query.least { found.append($0) }
        return found.count < query.limit
      }
    }
    output.reply(arrayOf: found.count)
    for pending in found {
      output.reply(arrayOf: 4)
      output.reply(bulk: pending.id.text)
      output.reply(bulk: pending.owner.name)
      output.reply(integer: max(0, now - pending.deliveredAt))
      output.reply(integer: pending.deliveries)
    }
  }

  private func summarize(_ group: StreamGroup, _ output: inout [UInt8]) {
    output.reply(arrayOf: 4)
    output.reply(integer: Int64(group.pending.count))
    guard let first = group.pending.first, let last = group.pending.last else {
      output.replyNull()
      output.replyNull()
      output.replyNullArray()
      return
    }
    output.reply(bulk: first.id.text)
    output.reply(bulk: last.id.text)
    let owners = group.sortedConsumers.filter { !$0.pending.isEmpty }
    output.reply(arrayOf: owners.count)
    for owner in owners {
      output.reply(arrayOf: 2)
      output.reply(bulk: owner.name)
      output.reply(bulkDecimal: Int64(owner.pending.count))
    }
  }

  mutating func xclaim(_ request: Request, _ output: inout [UInt8]) throws {
    let found = try find(StreamValue.self, request[1])
    guard let stream = found.value, let group = stream.groups[request[2]] else {
      throw noGroup(request[1], request[2])
    }
    let least = max(0, try request.integer(4, or: "ERR Invalid min-idle-time argument for XCLAIM"))
    let options = try ClaimOptions(request, now: now)
    if let last = options.lastID, last > group.lastID { group.lastID = last }
    var (claimed, body): (Int, [UInt8]) = (0, [])
    for id in options.ids {
      guard let entry = stream.entry(id) else {
        stream.acknowledge(id, in: group)
        continue
      }
      let known = group.pending(id)
      if let known, least > 0, now - known.deliveredAt < least { continue }
      guard known != nil || options.forces else { continue }
      let consumer = stream.consumer(request[3], in: group, now: now)
      if known == nil { stream.deliver(id, to: consumer, of: group, now: now) }
      guard let pending = group.pending(id) else { continue }
      group.give(pending, to: consumer)
      pending.deliveredAt = options.deliveredAt
      if let deliveries = options.deliveries {
        pending.deliveries = deliveries
      } else if !options.onlyIDs {
        pending.deliveries &+= 1
      }
      if options.onlyIDs { body.reply(bulk: id.text) } else { body.reply(entry) }
      claimed += 1
    }
    output.reply(arrayOf: claimed)
    output.append(contentsOf: body)
    keep(found, stream)
  }

  mutating func xautoclaim(_ request: Request, _ output: inout [UInt8]) throws {
    let least = max(0, try request.integer(4, or: "ERR Invalid min-idle-time argument for XAUTOCLAIM"))
    let start = try StreamID.bound(request[5], isStart: true)
    var (limit, onlyIDs) = (100, false)
    var index = 6
    while index < request.count {
      if index + 1 < request.count, request.isWord(index, "COUNT") {
        limit = try request.natural(index + 1, or: "ERR COUNT must be > 0", from: 1)
        guard limit <= Int.max / 16 else { throw Refusal.text("ERR COUNT must be > 0") }
        index += 1
      } else if request.isWord(index, "JUSTID") {
        onlyIDs = true
      } else {
        throw Refusal.syntax
      }
      index += 1
    }
    let found = try find(StreamValue.self, request[1])
    guard let stream = found.value, let group = stream.groups[request[2]] else {
      throw noGroup(request[1], request[2])
    }
    var candidates: [StreamPending] = []
    group.pending.walk(from: group.pending.number(group.pending.partition { $0.id < start })) {
      candidates.append($0)
      return candidates.count <= limit * 10
    }
    var (claimed, body): (Int, [UInt8]) = (0, [])
    var removed: [StreamID] = []
    var looked = 0
    for pending in candidates {
      guard looked < limit * 10, claimed + removed.count < limit else { break }
      looked += 1
      guard let entry = stream.entry(pending.id) else {
        stream.acknowledge(pending.id, in: group)
        removed.append(pending.id)
        continue
      }
      if least > 0, now - pending.deliveredAt < least { continue }
      group.give(pending, to: stream.consumer(request[3], in: group, now: now))
      pending.deliveredAt = now
      if !onlyIDs { pending.deliveries &+= 1 }
      if onlyIDs { body.reply(bulk: pending.id.text) } else { body.reply(entry) }
      claimed += 1
    }
    output.reply(arrayOf: 3)
    output.reply(bulk: (looked < candidates.count ? candidates[looked].id : StreamID.least).text)
    output.reply(arrayOf: claimed)
    output.append(contentsOf: body)
    output.reply(bulks: removed.map(\.text))
    keep(found, stream)
  }
}

private struct PendingQuery {
  var least: Int64 = 0
  let start: StreamID
  let end: StreamID
  let limit: Int
  var consumer: [UInt8]?

  init(_ request: Request) throws {
    var index = 3
    if request.isWord(3, "IDLE") {
      least = try request.integer(4)
      guard request.count >= 8 else { throw Refusal.syntax }
      index = 5
    }
    limit = Int(max(0, try request.integer(index + 2)))
    start = try StreamID.bound(request[index], isStart: true)
    end = try StreamID.bound(request[index + 1], isStart: false)
    if index + 3 < request.count { consumer = request[index + 3] }
  }
}

private struct ClaimOptions {
  var ids: [StreamID] = []
  var forces = false
  var onlyIDs = false
  /// Milliseconds since 1970.
  var deliveredAt: Int64
  var deliveries: Int64?
  var lastID: StreamID?

  init(_ request: Request, now: Int64) throws {
    deliveredAt = now
    var index = 5
    while index < request.count, let id = try? StreamID(request[index], missing: 0, isStrict: true) {
      ids.append(id)
      index += 1
    }
    while index < request.count {
      let hasNext = index + 1 < request.count
      if request.isWord(index, "FORCE") {
        forces = true
      } else if request.isWord(index, "JUSTID") {
        onlyIDs = true
      } else if hasNext, request.isWord(index, "IDLE") {
        let idle = try request.integer(index + 1, or: "ERR Invalid IDLE option argument for XCLAIM")
        deliveredAt = now &- idle
        index += 1
      } else if hasNext, request.isWord(index, "TIME") {
        deliveredAt = try request.integer(index + 1, or: "ERR Invalid TIME option argument for XCLAIM")
        index += 1
      } else if hasNext, request.isWord(index, "RETRYCOUNT") {
        let count = try request.integer(index + 1, or: "ERR Invalid RETRYCOUNT option argument for XCLAIM")
        deliveries = count >= 0 ? count : nil
        index += 1
      } else if hasNext, request.isWord(index, "LASTID") {
        lastID = try StreamID(request[index + 1], missing: 0, isStrict: true)
        index += 1
      } else {
        let word = String(decoding: request[index].prefix(128), as: UTF8.self)
        throw Refusal.line("ERR Unrecognized XCLAIM option '\(word)'")
      }
      index += 1
    }
    if deliveredAt < 0 || deliveredAt > now { deliveredAt = now }
  }
}
