/// `LPOS`.
extension MemoryEngine {
  mutating func lpos(_ request: Request, _ output: inout [UInt8]) throws {
    let options = try PositionOptions(request)
    guard let list = try look(ListValue.self, request[1]) else {
      if options.limit == nil { output.replyNull() } else { output.reply(arrayOf: 0) }
      return
    }
    let isBackwards = options.rank < 0
    // The lowest number of all has no positive one, and counts as -1.
    var skip = options.rank == .min ? 0 : options.rank.magnitude - 1
    var looked = 0
    var places: [Int] = []
    list.elements.walk(from: isBackwards ? list.count - 1 : 0, backwards: isBackwards) {
      guard options.longest == 0 || looked < options.longest else { return false }
      looked += 1
      guard $0 == request[2] else { return true }
      if skip > 0 {
        skip -= 1
        return true
      }
      places.append(isBackwards ? list.count - looked : looked - 1)
      return options.limit == 0 || places.count < options.limit ?? 1
    }
    guard options.limit != nil else {
      if let place = places.first { output.reply(integer: Int64(place)) } else { output.replyNull() }
      return
    }
    output.reply(arrayOf: places.count)
    for place in places { output.reply(integer: Int64(place)) }
  }
}

private struct PositionOptions {
  var rank: Int64 = 1
  /// Nil asks for one place, zero for all.
  var limit: Int?
  /// How many elements to compare at most; zero is all.
  var longest = 0

  init(_ request: Request) throws {
    var index = 3
    while index < request.count {
      let hasNext = index + 1 < request.count
      if hasNext, request.isWord(index, "RANK") {
        rank = try request.integer(index + 1)
        guard rank != 0 else {
          throw Refusal.text(
            """
            ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative \
            to start from the end of the list
            """)
        }
      } else if hasNext, request.isWord(index, "COUNT") {
        limit = try request.natural(index + 1, or: "ERR COUNT can't be negative")
      } else if hasNext, request.isWord(index, "MAXLEN") {
        longest = try request.natural(index + 1, or: "ERR MAXLEN can't be negative")
      } else {
        throw Refusal.syntax
      }
      index += 2
    }
  }
}
