/// A JSON value together with where it stands in the text, so that an error can name it and an edit can
/// replace it.
struct JSONNode {
  let value: Value
  /// Offsets of its bytes, quotes and brackets included.
  let range: Range<Int>

  enum Value {
    case null
    case bool(Bool)
    /// As it is written; `Int` and `Double` are made where one of them is wanted.
    case number(String)
    case string(String)
    case array([JSONNode])
    /// In the order of the text; the parser refuses a name that stands there twice.
    case object([Member])
  }

  struct Member {
    let name: String
    let node: JSONNode
  }

  /// The member of that name, if this is an object that has one.
  subscript(name: String) -> JSONNode? {
    guard case .object(let members) = value else { return nil }
    return members.first { $0.name == name }?.node
  }

  /// The single member of an object with one, which is how JSON logic writes an operation.
  var operation: Member? {
    guard case .object(let members) = value, members.count == 1 else { return nil }
    return members[0]
  }

  var string: String? {
    guard case .string(let string) = value else { return nil }
    return string
  }

  var elements: [JSONNode]? {
    guard case .array(let elements) = value else { return nil }
    return elements
  }

  /// The value in a few words, for messages.
  var summary: String {
    switch value {
    case .null: "null"
    case .bool(let bool): "\(bool)"
    case .number(let text): text
    case .string(let string): "\"\(string)\""
    case .array: "an array"
    case .object: "an object"
    }
  }
}

/// Where a node stands, built up while going down: `$.flags.cache-stack.targeting.if[1]`.
struct JSONPath: CustomStringConvertible {
  let description: String

  static let root = JSONPath(description: "$")
  static let flags = root.member("flags")

  func member(_ name: String) -> JSONPath {
    let isPlain = name.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$")
    }
    return JSONPath(
      description: isPlain && !name.isEmpty ? "\(description).\(name)" : "\(description)[\"\(name)\"]")
  }

  func element(_ index: Int) -> JSONPath { JSONPath(description: "\(description)[\(index)]") }

  func error(_ code: FlagError.Code, _ message: String) -> FlagError {
    FlagError(code, path: description, message)
  }
}
