import SluiceRESP

/// Whether two replies of RESP3 that are not the same bytes say the same: a number however it is spelled, a list that one server
/// calls a set or a map, a text that one calls verbatim.
///
/// What RESP2 has types for must be of the same type, as ever.
enum ReplyMeaning {
  static func areOfOneKind(_ one: UInt8, _ other: UInt8) -> Bool {
    guard one != other else { return true }
    let isNewer = newer.contains(one) || newer.contains(other)
    return isNewer && kind(of: one) == kind(of: other)
  }

  static func isSame(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Bool {
    if areSameBytes(one, other) { return true }
    guard one.count > 0, other.count > 0, areOfOneKind(one[0], other[0]) else { return false }
    switch kind(of: one[0]) {
    case .aggregate:
      guard let left = ReplyReader.elements(of: one), let right = ReplyReader.elements(of: other),
        left.count == right.count
      else { return false }
      return left.indices.allSatisfy { isSame(one.extracting(left[$0]), other.extracting(right[$0])) }
    case .text, .number:
      guard newer.contains(one[0]) || newer.contains(other[0]) else { return false }
      guard let left = content(of: one), let right = content(of: other) else { return false }
      if left == right { return true }
      guard one[0] == UInt8(ascii: ",") || other[0] == UInt8(ascii: ",") else { return false }
      guard let first = Double(left), let second = Double(right) else { return false }
      return first == second || (first.isNaN && second.isNaN)
    case .null: return ReplyReader.isNull(one) && ReplyReader.isNull(other)
    case .other: return false
    }
  }

  private enum Kind { case aggregate, text, number, null, other }

  private static let newer = Set("_,#(=~%".utf8)

  private static func kind(of type: UInt8) -> Kind {
    switch type {
    case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: "%"): .aggregate
    case UInt8(ascii: "$"), UInt8(ascii: "+"), UInt8(ascii: "="): .text
    case UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "#"), UInt8(ascii: "("): .number
    case UInt8(ascii: "_"): .null
    default: .other
    }
  }

  /// A number's digits, a text's bytes; `1` and `0` for a boolean.
  private static func content(of reply: Span<UInt8>) -> String? {
    if reply[0] == UInt8(ascii: "#") { return reply.count > 1 && reply[1] == UInt8(ascii: "t") ? "1" : "0" }
    let place: Range<Int>
    if kind(of: reply[0]) == .number {
      guard reply.count > 3 else { return nil }
      place = 1..<reply.count - 2
    } else {
      guard let text = ReplyReader.string(reply) else { return nil }
      place = text
    }
    return reply.extracting(place).withUnsafeBufferPointer { String(validating: $0, as: UTF8.self) }
  }

  private static func areSameBytes(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Bool {
    one.count == other.count && one.indices.allSatisfy { one[$0] == other[$0] }
  }
}
