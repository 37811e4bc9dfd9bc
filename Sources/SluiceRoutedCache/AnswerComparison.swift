import Figures
import Foundation
import SluiceCache

/// What two answers to one read have in common (design, section 6).
enum AnswerComparison {
  enum Verdict: Equatable {
    case identical
    /// Other answers that mean the same: 1 and 1.0, two times to live that lie no further apart than rounding.
    case equivalent
    case different(DivergenceKind)
    /// One of the stacks could not be asked: nothing is known, and nothing is claimed.
    case unknown
  }

  /// How far two times to live may lie apart: Redis answers whole seconds, and two questions are not one moment.
  static let tolerance = Duration.seconds(2)

  static func verdict(legacy: Reading.Answer, new: Reading.Answer) -> Verdict {
    switch (legacy, new) {
    case (.failed, _), (_, .failed): return .unknown
    case let (legacy, new) where legacy == new: return .identical
    case (.value(nil), .value): return .different(.missingInLegacy)
    case (.value, .value(nil)): return .different(.missingInNew)
    case (.value(let legacy?), .value(let new?)):
      if legacy.means(new) { return .equivalent }
      return .different(legacy.typeName == new.typeName ? .value : .type)
    case (.exists(let inLegacy), .exists): return .different(inLegacy ? .missingInNew : .missingInLegacy)
    case (.ttl(let legacy?), .ttl(let new?)):
      return max(legacy, new) - min(legacy, new) <= tolerance ? .equivalent : .different(.ttl)
    case (.ttl, .ttl): return .different(.ttl)
    default: return .different(.type)
    }
  }
}

extension CacheValue {
  /// Whether both say the same in JSON: numbers are numbers, however they are held.
  fileprivate func means(_ other: CacheValue) -> Bool {
    switch (self, other) {
    case (.int(let whole), .double(let number)), (.double(let number), .int(let whole)):
      return Int(exactly: number) == whole
    case (.array(let left), .array(let right)):
      return left.count == right.count && zip(left, right).allSatisfy { $0.means($1) }
    case (.object(let left), .object(let right)):
      return left.count == right.count
        && left.allSatisfy { name, value in right[name].map { value.means($0) } ?? false }
    default: return self == other
    }
  }

  fileprivate var typeName: String {
    switch self {
    case .null: "null"
    case .bool: "bool"
    case .int, .double: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }

  /// Bytes that are equal for equal values, for digests: members in the order of their names.
  func evidence(into bytes: inout [UInt8]) {
    switch self {
    case .null: bytes += Array("null".utf8)
    case .bool(let value): bytes += Array("\(value)".utf8)
    case .int(let value): bytes += Array("\(value)".utf8)
    case .double(let value): bytes += Array("\(value)".utf8)
    case .string(let text):
      bytes += [0x22] + Array(text.utf8) + [0x22]
    case .array(let elements):
      bytes.append(0x5b)
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(0x2c) }
        element.evidence(into: &bytes)
      }
      bytes.append(0x5d)
    case .object(let members):
      bytes.append(0x7b)
      for (index, name) in members.keys.sorted().enumerated() {
        if index > 0 { bytes.append(0x2c) }
        CacheValue.string(name).evidence(into: &bytes)
        bytes.append(0x3a)
        members[name]?.evidence(into: &bytes)
      }
      bytes.append(0x7d)
    }
  }
}

extension Reading.Answer {
  /// Whether a read found something; for the count of hits.
  var isHit: Bool {
    switch self {
    case .value(let value): value != nil
    case .exists(let isThere): isThere
    case .ttl(let time): time != nil
    case .failed: false
    }
  }

  /// What the ledger keeps a digest of; nil if there was no answer.
  var evidence: [UInt8]? {
    var bytes: [UInt8] = []
    switch self {
    case .value(nil), .ttl(nil): bytes = Array("nil".utf8)
    case .value(let value?): value.evidence(into: &bytes)
    case .exists(let isThere): bytes = Array("\(isThere)".utf8)
    case .ttl(let time?): bytes = Array("\(time / .milliseconds(1))".utf8)
    case .failed: return nil
    }
    return bytes
  }
}
