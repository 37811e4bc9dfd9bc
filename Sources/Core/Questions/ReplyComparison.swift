import SluiceCommands
import SluiceFigures
import SluiceRESP

/// What two replies to one read have in common (design, section 6).
struct ReplyComparison {
  enum Verdict: Equatable {
    /// The same bytes.
    case identical
    /// Other bytes that mean the same by the command's class.
    case equivalent
    /// Another answer; `offset` is the first byte that differs.
    case different(DivergenceKind, offset: Int)
  }

  private let spec: CommandSpec
  private let hasScores: Bool
  private let tolerance: Int
  private let waited: Int
  private let clockShift: Int
  private let legacy: [UInt8]
  private let new: [UInt8]

  /// - Parameters:
  ///   - hasScores: the command asked for scores beside the members.
  ///   - tolerance: how far two times may lie apart, in milliseconds.
  ///   - waited: milliseconds that may lie between the two answers.
  ///   - clockShift: how much later new says a time of day than legacy, in milliseconds.
  init(
    _ spec: CommandSpec, hasScores: Bool = false, tolerance: Int, waited: Int = 0, clockShift: Int = 0,
    legacy: [UInt8], new: [UInt8]
  ) {
    self.spec = spec
    self.hasScores = hasScores
    self.tolerance = tolerance
    self.waited = waited
    self.clockShift = clockShift
    self.legacy = legacy
    self.new = new
  }

  var verdict: Verdict {
    let offset = Self.firstDifference(legacy.span, new.span)
    if offset == legacy.count && offset == new.count { return .identical }
    guard legacy.count > 0, new.count > 0 else { return .different(.value, offset: offset) }
    switch (Self.isError(legacy.span), Self.isError(new.span)) {
    case (true, true):
      return legacy[ErrorWord.range(in: legacy.span)] == new[ErrorWord.range(in: new.span)]
        ? .equivalent : .different(kindOfErrors, offset: offset)
    case (true, false):
      return .different(
        ErrorWord(of: legacy.span) == .wrongType ? .type : .errorInLegacy, offset: offset)
    case (false, true):
      return .different(ErrorWord(of: new.span) == .wrongType ? .type : .errorInNew, offset: offset)
    case (false, false): break
    }
    switch (Self.isMissing(legacy.span), Self.isMissing(new.span)) {
    case (true, true): return .equivalent
    case (true, false): return .different(.missingInLegacy, offset: offset)
    case (false, true): return .different(.missingInNew, offset: offset)
    case (false, false): break
    }
    guard ReplyMeaning.areOfOneKind(legacy[0], new[0]) else { return .different(.type, offset: offset) }
    return byClass(offset)
  }

  private func byClass(_ offset: Int) -> Verdict {
    switch spec.comparison {
    case .exact, .never:
      ReplyMeaning.isSame(legacy.span, new.span) ? .equivalent : .different(gaps ?? .value, offset: offset)
    case .unordered: sameElements(width: 1) ? .equivalent : .different(.value, offset: offset)
    case .unorderedPairs: sameElements(width: 2) ? .equivalent : .different(.value, offset: offset)
    case .numbers: Self.sameNumbers(legacy.span, new.span) ? .equivalent : .different(.value, offset: offset)
    case .scores: sameScores ? .equivalent : .different(.value, offset: offset)
    case .typeName: .different(.type, offset: offset)
    case .tolerance: times(offset)
    case .groups: sameGroups ? .equivalent : .different(.value, offset: offset)
    }
  }

  /// Where a difference lies, and of which kind it is by what is known of the keys; nil if an expiry explains it.
  ///
  /// A reply alone cannot say that a *key* is missing: a hash without the field, or no hash? `0` of nothing, or of a set
  /// that lacks the member?
  func place(of kind: DivergenceKind, _ lifetimes: KeyLifetimes, edge: Int) -> (
    kind: DivergenceKind, key: Int
  )? {
    // What a stack in trouble says is not about a key. What it says about the command's own words may well be: some are looked at
    // only where the key is there (`BITCOUNT k a b`).
    if kind == .errorInNew || kind == .errorInLegacy {
      let refusal = kind == .errorInNew ? new : legacy
      guard ErrorWord(of: refusal.span).isAboutData else { return (kind, 0) }
    }
    if spec.split == .values, let differing = differingElements {
      guard let first = differing.first(where: { !lifetimes.isAtEdge($0, edge: edge) }) else { return nil }
      // A value that is missing although its key is there: the key holds something else than a string.
      let isType =
        lifetimes.isKnown
        && (kind == .missingInNew && !lifetimes.isMissingInNew
          || kind == .missingInLegacy && !lifetimes.isMissingInLegacy)
      return (isType ? .type : kind, first)
    }
    if lifetimes.legacy.indices.contains(where: { lifetimes.isAtEdge($0, edge: edge) }) { return nil }
    let key = lifetimes.firstMissing ?? 0
    switch (lifetimes.isMissingInLegacy, lifetimes.isMissingInNew) {
    case (true, false): return (.missingInLegacy, key)
    case (false, true): return (.missingInNew, key)
    case (true, true): return (.value, key)
    case (false, false):
      let isMissing = kind == .missingInNew || kind == .missingInLegacy
      return (isMissing && lifetimes.isKnown && !keysAreGone(lifetimes) ? .value : kind, key)
    }
  }

