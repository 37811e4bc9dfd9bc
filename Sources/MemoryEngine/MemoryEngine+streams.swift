/// The commands of streams that add, remove and read.
extension Command {
  static let streams: [Command] = [
    Command("xadd", -5) { try $0.xadd($1, &$2) },
    Command("xlen", 2) { try $2.reply(integer: Int64($0.look(StreamValue.self, $1[1])?.count ?? 0)) },
    Command("xrange", -4) { try $0.xrange($1, backwards: false, &$2) },
    Command("xrevrange", -4) { try $0.xrange($1, backwards: true, &$2) },
    Command("xdel", -3) { try $0.xdel($1, &$2) },
    Command("xtrim", -4) { try $0.xtrim($1, &$2) },
    Command("xread", -4) { try $0.xread($1, isGroup: false, &$2) },
    Command("xreadgroup", -7) { try $0.xread($1, isGroup: true, &$2) },
    Command("xsetid", -3) { try $0.xsetid($1, &$2) },
    Command("xgroup", -2) { try $0.xgroup($1, &$2) },
    Command("xack", -4) { try $0.xack($1, &$2) },
    Command("xpending", -3) { try $0.xpending($1, &$2) },
    Command("xclaim", -6) { try $0.xclaim($1, &$2) },
    Command("xautoclaim", -6) { try $0.xautoclaim($1, &$2) },
    Command("xinfo", -2) { try $0.xinfo($1, &$2) },
  ]
}

extension MemoryEngine {
  mutating func xadd(_ request: Request, _ output: inout [UInt8]) throws {
    let options = try StreamTrim(request, isAdd: true)
    let start = options.next + 1
    guard request.count - start >= 2, (request.count - start) % 2 == 0 else { throw Refusal.arity }
    if case .exact(let id) = options.id, id == .least {
      throw Refusal.text("ERR The ID specified in XADD must be greater than 0-0")
    }
    let found = try find(StreamValue.self, request[1])
    if found.value == nil, options.makesNoStream { return output.replyNull() }
    try admit(found, request, from: start, each: StreamValue.fieldCost + StreamValue.entryCost)
    let stream = found.value ?? StreamValue()
    guard let following = stream.lastID.next else {
      throw Refusal.text("ERR The stream has exhausted the last possible ID, unable to add more items")
    }
    let id: StreamID
    switch options.id {
    case .exact(let wanted): id = wanted
    case .anyIn(let milliseconds):
      let isSame = milliseconds == stream.lastID.milliseconds && (stream.added > 0 || stream.lastID != .least)
      id = isSame ? following : StreamID(milliseconds: milliseconds, sequence: milliseconds == 0 ? 1 : 0)
    case .any:
      id = max(StreamID(milliseconds: UInt64(clamping: now), sequence: 0), following)
    }
    var isRight = id > stream.lastID
    if case .anyIn(let milliseconds) = options.id, id.milliseconds != milliseconds { isRight = false }
    guard isRight else {
      throw Refusal.text("ERR The ID specified in XADD is equal or smaller than the target stream top item")
    }
    stream.append(id, Array(request.words[start...]))
    options.trim(stream)
    output.reply(bulk: id.text)
    keep(found, stream)
  }

  mutating func xrange(_ request: Request, backwards: Bool, _ output: inout [UInt8]) throws {
    let start = try StreamID.bound(request[backwards ? 3 : 2], isStart: true)
    let end = try StreamID.bound(request[backwards ? 2 : 3], isStart: false)
    var limit: Int?
    var index = 4
    while index < request.count {
      guard index + 1 < request.count, request.isWord(index, "COUNT") else { throw Refusal.syntax }
      limit = Int(max(0, try request.integer(index + 1)))
      index += 2
    }
    guard let stream = try look(StreamValue.self, request[1]) else { return output.reply(arrayOf: 0) }
    if limit == 0 { return output.replyNullArray() }
    output.reply(stream.range(start, end, limit: limit ?? 0, backwards: backwards))
  }

  mutating func xdel(_ request: Request, _ output: inout [UInt8]) throws {
    let found = try find(StreamValue.self, request[1])
    guard let stream = found.value else { return output.reply(integer: 0) }
    var removed: Int64 = 0
    let ids = try request.words[2...].map { try StreamID($0, missing: 0, isStrict: true) }
    for id in ids where stream.remove(id) { removed += 1 }
    output.reply(integer: removed)
    keep(found, stream)
  }

  mutating func xtrim(_ request: Request, _ output: inout [UInt8]) throws {
    let options = try StreamTrim(request, isAdd: false)
    let found = try find(StreamValue.self, request[1])
    guard let stream = found.value else { return output.reply(integer: 0) }
    output.reply(integer: Int64(options.trim(stream)))
    keep(found, stream)
  }

