/// `XGROUP`, `XACK` and `XINFO`.
extension MemoryEngine {
  mutating func xgroup(_ request: Request, _ output: inout [UInt8]) throws {
    let subcommands: [(word: StaticString, name: String, arity: Int)] = [
      ("CREATE", "create", -5), ("SETID", "setid", -5), ("DESTROY", "destroy", 4),
      ("CREATECONSUMER", "createconsumer", 5), ("DELCONSUMER", "delconsumer", 5),
    ]
    guard let number = subcommands.firstIndex(where: { request.isWord(1, $0.word) }) else {
      throw unknownSubcommand(request, "XGROUP")
    }
    let (_, name, arity) = subcommands[number]
    guard request.count == arity || (arity < 0 && request.count >= -arity) else {
      throw Refusal.line("ERR wrong number of arguments for 'xgroup|\(name)' command")
    }
    let options = try number < 2 ? GroupOptions(request, isCreate: number == 0) : GroupOptions()
    let found = try find(StreamValue.self, request[2])
    guard found.value != nil || options.makesStream else {
      throw Refusal.text(
        """
        ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM \
        option to create an empty stream automatically.
        """)
    }
    let stream = found.value ?? StreamValue()
    let group = stream.groups[request[3]]
    if number == 0 {
      let id = try groupID(request[4], stream, isStrict: true)
      guard group == nil else { throw Refusal.text("BUSYGROUP Consumer Group name already exists") }
      try admit(found, adding: request[3].count + StreamGroup.cost)
      stream.add(StreamGroup(name: request[3], lastID: id, entriesRead: options.entriesRead))
      output.replyOK()
    } else if number == 2 {
      output.reply(bool: stream.removeGroup(request[3]))
    } else {
      guard let group else {
        let (key, name) = (
          String(decoding: request[2], as: UTF8.self), String(decoding: request[3], as: UTF8.self)
        )
        throw Refusal.line("NOGROUP No such consumer group '\(name)' for key name '\(key)'")
      }
      switch number {
      case 1:
        group.lastID = try groupID(request[4], stream, isStrict: false)
        group.entriesRead = options.entriesRead
        output.replyOK()
      case 3:
        output.reply(bool: group.consumers[request[4]] == nil)
        _ = stream.consumer(request[4], in: group, now: now)
      default:
        let consumer = group.consumers[request[4]]
        output.reply(integer: Int64(consumer?.pending.count ?? 0))
        if let consumer { stream.forget(consumer, of: group) }
      }
    }
    keep(found, stream)
  }

  func unknownSubcommand(_ request: Request, _ command: String) -> Refusal {
    let word = String(decoding: request[1].prefix(128), as: UTF8.self)
    return .line("ERR unknown subcommand '\(word)'. Try \(command) HELP.")
  }

  private func groupID(_ text: [UInt8], _ stream: StreamValue, isStrict: Bool) throws -> StreamID {
    text == [UInt8(ascii: "$")] ? stream.lastID : try StreamID(text, missing: 0, isStrict: isStrict)
  }

  mutating func xack(_ request: Request, _ output: inout [UInt8]) throws {
    let found = try find(StreamValue.self, request[1])
    guard let stream = found.value, let group = stream.groups[request[2]] else {
      return output.reply(integer: 0)
    }
    let ids = try request.words[3...].map { try StreamID($0, missing: 0, isStrict: true) }
    var acknowledged: Int64 = 0
    for id in ids where stream.acknowledge(id, in: group) { acknowledged += 1 }
    output.reply(integer: acknowledged)
    keep(found, stream)
  }

