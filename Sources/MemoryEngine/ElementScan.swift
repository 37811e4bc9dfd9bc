/// `HSCAN`, `SSCAN` and `ZSCAN`. Small values are answered whole, as Redis does it. In large ones the cursor
/// counts down through a dense array, where the last element takes the place of one that goes: an element
/// that is there all the while is met.
struct ElementScan {
  private let cursor: UInt64
  private var limit: Int64 = 10
  private var pattern: [UInt8]?

  static func cursor(_ request: Request) throws -> UInt64 {
    guard let cursor = IntegerText.parseCursor(request[2].span) else {
      throw Refusal.text("ERR invalid cursor")
    }
    return cursor
  }

  static func replyNone(_ output: inout [UInt8]) { output.append(text: "*2\r\n$1\r\n0\r\n*0\r\n") }

  init(_ request: Request, _ cursor: UInt64) throws {
    self.cursor = cursor
    var index = 3
    while index < request.count {
      let hasNext = index + 1 < request.count
      if hasNext, request.isWord(index, "COUNT") {
        limit = try request.integer(index + 1)
        guard limit >= 1 else { throw Refusal.syntax }
      } else if hasNext, request.isWord(index, "MATCH") {
        pattern = request[index + 1]
      } else {
        throw Refusal.syntax
      }
      index += 2
    }
  }

  func matches(_ element: [UInt8]) -> Bool {
    guard let pattern else { return true }
    return (pattern.count == 1 && pattern[0] == UInt8(ascii: "*"))
      || GlobPattern.matches(pattern.span, element.span)
  }

  /// - Parameters:
  ///   - isWhole: whether the value is small, so that all of it is answered in its order.
  ///   - perElement: the lines of one element.
  ///   - append: appends an element with a number, or says that the pattern does not match it.
  func reply(
    count: Int, isWhole: Bool, perElement: Int, _ output: inout [UInt8],
    _ append: (Int, inout [UInt8]) -> Bool
  ) {
    var found: [UInt8] = []
    var listed = 0
    var next = 0
    if isWhole {
      for index in 0..<count where append(index, &found) { listed += 1 }
    } else {
      next = cursor == 0 ? count : min(count, Int(clamping: cursor))
      let end = limit >= Int64(next) ? 0 : next - Int(limit)
      while next > end {
        next -= 1
        if append(next, &found) { listed += 1 }
      }
    }
    output.reply(arrayOf: 2)
    output.reply(bulkDecimal: Int64(next))
    output.reply(arrayOf: listed * perElement)
    output.append(contentsOf: found)
  }
}

/// The count of `HRANDFIELD`, `SRANDMEMBER` and `ZRANDMEMBER`.
struct RandomPick {
  /// Nil asks for one element, not in an array.
  var limit: Int?
  /// Whether values or scores are asked for too.
  var isDouble = false

  init(_ request: Request, _ option: StaticString) throws {
    guard request.count > 2 else { return }
    let limit = try request.signedCount(2)
    guard request.count <= 4, request.count == 3 || request.isWord(3, option) else { throw Refusal.syntax }
    isDouble = request.count == 4
    guard !isDouble || limit.magnitude <= UInt(Int.max / 2) else {
      throw Refusal.text("ERR value is out of range")
    }
    self.limit = limit
  }

  func replyNone(_ output: inout [UInt8]) {
    if limit == nil { output.replyNull() } else { output.reply(arrayOf: 0) }
  }
}
