/// The name of a key that a script touches, made of what it is called with: `{KEYS[1]}:{ARGV[3]}.msgs`, or of what stands in quotes in its
/// text: `{TEXT[2]}`. Everything else in it is literal.
///
/// With a `*` at its end it is all keys that begin so: which ones there are, nobody can tell.
public struct KeyTemplate: Hashable, Sendable, CustomStringConvertible {
  private enum Part: Hashable {
    case literal([UInt8])
    /// By their place, from 0.
    case key(Int)
    case argument(Int)
    case text(Int)
  }

  private var parts: [Part] = []
  /// Whether it is all keys that begin so.
  public let isPrefix: Bool
  public let description: String

  public init(_ text: String) throws(ScriptRuleProblem) {
    description = text
    var rest = Array(text.utf8)
    isPrefix = rest.last == UInt8(ascii: "*")
    if isPrefix { rest.removeLast() }
    guard !rest.contains(UInt8(ascii: "*")) else {
      throw ScriptRuleProblem("has a * that is not at its end; only \"all keys that begin so\" can be said")
    }
    guard isPrefix || !rest.isEmpty else { throw ScriptRuleProblem("is empty; name a key") }
    var place = 0
    while place < rest.count {
      guard let (part, end) = try Self.placeholder(in: rest, at: place) else {
        append(rest[place])
        place += 1
        continue
      }
      parts.append(part)
      place = end
    }
  }

  private static func placeholder(in text: [UInt8], at place: Int) throws(ScriptRuleProblem) -> (
    Part, end: Int
  )? {
    for (word, part) in [("{KEYS[", Part.key), ("{ARGV[", Part.argument), ("{TEXT[", Part.text)]
    where text[place...].starts(with: word.utf8) {
      let begin = place + word.utf8.count
      let digits = text[begin...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard let number = Int(String(decoding: digits, as: UTF8.self)), (1...10_000).contains(number),
        text[digits.endIndex...].starts(with: "]}".utf8)
      else {
        throw ScriptRuleProblem("has a \(word) without its end; write {KEYS[1]} or {ARGV[1]}, counted from 1")
      }
      return (part(number - 1), digits.endIndex + 2)
    }
    return nil
  }

  private mutating func append(_ byte: UInt8) {
    if case .literal(let bytes)? = parts.last {
      parts[parts.count - 1] = .literal(bytes + [byte])
    } else {
      parts.append(.literal([byte]))
    }
  }

  /// Whether it needs the script's text.
  var readsText: Bool {
    parts.contains { if case .text = $0 { true } else { false } }
  }

  /// The name; nil if the script is called with fewer keys or arguments than the template names.
  public func name(keys: [[UInt8]], arguments: [[UInt8]], texts: [[UInt8]] = []) -> [UInt8]? {
    var name: [UInt8] = []
    for part in parts {
      switch part {
      case .literal(let bytes): name += bytes
      case .key(let place):
        guard keys.indices.contains(place) else { return nil }
        name += keys[place]
      case .argument(let place):
        guard arguments.indices.contains(place) else { return nil }
        name += arguments[place]
      case .text(let place):
        guard texts.indices.contains(place) else { return nil }
        name += texts[place]
      }
    }
    return name
  }
}

/// Why a rule cannot be; follows the name of what it is about.
public struct ScriptRuleProblem: Error, Equatable, Sendable {
  public let reason: String

  public init(_ reason: String) { self.reason = reason }
}