  /// No stack has any of the keys any more: they went while they were asked for.
  private func keysAreGone(_ lifetimes: KeyLifetimes) -> Bool { lifetimes.legacy.allSatisfy { $0 == -2 } }

  // MARK: Kinds

  /// Both refused, for other reasons: whose reason is about the data says that the other stack is in trouble.
  private var kindOfErrors: DivergenceKind {
    let (one, other) = (ErrorWord(of: legacy.span), ErrorWord(of: new.span))
    return switch (one.isAboutData, other.isAboutData) {
    case (true, true): one == .wrongType || other == .wrongType ? .type : .value
    case (false, true): .errorInLegacy
    case (true, false), (false, false): .errorInNew
    }
  }

  /// The elements of two arrays that are not the same; nil for anything else.
  private var differingElements: [Int]? {
    guard let left = ReplyReader.elements(of: legacy.span), let right = ReplyReader.elements(of: new.span),
      left.count == right.count
    else { return nil }
    return left.indices.filter {
      !Self.isSame(legacy.span.extracting(left[$0]), new.span.extracting(right[$0]))
    }
  }

  /// For two arrays that differ only in elements which one side does not have (`MGET` of a cold stack): which side.
  private var gaps: DivergenceKind? {
    guard let differing = differingElements, let left = ReplyReader.elements(of: legacy.span),
      let right = ReplyReader.elements(of: new.span)
    else { return nil }
    var missing: DivergenceKind?
    for index in differing {
      let kind: DivergenceKind
      switch (
        ReplyReader.isNull(legacy.span.extracting(left[index])),
        ReplyReader.isNull(new.span.extracting(right[index]))
      ) {
      case (false, true): kind = .missingInNew
      case (true, false): kind = .missingInLegacy
      default: return nil
      }
      guard missing == nil || missing == kind else { return nil }
      missing = kind
    }
    return missing
  }

  // MARK: Classes

  /// `-1` (no expiry) against a time is a difference, however small; `-2` is a missing key.
  private func times(_ offset: Int) -> Verdict {
    if let left = ReplyReader.elements(of: legacy.span), let right = ReplyReader.elements(of: new.span) {
      guard left.count == right.count else { return .different(.value, offset: offset) }
      return left.indices.allSatisfy { sameFieldTime(left[$0], right[$0]) }
        ? .equivalent : .different(.ttl, offset: offset)
    }
    guard let left = ReplyReader.integer(legacy.span), let right = ReplyReader.integer(new.span) else {
      return .different(.ttl, offset: offset)
    }
    switch (left, right) {
    case (-2, _): return .different(.missingInLegacy, offset: offset)
    case (_, -2): return .different(.missingInNew, offset: offset)
    case (-1, _), (_, -1): return .different(.ttl, offset: offset)
    default: return areNear(left, right) ? .equivalent : .different(.ttl, offset: offset)
    }
  }

  /// Of a field: -2 is no such field, and one that has just expired had little time left.
  private func sameFieldTime(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
    guard let one = ReplyReader.integer(legacy.span.extracting(left)),
      let other = ReplyReader.integer(new.span.extracting(right))
    else { return false }
    if one == other { return true }
    if one < 0 || other < 0 {
      return min(one, other) == -2 && !isAbsolute && (0...allowedDistance).contains(max(one, other))
    }
    return areNear(one, other)
  }

  private func areNear(_ legacy: Int, _ new: Int) -> Bool {
    let isInSeconds = !unit.hasPrefix("P")
    let (moved, isBeyond) = new.subtractingReportingOverflow(
      isAbsolute ? (isInSeconds ? clockShift / 1000 : clockShift) : 0)
    let (distance, isTooFar) = max(legacy, moved).subtractingReportingOverflow(min(legacy, moved))
    return !isBeyond && !isTooFar && distance <= allowedDistance
  }

  private var isAbsolute: Bool { spec.name.hasSuffix("EXPIRETIME") }

  /// `PTTL` of `HPTTL`.
  private var unit: Substring { spec.name.hasPrefix("H") ? spec.name.dropFirst() : spec.name[...] }

