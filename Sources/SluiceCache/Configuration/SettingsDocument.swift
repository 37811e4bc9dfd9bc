import Foundation
import Yams

/// A configuration as text: JSON or YAML, into values and back.
enum SettingsDocument {
  enum Format {
    case json, yaml

    /// By the extension of a file; nil if it has another one.
    init?(path: String) {
      switch (path as NSString).pathExtension.lowercased() {
      case "json": self = .json
      case "yaml", "yml": self = .yaml
      default: return nil
      }
    }
  }

  /// Reads JSON.
  /// - Parameter title: how the message begins.
  static func json(_ text: String, _ title: String) throws(CacheError) -> CacheValue {
    do {
      return try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)).value
    } catch {
      throw CacheError(.configuration, "\(title): \(reason(error))")
    }
  }

  /// Reads one document of YAML, of which JSON is a part.
  /// - Parameter title: how the message begins.
  static func yaml(_ text: String, _ title: String) throws(CacheError) -> CacheValue {
    do {
      return try value(of: try Yams.load(yaml: text))
    } catch {
      throw CacheError(.configuration, "\(title): \(reason(error))")
    }
  }

  /// Two blanks of indentation, keys in the order of the alphabet, a newline at the end.
  static func text(_ settings: [String: CacheValue], as format: Format) throws -> String {
    switch format {
    case .json:
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let data = try encoder.encode(JSONValue(.object(settings)))
      return String(decoding: data, as: UTF8.self) + "\n"
    case .yaml:
      return try Yams.serialize(node: node(of: .object(settings)), allowUnicode: true)
    }
  }

  private static func reason(_ error: any Error) -> String {
    switch error {
    case DecodingError.dataCorrupted(let context):
      (context.underlyingError as NSError?)?.userInfo[NSDebugDescriptionErrorKey] as? String
        ?? context.debugDescription
    case let error as CacheError: error.message
    case let error as YamlError: "\(error)"
    default: error.localizedDescription
    }
  }

  private static func value(of any: Any?) throws(CacheError) -> CacheValue {
    switch any {
    case nil, is NSNull: return .null
    case let value as Bool: return .bool(value)
    case let value as Int: return .int(value)
    case let value as Double: return .double(value)
    case let value as String: return .string(value)
    case let elements as [Any]:
      var values: [CacheValue] = []
      for element in elements { values.append(try value(of: element)) }
      return .array(values)
    case let members as [AnyHashable: Any]:
      var values: [String: CacheValue] = [:]
      for (name, member) in members { values["\(name.base)"] = try value(of: member) }
      return .object(values)
    default:
      throw CacheError(
        .configuration, "a value is neither text, number, truth value, list nor mapping; put it in quotes")
    }
  }

  private static func node(of value: CacheValue) -> Node {
    switch value {
    case .null: Node("null", Tag(.null))
    case .bool(let value): Node(value ? "true" : "false", Tag(.bool))
    case .int(let value): Node("\(value)", Tag(.int))
    case .double(let value): Node("\(value)", Tag(.float))
    case .string(let value): Node(value, Tag(.str), .doubleQuoted)
    case .array(let elements): Node(elements.map(node(of:)))
    case .object(let members):
      Node(members.sorted { $0.key < $1.key }.map { (Node($0.key, Tag(.str)), node(of: $0.value)) })
    }
  }
}

/// A ``CacheValue`` as Foundation's coders see it.
private struct JSONValue: Codable {
  let value: CacheValue

  init(_ value: CacheValue) {
    self.value = value
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      value = .null
    } else if let bool = try? container.decode(Bool.self) {
      value = .bool(bool)
    } else if let int = try? container.decode(Int.self) {
      value = .int(int)
    } else if let double = try? container.decode(Double.self) {
      value = .double(double)
    } else if let string = try? container.decode(String.self) {
      value = .string(string)
    } else if let elements = try? container.decode([JSONValue].self) {
      value = .array(elements.map(\.value))
    } else {
      value = .object(try container.decode([String: JSONValue].self).mapValues(\.value))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch value {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .int(let value): try container.encode(value)
    case .double(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let elements): try container.encode(elements.map(JSONValue.init))
    case .object(let members): try container.encode(members.mapValues(JSONValue.init))
    }
  }
}