  mutating func xinfo(_ request: Request, _ output: inout [UInt8]) throws {
    let subcommands: [(word: StaticString, name: String, arity: Int)] = [
      ("STREAM", "stream", -3), ("GROUPS", "groups", 3), ("CONSUMERS", "consumers", 4),
    ]
    guard let number = subcommands.firstIndex(where: { request.isWord(1, $0.word) }) else {
      throw unknownSubcommand(request, "XINFO")
    }
    let (_, name, arity) = subcommands[number]
    guard request.count == arity || (arity < 0 && request.count >= -arity) else {
      throw Refusal.line("ERR wrong number of arguments for 'xinfo|\(name)' command")
    }
    guard let stream = try look(StreamValue.self, request[2]) else {
      throw Refusal.text(ReplyError.noSuchKey)
    }
    switch number {
    case 0:
      guard request.count == 3 else {
        throw Refusal.text(
          "ERR sluice: the embedded memory engine has no XINFO STREAM with FULL; use a Redis for this stack")
      }
      info(stream, &output)
    case 1:
      output.reply(arrayOf: stream.groups.count)
      for group in stream.groups.values.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
        info(group, stream, &output)
      }
    default:
      guard let group = stream.groups[request[3]] else {
        let (key, name) = (
          String(decoding: request[2], as: UTF8.self), String(decoding: request[3], as: UTF8.self)
        )
        throw Refusal.line("NOGROUP No such consumer group '\(name)' for key name '\(key)'")
      }
      output.reply(arrayOf: group.consumers.count)
      for consumer in group.sortedConsumers {
        output.reply(arrayOf: 6)
        output.reply(bulkText: "name")
        output.reply(bulk: consumer.name)
        output.reply(bulkText: "pending")
        output.reply(integer: Int64(consumer.pending.count))
        output.reply(bulkText: "idle")
        output.reply(integer: max(0, now - consumer.seenAt))
      }
    }
  }

  /// The tree is told as if each node held a hundred entries.
  private func info(_ stream: StreamValue, _ output: inout [UInt8]) {
    let nodes = Int64((stream.count + 99) / 100)
    output.reply(arrayOf: 20)
    output.reply(bulkText: "length")
    output.reply(integer: Int64(stream.count))
    output.reply(bulkText: "radix-tree-keys")
    output.reply(integer: nodes)
    output.reply(bulkText: "radix-tree-nodes")
    output.reply(integer: nodes + 1)
    output.reply(bulkText: "last-generated-id")
    output.reply(bulk: stream.lastID.text)
    output.reply(bulkText: "max-deleted-entry-id")
    output.reply(bulk: stream.greatestRemoved.text)
    output.reply(bulkText: "entries-added")
    output.reply(integer: Int64(clamping: stream.added))
    output.reply(bulkText: "recorded-first-entry-id")
    output.reply(bulk: (stream.entries.first?.id ?? .least).text)
    output.reply(bulkText: "groups")
    output.reply(integer: Int64(stream.groups.count))
    output.reply(bulkText: "first-entry")
    if let entry = stream.entries.first { output.reply(entry) } else { output.replyNull() }
    output.reply(bulkText: "last-entry")
    if let entry = stream.entries.last { output.reply(entry) } else { output.replyNull() }
  }

  private func info(_ group: StreamGroup, _ stream: StreamValue, _ output: inout [UInt8]) {
    output.reply(arrayOf: 12)
    output.reply(bulkText: "name")
    output.reply(bulk: group.name)
    output.reply(bulkText: "consumers")
    output.reply(integer: Int64(group.consumers.count))
    output.reply(bulkText: "pending")
    output.reply(integer: Int64(group.pending.count))
    output.reply(bulkText: "last-delivered-id")
    output.reply(bulk: group.lastID.text)
    output.reply(bulkText: "entries-read")
    if let read = group.entriesRead { output.reply(integer: read) } else { output.replyNull() }
    output.reply(bulkText: "lag")
    var read = group.entriesRead
    if read == nil || stream.hasGap(behind: group.lastID) {
      read = stream.estimatedRead(through: group.lastID)
    }
    if stream.added == 0 {
      output.reply(integer: 0)
    } else if let read {
      output.reply(integer: Int64(clamping: stream.added) &- read)
    } else {
      output.replyNull()
    }
  }
}

private struct GroupOptions {
  var makesStream = false
  var entriesRead: Int64?

  init() {}

  init(_ request: Request, isCreate: Bool) throws {
    var index = 5
    while index < request.count {
      if isCreate, request.isWord(index, "MKSTREAM") {
        makesStream = true
      } else if request.isWord(index, "ENTRIESREAD"), index + 1 < request.count {
        let number = try request.integer(index + 1)
        guard number >= -1 else { throw Refusal.text("ERR value for ENTRIESREAD must be positive or -1") }
        entriesRead = number < 0 ? nil : number
        index += 1
      } else {
        let word = String(decoding: request[1].prefix(128), as: UTF8.self)
        throw Refusal.line(
          "ERR unknown subcommand or wrong number of arguments for '\(word)'. Try XGROUP HELP.")
      }
      index += 1
    }
  }
}
