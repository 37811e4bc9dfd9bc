/// Looking inside of a value without unpacking its cases.
extension CacheValue {
  /// The text of a string; nil for everything else.
  public var string: String? { if case .string(let text) = self { text } else { nil } }

  /// A truth value; nil for everything else.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// A whole number, also one that was written as a float and has no fraction; nil for everything else.
  public var int: Int? {
    switch self {
    case .int(let number): number
    case .double(let number): Int(exactly: number)
    case .null, .bool, .string, .array, .object: nil
    }
  }

  /// A number; nil for everything else.
  public var double: Double? {
    switch self {
    case .int(let number): Double(number)
    case .double(let number): number
    case .null, .bool, .string, .array, .object: nil
    }
  }

  /// The elements of an array; nil for everything else.
  public var array: [CacheValue]? { if case .array(let elements) = self { elements } else { nil } }

  /// The members of an object; nil for everything else.
  public var object: [String: CacheValue]? { if case .object(let members) = self { members } else { nil } }

  /// The member of an object under a name; nil where there is none, or this is no object.
  public subscript(name: String) -> CacheValue? { object?[name] }

  /// The element of an array at an index; nil where there is none, or this is no array.
  public subscript(index: Int) -> CacheValue? {
    guard let array, array.indices.contains(index) else { return nil }
    return array[index]
  }
}

extension CacheValue: CustomStringConvertible {
  /// The value as JSON.
  public var description: String { json }
}

extension CacheValue: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int.self) {
      self = .int(value)
    } else if let value = try? container.decode(Double.self) {
      self = .double(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([CacheValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: CacheValue].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .int(let value): try container.encode(value)
    case .double(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}
