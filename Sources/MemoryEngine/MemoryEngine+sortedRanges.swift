/// The commands about ranges of sorted sets.
extension Command {
  static let sortedRanges: [Command] = [
    Command("zrange", -4) { try $0.zrange($1, RangeForm(), &$2) },
    Command("zrangestore", -5) { try $0.zrange($1, RangeForm(start: 2), &$2) },
    Command("zrevrange", -4) { try $0.zrange($1, RangeForm(by: .ranks, backwards: true), &$2) },
    Command("zrangebyscore", -4) { try $0.zrange($1, RangeForm(by: .scores, backwards: false), &$2) },
    Command("zrevrangebyscore", -4) { try $0.zrange($1, RangeForm(by: .scores, backwards: true), &$2) },
    Command("zrangebylex", -4) { try $0.zrange($1, RangeForm(by: .words, backwards: false), &$2) },
    Command("zrevrangebylex", -4) { try $0.zrange($1, RangeForm(by: .words, backwards: true), &$2) },
    Command("zcount", 4) { try $0.count($1, by: .scores, removing: false, &$2) },
    Command("zlexcount", 4) { try $0.count($1, by: .words, removing: false, &$2) },
    Command("zremrangebyrank", 4) { try $0.count($1, by: .ranks, removing: true, &$2) },
    Command("zremrangebyscore", 4) { try $0.count($1, by: .scores, removing: true, &$2) },
    Command("zremrangebylex", 4) { try $0.count($1, by: .words, removing: true, &$2) },
  ]
}

/// How a command of the `ZRANGE` family was called, and what its options made of that.
struct RangeForm {
  enum Measure { case ranks, scores, words }

  /// Where the key of the source stands; 2 has the target before it.
  var start = 1
  /// Nil until an option says it.
  var by: Measure?
  var backwards: Bool?
  var withScores = false
  var offset: Int64 = 0
  var limit: Int64 = -1

  var stores: Bool { start == 2 }

  mutating func readOptions(_ request: Request) throws {
    var index = start + 3
    while index < request.count {
      if !stores, request.isWord(index, "WITHSCORES") {
        withScores = true
      } else if request.isWord(index, "LIMIT"), index + 2 < request.count {
        (offset, limit) = (try request.integer(index + 1), try request.integer(index + 2))
        index += 2
      } else if backwards == nil, request.isWord(index, "REV") {
        backwards = true
      } else if by == nil, request.isWord(index, "BYLEX") {
        by = .words
      } else if by == nil, request.isWord(index, "BYSCORE") {
        by = .scores
      } else {
        throw Refusal.syntax
      }
      index += 1
    }
    if limit != -1, by ?? .ranks == .ranks {
      throw Refusal.text(
        "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
    }
    if withScores, by == .words {
      throw Refusal.text("ERR syntax error, WITHSCORES not supported in combination with BYLEX")
    }
  }

  func range(_ request: Request) throws -> SortedSetRange {
    let isBackwards = backwards ?? false
    switch by ?? .ranks {
    case .ranks:
      return .ranks(try request.integer(start + 1), try request.integer(start + 2), backwards: isBackwards)
    case .scores:
      let (low, high) = isBackwards ? (start + 2, start + 1) : (start + 1, start + 2)
      return .scores(min: try .init(request[low]), max: try .init(request[high]))
    case .words:
      let (low, high) = isBackwards ? (start + 2, start + 1) : (start + 1, start + 2)
      return .words(min: try .init(request[low]), max: try .init(request[high]))
    }
  }

  /// What `LIMIT` leaves of the numbers in a range.
  func limited(_ numbers: Range<Int>) -> Range<Int> {
    if by ?? .ranks == .ranks { return numbers }
    guard offset >= 0, offset < Int64(numbers.count) else { return 0..<0 }
    let rest = numbers.count - Int(offset)
    let count = limit < 0 ? rest : min(rest, Int(limit))
    if backwards ?? false {
      let end = numbers.upperBound - Int(offset)
      return end - count..<end
    }
    let first = numbers.lowerBound + Int(offset)
    return first..<first + count
  }
}

extension MemoryEngine {
  mutating func zrange(_ request: Request, _ form: RangeForm, _ output: inout [UInt8]) throws {
    var form = form
    try form.readOptions(request)
    let range = try form.range(request)
    let set = try look(SortedSetValue.self, request[form.start])
    let elements =
      set.map { $0.elements(form.limited(range.numbers(in: $0)), backwards: form.backwards ?? false) } ?? []
    guard form.stores else {
      return output.reply(elements, withScores: form.withScores)
    }
    // Redis knows the length of a range of ranks, and begins with the form that it will need.
    let isLarge = (form.by ?? .ranks) == .ranks && elements.count > 128
    let result = SortedSetValue(packed: !isLarge)
    for element in elements { result.set(element.member, element.score) }
    output.reply(integer: Int64(result.count))
    try place(result, at: request[1])
  }

  /// `ZCOUNT` and `ZREMRANGEBYSCORE`, and the same by words and by rank.
  mutating func count(
    _ request: Request, by measure: RangeForm.Measure, removing: Bool, _ output: inout [UInt8]
  ) throws {
    let range = try RangeForm(by: measure).range(request)
    if !removing {
      let set = try look(SortedSetValue.self, request[1])
      return output.reply(integer: Int64(set.map { range.numbers(in: $0).count } ?? 0))
    }
    let found = try find(SortedSetValue.self, request[1])
    guard let set = found.value else { return output.reply(integer: 0) }
    let numbers = range.numbers(in: set)
    set.remove(numbers)
    output.reply(integer: Int64(numbers.count))
    keep(found, set)
  }
}

extension [UInt8] {
  mutating func reply(_ elements: [SortedSetValue.Element], withScores: Bool) {
    reply(arrayOf: elements.count * (withScores ? 2 : 1))
    for element in elements {
      reply(bulk: element.member)
      if withScores { reply(double: element.score) }
    }
  }
}
