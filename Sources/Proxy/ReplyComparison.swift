import Commands
import Figures
import RESP

/// What two replies to one read have in common (design, section 6).
enum ReplyComparison {
  enum Verdict: Equatable {
    /// The same bytes.
    case identical
    /// Other bytes that mean the same by the command's class.
    case equivalent
    /// Another answer; `offset` is the first byte that differs.
    case different(DivergenceKind, offset: Int)
  }

  /// - Parameter tolerance: how far two times may lie apart, in the command's unit.
  static func verdict(_ comparison: Comparison, tolerance: Int, legacy: Span<UInt8>, new: Span<UInt8>)
    -> Verdict
  {
    let offset = firstDifference(legacy, new)
    if offset == legacy.count && offset == new.count { return .identical }
    switch (isError(legacy), isError(new)) {
    case (true, true):
      return codeWord(legacy) == codeWord(new) ? .equivalent : .different(.value, offset: offset)
    case (true, false): return .different(isWrongType(legacy) ? .type : .errorInLegacy, offset: offset)
    case (false, true): return .different(isWrongType(new) ? .type : .errorInNew, offset: offset)
    case (false, false): break
    }
    switch (isMissing(legacy), isMissing(new)) {
    case (true, true): return .equivalent
    case (true, false): return .different(.missingInLegacy, offset: offset)
    case (false, true): return .different(.missingInNew, offset: offset)
    case (false, false): break
    }
    if legacy[0] != new[0] { return .different(.type, offset: offset) }
    switch comparison {
    case .exact, .never:
      return .different(gaps(legacy, new) ?? .value, offset: offset)
    case .unordered:
      return sameElements(legacy, new, width: 1) ? .equivalent : .different(.value, offset: offset)
    case .unorderedPairs:
      return sameElements(legacy, new, width: 2) ? .equivalent : .different(.value, offset: offset)
    case .tolerance:
      return times(legacy, new, tolerance, offset: offset)
    }
  }

  /// For two arrays that differ only in elements which one side does not have (`MGET` of a cold stack): which side.
  private static func gaps(_ legacy: Span<UInt8>, _ new: Span<UInt8>) -> DivergenceKind? {
    guard let left = ReplyReader.elements(of: legacy), let right = ReplyReader.elements(of: new),
      left.count == right.count
    else { return nil }
    var missing: DivergenceKind?
    for (one, other) in zip(left, right) {
      let (one, other) = (legacy.extracting(one), new.extracting(other))
      if firstDifference(one, other) == one.count, one.count == other.count { continue }
      let kind: DivergenceKind
      switch (ReplyReader.isNull(one), ReplyReader.isNull(other)) {
      case (false, true): kind = .missingInNew
      case (true, false): kind = .missingInLegacy
      default: return nil
      }
      guard missing == nil || missing == kind else { return nil }
      missing = kind
    }
    return missing
  }

  /// `-1` (no expiry) against a time is a difference, however small; `-2` is a missing key.
  private static func times(_ legacy: Span<UInt8>, _ new: Span<UInt8>, _ tolerance: Int, offset: Int)
    -> Verdict
  {
    guard let left = ReplyReader.integer(legacy), let right = ReplyReader.integer(new) else {
      return .different(.ttl, offset: offset)
    }
    switch (left, right) {
    case (-2, _): return .different(.missingInLegacy, offset: offset)
    case (_, -2): return .different(.missingInNew, offset: offset)
    case (-1, _), (_, -1): return .different(.ttl, offset: offset)
    default:
      let (distance, isTooFar) = max(left, right).subtractingReportingOverflow(min(left, right))
      return !isTooFar && distance <= tolerance ? .equivalent : .different(.ttl, offset: offset)
    }
  }

  private static func sameElements(_ legacy: Span<UInt8>, _ new: Span<UInt8>, width: Int) -> Bool {
    guard legacy.count == new.count, let left = ReplyReader.elements(of: legacy),
      let right = ReplyReader.elements(of: new), left.count == right.count, left.count % width == 0
    else { return false }
    return sorted(legacy, left, width) == sorted(new, right, width)
  }

  private static func sorted(_ reply: Span<UInt8>, _ elements: [Range<Int>], _ width: Int) -> [[UInt8]] {
    stride(from: 0, to: elements.count, by: width).map { first in
      let whole = elements[first].lowerBound..<elements[first + width - 1].upperBound
      return reply.extracting(whole).withUnsafeBufferPointer { Array($0) }
    }.sorted { $0.lexicographicallyPrecedes($1) }
  }

  private static func firstDifference(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Int {
    let shorter = min(left.count, right.count)
    var index = 0
    while index < shorter, left[index] == right[index] { index += 1 }
    return index
  }

  private static func isError(_ reply: Span<UInt8>) -> Bool { reply[0] == UInt8(ascii: "-") }

  /// Null, or an aggregate without elements: what a read of a key that is not there answers.
  private static func isMissing(_ reply: Span<UInt8>) -> Bool {
    ReplyReader.isNull(reply)
      || (reply.count == 4 && reply[1] == UInt8(ascii: "0") && reply[0] != UInt8(ascii: ":"))
  }

  /// One side holds the key as something else: that is about the data, not about a stack in trouble.
  private static func isWrongType(_ error: Span<UInt8>) -> Bool { codeWord(error) == Array("WRONGTYPE".utf8) }

  private static func codeWord(_ error: Span<UInt8>) -> [UInt8] {
    var end = 1
    while end < error.count, error[end] != 0x20, error[end] != 0x0d { end += 1 }
    return error.extracting(1..<end).withUnsafeBufferPointer { Array($0) }
  }
}
