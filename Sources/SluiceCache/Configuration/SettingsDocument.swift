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
    do throws(CacheError) {
      return try CacheValue(jsonBytes: text.utf8)
    } catch {
      throw CacheError(.configuration, "\(title): \(error.message)")
    }
  }

  /// Reads one document of YAML, of which JSON is a part.
  /// - Parameter title: how the message begins.
  static func yaml(_ text: String, _ title: String) throws(CacheError) -> CacheValue {
    do {
      guard let node = try Yams.compose(yaml: text) else { return .null }
      var budget = mostValues
      return try value(of: node, &budget)
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

  /// What is wrong and where. Not the description of Yams, which quotes the line: a password may stand there.
  private static func reason(_ error: any Error) -> String {
    switch error {
    case let error as CacheError: error.message
    case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _):
      "\(problem) at line \(mark.line)"
    default: "it is not YAML; check quotes, indentation and anchors"
    }
  }

  /// No configuration has more; references to references to references in YAML may claim to.
  private static let mostValues = 10_000

  private static func value(of node: Node, _ budget: inout Int) throws(CacheError) -> CacheValue {
    budget -= 1
    guard budget > 0 else {
      throw CacheError(.configuration, "there are more than \(mostValues) values; name only settings")
    }
    switch node {
    case .sequence(let elements):
      var values: [CacheValue] = []
      for element in elements { values.append(try value(of: element, &budget)) }
      return .array(values)
    case .mapping(let members):
      var values: [String: CacheValue] = [:]
      for (name, member) in members { values[name.string ?? ""] = try value(of: member, &budget) }
      return .object(values)
    case .scalar, .alias:
      switch node.any {
      case is NSNull: return .null
      case let value as Bool: return .bool(value)
      case let value as Int: return .int(value)
      case let value as Double: return .double(value)
      case let value as String: return .string(value)
      default:
        throw CacheError(
          .configuration, "a value is neither text, number, truth value, list nor mapping; put it in quotes")
      }
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

/// A ``CacheValue`` as Foundation's encoder sees it, for JSON that people read.
private struct JSONValue: Encodable {
  let value: CacheValue

  init(_ value: CacheValue) {
    self.value = value
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
