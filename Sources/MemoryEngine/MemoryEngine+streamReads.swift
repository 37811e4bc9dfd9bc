/// `XREAD` and `XREADGROUP`. They do not wait: a command that asks to is refused.
extension MemoryEngine {
  mutating func xread(_ request: Request, isGroup: Bool, _ output: inout [UInt8]) throws {
    let options = try ReadOptions(request, isGroup: isGroup)
    let count = (request.count - options.keys) / 2
    var sources: [(key: [UInt8], stream: StreamValue?, group: StreamGroup?, from: StreamID, isNew: Bool)] = []
    for number in 0..<count {
      let key = request[options.keys + number]
      let text = request[options.keys + count + number]
      let stream = try look(StreamValue.self, key)
      var group: StreamGroup?
      if let name = options.group {
        guard let known = stream?.groups[name] else {
          throw noGroup(key, name, " in XREADGROUP with GROUP option")
        }
        group = known
      }
      if text == [UInt8(ascii: "$")] {
        guard !isGroup else {
          throw Refusal.text(
            """
            ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer \
            by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty \
            result set.
            """)
        }
        sources.append((key, stream, nil, stream?.lastID ?? .least, true))
      } else if text == [UInt8(ascii: ">")] {
        guard isGroup else {
          throw Refusal.text(
            """
            ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.
            """)
        }
        sources.append((key, stream, group, group?.lastID ?? .least, true))
      } else {
        let id = try StreamID(text, missing: 0, isStrict: true)
        // To Redis the last ID of all is the same as `>`.
        sources.append((key, stream, group, id, !isGroup || id == .most))
      }
    }
    guard !options.waits else {
      throw Refusal.text(
        "ERR sluice: the embedded memory engine does not wait (BLOCK); use a Redis for this stack")
    }
    var (served, body): (Int, [UInt8]) = (0, [])
    for source in sources {
      guard let stream = source.stream else { continue }
      if source.isNew {
        // A stream that is named twice goes on where its first turn ended.
        guard let start = (source.group?.lastID ?? source.from).next else { continue }
        let entries = stream.range(start, .most, limit: options.limit)
        guard !entries.isEmpty else { continue }
        body.reply(arrayOf: 2)
        body.reply(bulk: source.key)
        body.reply(entries)
        if let group = source.group, let name = options.consumer {
          deliver(
            entries, of: stream, to: stream.consumer(name, in: group, now: now), group, options.needsNoAck)
          store.recount(locate(source.key.span, touching: false).slot, if: stream)
        }
      } else if let group = source.group, let name = options.consumer {
        body.reply(arrayOf: 2)
        body.reply(bulk: source.key)
        history(stream, stream.consumer(name, in: group, now: now), from: source.from, options.limit, &body)
        store.recount(locate(source.key.span, touching: false).slot, if: stream)
      }
      served += 1
    }
    guard served > 0 else { return output.replyNullArray() }
    output.reply(arrayOf: served)
    output.append(contentsOf: body)
  }

  func noGroup(_ key: [UInt8], _ name: [UInt8], _ rest: String = "") -> Refusal {
    let (key, name) = (String(decoding: key, as: UTF8.self), String(decoding: name, as: UTF8.self))
    return .line("NOGROUP No such key '\(key)' or consumer group '\(name)'\(rest)")
  }

  private func deliver(
    _ entries: [StreamValue.Entry], of stream: StreamValue, to consumer: StreamConsumer, _ group: StreamGroup,
    _ needsNoAck: Bool
  ) {
    for entry in entries {
      if entry.id > group.lastID {
        if let read = group.entriesRead, !stream.hasGap(behind: entry.id) {
          group.entriesRead = read &+ 1
        } else if stream.added > 0 {
          group.entriesRead = stream.estimatedRead(through: entry.id)
        }
        group.lastID = entry.id
      }
      if !needsNoAck { stream.deliver(entry.id, to: consumer, of: group, now: now) }
    }
  }

  /// What a consumer got before and has not acknowledged; each counts as delivered once more.
  private func history(
    _ stream: StreamValue, _ consumer: StreamConsumer, from: StreamID, _ limit: Int, _ output: inout [UInt8]
  ) {
    var found: [StreamPending] = []
    let start = from.next ?? .most
    consumer.pending.walk(from: consumer.pending.number(consumer.pending.partition { $0.id < start })) {
      found.append($0)
      return limit == 0 || found.count < limit
    }
    output.reply(arrayOf: found.count)
    for pending in found {
      if let entry = stream.entry(pending.id) {
        output.reply(entry)
        pending.deliveredAt = now
        pending.deliveries &+= 1
      } else {
        output.reply(arrayOf: 2)
        output.reply(bulk: pending.id.text)
        output.replyNullArray()
      }
    }
  }
}

extension StreamValue {
  /// Whether an entry behind an ID may have been removed, so that counting on is no good.
  func hasGap(behind id: StreamID) -> Bool {
    guard let first = entries.first, greatestRemoved != .least, first.id <= greatestRemoved else {
      return false
    }
    return id <= greatestRemoved
  }

  /// How many entries were ever added up to an ID; nil where that can't be known.
  func estimatedRead(through id: StreamID) -> Int64? {
    let total = Int64(clamping: added)
    guard added > 0 else { return 0 }
    if count == 0, id < lastID { return total }
    if id == lastID { return total }
    if id > lastID { return nil }
    guard let first = entries.first else { return nil }
    if greatestRemoved == .least || greatestRemoved < first.id {
      if id < first.id { return total - Int64(count) }
      if id == first.id { return total - Int64(count) + 1 }
    }
    return nil
  }
}

extension Store {
  mutating func recount(_ slot: Int?, if value: Collection) {
    if let slot, slots[slot].collection === value { recount(slot) }
  }
}

private struct ReadOptions {
  var limit = 0
  var waits = false
  var needsNoAck = false
  var group: [UInt8]?
  var consumer: [UInt8]?
  /// Where the keys begin.
  var keys = 0

  init(_ request: Request, isGroup: Bool) throws {
    var index = 1
    while index < request.count, keys == 0 {
      let left = request.count - 1 - index
      if left > 0, request.isWord(index, "BLOCK") {
        let text = request[index + 1]
        guard let time = IntegerText.parse(text.span) else {
          throw Refusal.text("ERR timeout is not an integer or out of range")
        }
        guard time >= 0 else { throw Refusal.text("ERR timeout is negative") }
        waits = true
        index += 1
      } else if left > 0, request.isWord(index, "COUNT") {
        limit = Int(max(0, try request.integer(index + 1)))
        index += 1
      } else if left > 0, request.isWord(index, "STREAMS") {
        keys = index + 1
        guard left % 2 == 0 else {
          throw Refusal.text(
            "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.")
        }
      } else if left > 1, request.isWord(index, "GROUP") {
        guard isGroup else {
          throw Refusal.text(
            "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.")
        }
        (group, consumer) = (request[index + 1], request[index + 2])
        index += 2
      } else if request.isWord(index, "NOACK") {
        guard isGroup else {
          throw Refusal.text(
            "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.")
        }
        needsNoAck = true
      } else {
        throw Refusal.syntax
      }
      index += 1
    }
    guard keys > 0 else { throw Refusal.syntax }
    guard !isGroup || group != nil else { throw Refusal.text("ERR Missing GROUP option for XREADGROUP") }
  }
}
