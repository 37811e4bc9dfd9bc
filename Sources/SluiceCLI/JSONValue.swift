/// Any JSON, read leniently: what is missing or of another type is nil, so that versions may differ.
enum JSONValue: Codable, Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let values): try container.encode(values)
    case .object(let members): try container.encode(members)
    }
  }

  /// The member of an object; `.null` if there is none.
  subscript(_ name: String) -> JSONValue {
    if case .object(let members) = self { members[name] ?? .null } else { .null }
  }

  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  var number: Double? { if case .number(let value) = self { value } else { nil } }

  /// The text of a string, safe for a terminal; nil for an empty one.
  var text: String? {
    if case .string(let value) = self, !value.isEmpty { Output.printable(value) } else { nil }
  }

  /// The elements of an array; none if it is none.
  var elements: [JSONValue] { if case .array(let values) = self { values } else { [] } }

  /// The texts of an array of strings.
  var texts: [String] { if case .array(let values) = self { values.compactMap(\.text) } else { [] } }

  /// A count, with blanks between thousands; `-` if there is none.
  var count: String {
    guard let number, let whole = Int64(exactly: number.rounded()) else { return "-" }
    let digits = String(whole.magnitude)
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(" ") }
      text.append(digit)
    }
    return whole < 0 ? "-\(text)" : text
  }
}
