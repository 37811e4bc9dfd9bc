/// `SORT` without patterns, and `LCS`.
extension Command {
  static let sorting: [Command] = [
    Command("sort", -2) { try $0.sort($1, canStore: true, &$2) },
    Command("sort_ro", -2) { try $0.sort($1, canStore: false, &$2) },
    Command("lcs", -3) { try $0.lcs($1, &$2) },
  ]
}

extension MemoryEngine {
  mutating func sort(_ request: Request, canStore: Bool, _ output: inout [UInt8]) throws {
    let options = try SortOptions(request, canStore: canStore)
    var elements: [[UInt8]] = []
    var isInOrder = options.keepsOrder
    if let slot = read(request[1].span) {
      switch store.slots[slot].collection {
      case let list as ListValue: list.elements.walk { elements.append($0) }
      case let set as SetValue:
        elements = set.members
        // A set has no order of its own: Redis sorts it for a result that is stored.
        if options.target != nil { isInOrder = false }
      case let set as SortedSetValue:
        set.unpack()
        elements = set.elements(0..<set.count, backwards: options.isDescending).map(\.member)
      default: throw Refusal.wrongType
      }
    }
    if !isInOrder {
      if options.isByText || options.keepsOrder {
        elements.sort { $0.lexicographicallyPrecedes($1) }
      } else {
        var numbers: [(value: Double, element: [UInt8])] = []
        for element in elements {
          guard let value = FloatText.parseSortable(element.span) else {
            throw Refusal.text("ERR One or more scores can't be converted into double")
          }
          numbers.append((value, element))
        }
        numbers.sort {
          $0.value < $1.value || ($0.value == $1.value && $0.element.lexicographicallyPrecedes($1.element))
        }
        elements = numbers.map(\.element)
      }
      if options.isDescending { elements.reverse() }
    }
    let result = options.limited(elements)
    guard let target = options.target else { return output.reply(bulks: result) }
    let list = ListValue()
    for element in result { list.push(element, atHead: false) }
    output.reply(integer: Int64(list.count))
    try place(list, at: request[target])
  }

  mutating func lcs(_ request: Request, _ output: inout [UInt8]) throws {
    let (left, right) = (try stringOrRefuse(request[1]), try stringOrRefuse(request[2]))
    let options = try CommonOptions(request)
    // The table has a cell of four bytes for each pair of bytes.
    let (cells, overflow) = (left.count + 1).multipliedReportingOverflow(by: right.count + 1)
    guard !overflow, cells <= 1 << 28 else {
      throw Refusal.text("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len")
    }
    let common = CommonSequence(left, right)
    if options.onlyLength { return output.reply(integer: Int64(common.length)) }
    guard options.placesToo else { return output.reply(bulk: common.bytes) }
    let matches = common.matches.filter { $0.left.count >= options.shortest }
    output.reply(arrayOf: 4)
    output.reply(bulkText: "matches")
    output.reply(arrayOf: matches.count)
    for match in matches {
      output.reply(arrayOf: options.withLengths ? 3 : 2)
      for range in [match.left, match.right] {
        output.reply(arrayOf: 2)
        output.reply(integer: Int64(range.lowerBound))
        output.reply(integer: Int64(range.upperBound - 1))
      }
      if options.withLengths { output.reply(integer: Int64(match.left.count)) }
    }
    output.reply(bulkText: "len")
    output.reply(integer: Int64(common.length))
  }

  private mutating func stringOrRefuse(_ key: [UInt8]) throws -> [UInt8] {
    guard let slot = read(key.span) else { return [] }
    guard store.slots[slot].collection == nil else {
      throw Refusal.text("ERR The specified keys must contain string values")
    }
    return store.slots[slot].withValue { [UInt8]($0) }
  }
}

private struct SortOptions {
  var isDescending = false
  var isByText = false
  /// `BY` with a constant: nothing is sorted.
  var keepsOrder = false
  var offset: Int64 = 0
  var limit: Int64 = -1
  var target: Int?

  init(_ request: Request, canStore: Bool) throws {
    var index = 2
    while index < request.count {
      let left = request.count - 1 - index
      if request.isWord(index, "ASC") {
        isDescending = false
      } else if request.isWord(index, "DESC") {
        isDescending = true
      } else if request.isWord(index, "ALPHA") {
        isByText = true
      } else if left >= 2, request.isWord(index, "LIMIT") {
        (offset, limit) = (try request.integer(index + 1), try request.integer(index + 2))
        index += 2
      } else if canStore, left >= 1, request.isWord(index, "STORE") {
        target = index + 1
        index += 1
      } else if left >= 1, request.isWord(index, "BY"), !request[index + 1].contains(UInt8(ascii: "*")) {
        keepsOrder = true
        index += 1
      } else if left >= 1, request.isWord(index, "BY") || request.isWord(index, "GET") {
        throw Refusal.text(
          "ERR sluice: the embedded memory engine has no SORT with patterns; use a Redis for this stack")
      } else {
        throw Refusal.syntax
      }
      index += 1
    }
  }

  func limited(_ elements: [[UInt8]]) -> [[UInt8]] {
    let start = min(Int64(elements.count), max(0, offset))
    let rest = Int64(elements.count) - start
    let count = limit < 0 ? rest : min(rest, limit)
    return Array(elements[Int(start)..<Int(start + count)])
  }
}

private struct CommonOptions {
  var onlyLength = false
  var placesToo = false
  var withLengths = false
  var shortest = 0

  init(_ request: Request) throws {
    var index = 3
    while index < request.count {
      if request.isWord(index, "IDX") {
        placesToo = true
      } else if request.isWord(index, "LEN") {
        onlyLength = true
      } else if request.isWord(index, "WITHMATCHLEN") {
        withLengths = true
      } else if index + 1 < request.count, request.isWord(index, "MINMATCHLEN") {
        shortest = Int(max(0, try request.integer(index + 1)))
        index += 1
      } else {
        throw Refusal.syntax
      }
      index += 1
    }
    if placesToo, onlyLength {
      throw Refusal.text("ERR If you want both the length and indexes, please just use IDX.")
    }
  }
}

/// The longest common subsequence of two strings, found as Redis finds it, from the end.
private struct CommonSequence {
  private(set) var bytes: [UInt8] = []
  /// Runs that stand together in both, the last one first.
  private(set) var matches: [(left: Range<Int>, right: Range<Int>)] = []

  var length: Int { bytes.count }

  init(_ left: [UInt8], _ right: [UInt8]) {
    let width = right.count + 1
    var table = [UInt32](repeating: 0, count: (left.count + 1) * width)
    for i in 0..<left.count {
      for j in 0..<right.count {
        let cell = (i + 1) * width + j + 1
        table[cell] =
          left[i] == right[j] ? table[i * width + j] + 1 : max(table[i * width + j + 1], table[cell - 1])
      }
    }
    var (i, j) = (left.count, right.count)
    while i > 0, j > 0 {
      if left[i - 1] == right[j - 1] {
        bytes.append(left[i - 1])
        if let last = matches.last, last.left.lowerBound == i, last.right.lowerBound == j {
          matches[matches.count - 1] = (i - 1..<last.left.upperBound, j - 1..<last.right.upperBound)
        } else {
          matches.append((i - 1..<i, j - 1..<j))
        }
        i -= 1
        j -= 1
      } else if table[(i - 1) * width + j] > table[i * width + j - 1] {
        i -= 1
      } else {
        j -= 1
      }
    }
    bytes.reverse()
  }
}
