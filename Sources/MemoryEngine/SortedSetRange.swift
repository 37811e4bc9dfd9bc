/// The part of a sorted set that a command speaks of.
enum SortedSetRange {
  case ranks(Int64, Int64, backwards: Bool)
  case scores(min: ScoreBound, max: ScoreBound)
  case words(min: WordBound, max: WordBound)

  struct ScoreBound {
    let value: Double
    let isExclusive: Bool

    /// `(` in front leaves the bound itself out.
    init(_ text: [UInt8]) throws {
      isExclusive = text.first == UInt8(ascii: "(")
      guard let value = FloatText.parseBound(text.span.extracting((isExclusive ? 1 : 0)..<text.count)) else {
        throw Refusal.text("ERR min or max is not a float")
      }
      self.value = value
    }
  }

  enum WordBound {
    case least, most
    case word([UInt8], isExclusive: Bool)

    init(_ text: [UInt8]) throws {
      switch text.first {
      case UInt8(ascii: "-") where text.count == 1: self = .least
      case UInt8(ascii: "+") where text.count == 1: self = .most
      case UInt8(ascii: "["): self = .word(Array(text[1...]), isExclusive: false)
      case UInt8(ascii: "("): self = .word(Array(text[1...]), isExclusive: true)
      default: throw Refusal.text("ERR min or max not valid string range item")
      }
    }
  }

  /// The numbers of the elements in the range.
  func numbers(in set: SortedSetValue) -> Range<Int> {
    switch self {
    case .ranks(let start, let end, let backwards):
      let range = MemoryEngine.range(start, end, count: set.count)
      return backwards && !range.isEmpty ? set.count - range.upperBound..<set.count - range.lowerBound : range
    case .scores(let min, let max):
      let start = set.order.partition { min.isExclusive ? $0.score <= min.value : $0.score < min.value }
      let end = set.order.partition { max.isExclusive ? $0.score < max.value : $0.score <= max.value }
      return range(start, end, in: set)
    case .words(let min, let max):
      let start = set.order.partition {
        switch min {
        case .least: false
        case .most: true
        case .word(let word, let isExclusive):
          isExclusive ? !word.lexicographicallyPrecedes($0.member) : $0.member.lexicographicallyPrecedes(word)
        }
      }
      let end = set.order.partition {
        switch max {
        case .least: false
        case .most: true
        case .word(let word, let isExclusive):
          isExclusive ? $0.member.lexicographicallyPrecedes(word) : !word.lexicographicallyPrecedes($0.member)
        }
      }
      return range(start, end, in: set)
    }
  }

  private func range(
    _ start: ChunkedArray<SortedSetValue.Element>.Position,
    _ end: ChunkedArray<SortedSetValue.Element>.Position,
    in set: SortedSetValue
  ) -> Range<Int> {
    let (first, last) = (set.order.number(start), set.order.number(end))
    return first < last ? first..<last : 0..<0
  }
}
