/// The options of an AI operation, which are part of the key of its response.
///
/// The key holds a hash of what Python's `str()` makes of them: the options themselves sorted by name, objects inside of them in
/// the order in which they were written. A literal keeps that order:
///
///     cache.cachedResponse(text: text, operation: "qa", options: ["model": ["name": "m", "temperature": 0.5]])
///
/// What comes from a Swift dictionary has none: its inner objects are sorted by name.
public struct AIOptions: Sendable, ExpressibleByDictionaryLiteral {
  let values: [String: AIOption]

  /// The last value of a name counts.
  public init(dictionaryLiteral elements: (String, AIOption)...) {
    values = Dictionary(elements) { _, last in last }
  }

  /// Objects inside of the options are sorted by name.
  public init(_ options: [String: CacheValue]) {
    values = options.mapValues { AIOption($0) }
  }

  /// No options.
  public var isEmpty: Bool { values.isEmpty }
}

/// One option, or a part of one.
public enum AIOption: Sendable {
  /// Anything but an array or an object.
  case scalar(CacheValue)
  case array([AIOption])
  /// In this order; each name once.
  case object([(name: String, value: AIOption)])

  /// Objects are sorted by name.
  public init(_ value: CacheValue) {
    self =
      switch value {
      case .array(let elements): .array(elements.map { AIOption($0) })
      case .object(let members):
        .object(members.keys.sortedByCodePoint().map { ($0, AIOption(members[$0] ?? .null)) })
      default: .scalar(value)
      }
  }
}

extension AIOption: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  public init(nilLiteral: ()) { self = .scalar(.null) }
  public init(booleanLiteral value: Bool) { self = .scalar(.bool(value)) }
  public init(integerLiteral value: Int) { self = .scalar(.int(value)) }
  public init(floatLiteral value: Double) { self = .scalar(.double(value)) }
  public init(stringLiteral value: String) { self = .scalar(.string(value)) }
  public init(arrayLiteral elements: AIOption...) { self = .array(elements) }

  /// As in Python, a name that comes again keeps its place and takes the last value.
  public init(dictionaryLiteral elements: (String, AIOption)...) {
    var members: [(name: String, value: AIOption)] = []
    for (name, value) in elements {
      if let index = members.firstIndex(where: { $0.name == name }) {
        members[index].value = value
      } else {
        members.append((name, value))
      }
    }
    self = .object(members)
  }
}