  mutating func xsetid(_ request: Request, _ output: inout [UInt8]) throws {
    let id = try StreamID(request[2], missing: 0, isStrict: true)
    var (added, removed): (UInt64?, StreamID?)
    var index = 3
    while index < request.count {
      guard index + 1 < request.count else { throw Refusal.syntax }
      if request.isWord(index, "ENTRIESADDED") {
        let number = try request.integer(index + 1)
        guard number >= 0 else { throw Refusal.text("ERR entries_added must be positive") }
        added = UInt64(number)
      } else if request.isWord(index, "MAXDELETEDID") {
        let greatest = try StreamID(request[index + 1], missing: 0, isStrict: true)
        guard id >= greatest else {
          throw Refusal.text(
            "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id")
        }
        removed = greatest
      } else {
        throw Refusal.syntax
      }
      index += 2
    }
    let found = try find(StreamValue.self, request[1])
    guard let stream = found.value else { throw Refusal.text(ReplyError.noSuchKey) }
    if let last = stream.entries.last, id < last.id {
      throw Refusal.text("ERR The ID specified in XSETID is smaller than the target stream top item")
    }
    if let added, added < UInt64(stream.count) {
      throw Refusal.text(
        "ERR The entries_added specified in XSETID is smaller than the target stream length")
    }
    stream.lastID = id
    if let added { stream.added = added }
    if let removed, removed != .least { stream.greatestRemoved = removed }
    output.replyOK()
  }
}

extension [UInt8] {
  mutating func reply(_ entries: [StreamValue.Entry]) {
    reply(arrayOf: entries.count)
    for entry in entries { reply(entry) }
  }

  mutating func reply(_ entry: StreamValue.Entry) {
    reply(arrayOf: 2)
    reply(bulk: entry.id.text)
    reply(bulks: entry.fields)
  }
}

/// What `XADD` and `XTRIM` are told about the length of a stream, and `XADD` about the ID.
struct StreamTrim {
  enum WantedID {
    case any
    case anyIn(UInt64)
    case exact(StreamID)
  }

  private enum Bound {
    case length(Int)
    case id(StreamID)
  }

  var id = WantedID.any
  /// Where the ID stands.
  private(set) var next = 2
  private(set) var makesNoStream = false
  private var bound: Bound?
  private var isApproximate = false
  private var limit: Int?

  init(_ request: Request, isAdd: Bool) throws {
    var index = 2
    options: while index < request.count {
      let left = request.count - 1 - index
      if isAdd, request[index] == [UInt8(ascii: "*")] {
        break
      } else if left > 0, request.isWord(index, "MAXLEN") || request.isWord(index, "MINID") {
        let isLength = request.isWord(index, "MAXLEN")
        guard bound == nil else {
          throw Refusal.text("ERR syntax error, MAXLEN and MINID options at the same time are not compatible")
        }
        isApproximate = left >= 2 && request[index + 1] == [UInt8(ascii: "~")]
        if isApproximate || (left >= 2 && request[index + 1] == [UInt8(ascii: "=")]) { index += 1 }
        if isLength {
          bound = .length(try request.natural(index + 1, refusing: "ERR The MAXLEN argument must be >= 0."))
        } else {
          bound = .id(try StreamID(request[index + 1], missing: 0, isStrict: true))
        }
        index += 1
      } else if left > 0, request.isWord(index, "LIMIT") {
        limit = try request.natural(index + 1, refusing: "ERR The LIMIT argument must be >= 0.")
        index += 1
      } else if isAdd, request.isWord(index, "NOMKSTREAM") {
        makesNoStream = true
      } else if isAdd {
        try readID(request[index])
        break options
      } else {
        throw Refusal.syntax
      }
      index += 1
    }
    next = index
    if limit ?? 0 > 0, bound == nil {
      throw Refusal.text("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy")
    }
    if !isAdd, bound == nil {
      throw Refusal.text("ERR syntax error, XTRIM must be called with either MAXLEN or MINID")
    }
    if limit != nil, !isApproximate {
      throw Refusal.text("ERR syntax error, LIMIT cannot be used without the special ~ option")
    }
  }

  private mutating func readID(_ text: [UInt8]) throws {
    if let dash = text.firstIndex(of: UInt8(ascii: "-")),
      text[(dash + 1)...].elementsEqual([UInt8(ascii: "*")])
    {
      guard let milliseconds = StreamID.number(text[..<dash]) else { throw StreamID.invalid }
      id = .anyIn(milliseconds)
    } else {
      id = .exact(try StreamID(text, missing: 0, isStrict: true))
    }
  }

  /// - Returns: how many entries went.
  @discardableResult
  func trim(_ stream: StreamValue) -> Int {
    var surplus =
      switch bound {
      case .length(let length): max(0, stream.count - length)
      case .id(let id): stream.number(id)
      case nil: 0
      }
    if isApproximate {
      // Redis removes whole nodes of a hundred entries or of 4 KiB.
      let most = limit == 0 ? Int.max : limit ?? 10_000
      surplus = min(surplus, most) / 100 * 100
    }
    stream.removeFirst(surplus)
    return surplus
  }
}

extension Request {
  /// Zero or more; a text that is no integer is refused in Redis' usual words.
  func natural(_ index: Int, refusing message: StaticString) throws -> Int {
    let value = try integer(index)
    guard value >= 0 else { throw Refusal.text(message) }
    return Int(value)
  }
}