  /// In the command's unit. Seconds are rounded by the server, so that one more or less says nothing.
  private var allowedDistance: Int {
    let milliseconds = max(0, tolerance) &+ (isAbsolute ? 0 : max(0, waited))
    return unit.hasPrefix("P")
      ? milliseconds : max(1, milliseconds / 1000 + (milliseconds % 1000 > 0 ? 1 : 0))
  }

  /// Servers up to 6.2 do not tell how far a group is behind, and later ones count it differently behind a trim.
  private var sameGroups: Bool {
    guard let left = Self.groups(legacy.span), let right = Self.groups(new.span), left.count == right.count
    else {
      return false
    }
    return zip(left, right).allSatisfy { one, other in
      Set(one.keys).intersection(other.keys).subtracting(Self.countedOtherwise).allSatisfy {
        one[$0] == other[$0]
      }
    }
  }

  private static let countedOtherwise: Set<[UInt8]> = [Array("lag".utf8), Array("entries-read".utf8)]

  private static func groups(_ reply: Span<UInt8>) -> [[[UInt8]: [UInt8]]]? {
    ReplyReader.elements(of: reply)?.map { place in
      let group = reply.extracting(place)
      let parts = ReplyReader.elements(of: group) ?? []
      var fields: [[UInt8]: [UInt8]] = [:]
      for index in stride(from: 0, to: parts.count - 1, by: 2) {
        let name = group.extracting(parts[index])
        guard let text = ReplyReader.string(name) else { continue }
        let key = name.extracting(text).withUnsafeBufferPointer { Array($0) }
        fields[key] = group.extracting(parts[index + 1]).withUnsafeBufferPointer { Array($0) }
      }
      return fields
    }
  }

  private func sameElements(width: Int) -> Bool {
    guard legacy.count == new.count, let left = ReplyReader.elements(of: legacy.span),
      let right = ReplyReader.elements(of: new.span), left.count == right.count, left.count % width == 0
    else { return false }
    return Self.sorted(legacy.span, left, width) == Self.sorted(new.span, right, width)
  }

  private static func sorted(_ reply: Span<UInt8>, _ elements: [Range<Int>], _ width: Int) -> [[UInt8]] {
    stride(from: 0, to: elements.count, by: width).map { first in
      let whole = elements[first].lowerBound..<elements[first + width - 1].upperBound
      return reply.extracting(whole).withUnsafeBufferPointer { Array($0) }
    }.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// Members are what they are; beside them stand numbers: every second element where scores were asked for, and all but the
  /// first of a nested one (`GEOSEARCH … WITHCOORD`).
  private var sameScores: Bool {
    guard let left = ReplyReader.elements(of: legacy.span), let right = ReplyReader.elements(of: new.span),
      left.count == right.count
    else { return false }
    for index in left.indices {
      let (one, other) = (legacy.span.extracting(left[index]), new.span.extracting(right[index]))
      if Self.isSame(one, other) { continue }
      if let inner = ReplyReader.elements(of: one), let outer = ReplyReader.elements(of: other) {
        guard let member = inner.first, let twin = outer.first,
          Self.isSame(one.extracting(member), other.extracting(twin)), Self.sameNumbers(one, other)
        else { return false }
      } else {
        guard hasScores, index % 2 == 1, Self.sameNumbers(one, other) else { return false }
      }
    }
    return true
  }

  /// The same but for the spelling of numbers: `1` and `1.0`, `1e3` and `1000`, `inf` and `Infinity`.
  private static func sameNumbers(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Bool {
    if isSame(one, other) { return true }
    if let left = ReplyReader.elements(of: one), let right = ReplyReader.elements(of: other) {
      guard left.count == right.count else { return false }
      return left.indices.allSatisfy { sameNumbers(one.extracting(left[$0]), other.extracting(right[$0])) }
    }
    guard let left = number(one), let right = number(other) else { return false }
    return left == right || (left.isNaN && right.isNaN)
  }

  private static func number(_ reply: Span<UInt8>) -> Double? {
    guard let range = ReplyReader.string(reply) ?? ReplyReader.decimal(reply), range.count < 128 else {
      return nil
    }
    return Double(reply.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
  }

  // MARK: Bytes

  private static func firstDifference(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Int {
    let shorter = min(left.count, right.count)
    var index = 0
    while index < shorter, left[index] == right[index] { index += 1 }
    return index
  }

  private static func isSame(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    left.count == right.count && firstDifference(left, right) == left.count
  }

  private static func isError(_ reply: Span<UInt8>) -> Bool { reply[0] == UInt8(ascii: "-") }

  /// Null, or an aggregate without elements: what a read of a key that is not there answers.
  private static func isMissing(_ reply: Span<UInt8>) -> Bool {
    ReplyReader.isNull(reply) || ReplyReader.isEmptyAggregate(reply)
  }
}
