import Foundation
import SluiceCache
import SluiceFigures

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

  /// - Parameter apart: the most time between the two questions.
  static func verdict(
    legacy: Reading.Answer, new: Reading.Answer, apart: Duration = .zero
  ) -> Verdict {
    switch (legacy, new) {
    case (.failed, _), (_, .failed): return .unknown
    case (.value(let legacy?), .value(let new?)): return verdict(legacy, new)
    case (let legacy, let new) where legacy == new: return .identical
    case (.value(nil), .value): return .different(.missingInLegacy)
    case (.value, .value(nil)): return .different(.missingInNew)
    case (.exists(let inLegacy), .exists): return .different(inLegacy ? .missingInNew : .missingInLegacy)
    case (.ttl(let legacy?), .ttl(let new?)):
      return max(legacy, new) - min(legacy, new) <= tolerance + apart ? .equivalent : .different(.ttl)
    case (.ttl, .ttl): return .different(.ttl)
    default: return .different(.type)
    }
  }

  /// By their bytes: Swift takes texts that look alike for equal, and NaN for different from itself.
  private static func verdict(_ legacy: CacheValue, _ new: CacheValue) -> Verdict {
    if legacy.jsonBytes == new.jsonBytes { return .identical }
    if legacy.withWholeNumbers.jsonBytes == new.withWholeNumbers.jsonBytes { return .equivalent }
    return .different(legacy.typeName == new.typeName ? .value : .type)
  }
}

extension CacheValue {
  /// What JSON says: a number is a number, however it is held.
  fileprivate var withWholeNumbers: CacheValue {
    switch self {
    case .double(let number): Int(exactly: number).map(CacheValue.int) ?? self
    case .array(let elements): .array(elements.map(\.withWholeNumbers))
    case .object(let members): .object(members.mapValues(\.withWholeNumbers))
    case .null, .bool, .int, .string: self
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
    switch self {
    case .value(nil), .ttl(nil): Array("nil".utf8)
    case .value(let value?): value.jsonBytes
    case .exists(let isThere): Array("\(isThere)".utf8)
    case .ttl(let time?): Array("\(time / .milliseconds(1))".utf8)
    case .failed: nil
    }
  }
}
