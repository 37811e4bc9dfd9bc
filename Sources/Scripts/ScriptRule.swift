/// What is known of one script that nobody could tell from outside: which keys it touches beside those that it declares, and how the other
/// stack learns what it did.
public struct ScriptRule: Hashable, Sendable {
  public enum Subject: Hashable, Sendable {
    /// Of its text, forty lower-case digits.
    case sha1([UInt8])
    /// SHA-1 of its text without what stands in quotes: a script into which a library writes a name each time. Only where the text comes
    /// along (`EVAL`).
    case shape([UInt8])
    /// The name of a function (`FCALL`).
    case function([UInt8])
  }

  /// How the other stack learns what the script did.
  public enum Mirroring: String, CaseIterable, Sendable {
    /// Its keys are copied.
    case copy
    /// It runs there too, behind the first, if all its keys are known to be equal; else they are copied.
    case `repeat`
    /// It runs there too, whatever that stack holds: it deletes, or sets.
    case both
    /// Not at all.
    case primaryOnly = "primary-only"
  }

  public var subject: Subject
  /// Beside those that it declares.
  public var keys: [KeyTemplate] = []
  /// Those of the declared ones that are none, from 1: a prefix, a pattern.
  public var noKeys: [Int] = []
  public var mirroring = Mirroring.copy

  public init(_ subject: Subject) { self.subject = subject }

  /// Whether it says no more than is done without any rule.
  public var isPlain: Bool { keys.isEmpty && noKeys.isEmpty && mirroring == .copy }

  /// What one call of it touches.
  public struct Touched: Equatable, Sendable {
    public var keys: [[UInt8]] = []
    /// Of keys that nobody can name.
    public var prefixes: [[UInt8]] = []
  }

  /// Whether `touched` needs the script's text.
  public var readsText: Bool { keys.contains { $0.readsText } }

  /// - Parameter body: the script's text, where it came along.
  public func touched(keys declared: [[UInt8]], arguments: [[UInt8]], body: [UInt8]? = nil) -> Touched {
    var touched = Touched()
    let texts = body.map { ScriptRules.quoted(in: $0).texts } ?? []
    for (place, key) in declared.enumerated() where !noKeys.contains(place + 1) { touched.keys.append(key) }
    for template in keys {
      guard let name = template.name(keys: declared, arguments: arguments, texts: texts) else { continue }
      if template.isPrefix {
        // An argument may be a pattern itself.
        touched.prefixes.append(name.last == UInt8(ascii: "*") ? name.dropLast() : name)
      } else if !touched.keys.contains(name) {
        touched.keys.append(name)
      }
    }
    return touched
  }

  /// SHA-1 in lower case, if it is one.
  public static func digest(_ text: String) throws(ScriptRuleProblem) -> [UInt8] {
    let digits = Array(text.lowercased().utf8)
    let isHex = digits.allSatisfy {
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
    }
    guard digits.count == 40, isHex else {
      throw ScriptRuleProblem("is no SHA-1; write its forty digits, as SCRIPT LOAD answers them")
    }
    return digits
  }
}
