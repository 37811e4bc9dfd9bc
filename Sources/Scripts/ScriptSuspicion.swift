/// Why a script is suspected of touching keys that it does not declare. A look at its text, and no proof: what its variables hold nobody
/// knows.
public enum ScriptSuspicion: String, Sendable {
  /// `redis.call("GET", prefix .. id)`
  case makesNames = "it makes the names of keys"
  /// `redis.call("GET", ARGV[1])`
  case takesArguments = "it takes arguments for keys"
  /// `redis.call("KEYS", "user:*")`
  case searches = "it searches for keys"
  /// `redis.call("GET", "config")`
  case knowsNames = "it names keys in its text"

  /// Nil if nothing is to be seen.
  public static func of(_ body: [UInt8]) -> ScriptSuspicion? {
    let text = withoutComments(body)
    var place = 0
    while let start = find("call", in: text, from: place) {
      place = start + 4
      guard let words = words(of: text, behind: place), let command = words.first.flatMap(literal) else {
        continue
      }
      let name = String(decoding: command, as: UTF8.self).uppercased()
      if name == "KEYS" || name == "SCAN" { return .searches }
      guard words.count > 1, !withoutKeys.contains(name) else { continue }
      if let suspicion = suspicion(of: words[1], in: text, isVariable: false) { return suspicion }
    }
    return nil
  }

  /// Commands whose first argument is no key.
  private static let withoutKeys: Set<String> = [
    "PUBLISH", "SPUBLISH", "ECHO", "PING", "TIME", "INFO", "CONFIG", "SELECT", "OBJECT", "XGROUP", "XINFO",
    "MEMORY", "BITOP", "COMMAND", "DBSIZE", "RANDOMKEY", "FLUSHDB", "FLUSHALL", "ACL", "CLIENT", "XREAD",
    "XREADGROUP",
  ]

  private static func suspicion(of word: [UInt8], in text: [UInt8], isVariable: Bool) -> ScriptSuspicion? {
    if find("..", in: word, from: 0) != nil { return .makesNames }
    if word.starts(with: "ARGV".utf8) { return .takesArguments }
    if literal(word) != nil { return .knowsNames }
    // A variable: what it is given first.
    guard !isVariable, !word.isEmpty, word.allSatisfy(isOfName), !word.starts(with: "KEYS".utf8),
      let given = find("local " + String(decoding: word, as: UTF8.self) + " =", in: text, from: 0)
    else { return nil }
    let begin = given + 8 + word.count
    let line = text[min(begin, text.count)...].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: ";") }
    let value = trimmed(Array(line))
    // What a command has answered, a number, a table: not looked at.
    let isName = find("..", in: value, from: 0) != nil || value.starts(with: "ARGV[".utf8)
    return isName && !value.contains(UInt8(ascii: "("))
      ? suspicion(of: value, in: text, isVariable: true) : nil
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
      || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  /// The content of a text in quotes that is nothing else.
  private static func literal(_ word: [UInt8]) -> [UInt8]? {
    guard word.count > 1, let quote = word.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\""),
      word.dropFirst().firstIndex(of: quote) == word.count - 1
    else { return nil }
    return Array(word[1..<word.count - 1])
  }

  /// The arguments of a call whose parenthesis opens at the place, or, of `pcall(redis.call, …)`, that go on behind a comma.
  private static func words(of text: [UInt8], behind place: Int) -> [[UInt8]]? {
    guard place < text.count, text[place] == UInt8(ascii: "(") || text[place] == UInt8(ascii: ",") else {
      return nil
    }
    var (words, word, depth, quote): ([[UInt8]], [UInt8], Int, UInt8?) = ([], [], 0, nil)
    for byte in text[(place + 1)...] {
      if let open = quote {
        word.append(byte)
        if byte == open { quote = nil }
        continue
      }
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\""): quote = byte
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        if depth == 0 { return words + [trimmed(word)] }
        depth -= 1
      case UInt8(ascii: ",") where depth == 0:
        words.append(trimmed(word))
        word = []
        continue
      default: break
      }
      word.append(byte)
    }
    return nil
  }

  private static func trimmed(_ word: [UInt8]) -> [UInt8] {
    let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
    return Array(word.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }

  private static func find(_ word: String, in text: [UInt8], from: Int) -> Int? {
    let bytes = Array(word.utf8)
    guard text.count >= bytes.count, from <= text.count - bytes.count else { return nil }
    return (from...text.count - bytes.count).first { text[$0] == bytes[0] && text[$0...].starts(with: bytes) }
  }

  /// Without `-- …` and `--[[ … ]]`.
  private static func withoutComments(_ body: [UInt8]) -> [UInt8] {
    var (text, place): ([UInt8], Int) = ([], 0)
    while place < body.count {
      guard body[place...].starts(with: "--".utf8) else {
        text.append(body[place])
        place += 1
        continue
      }
      let end =
        body[place...].starts(with: "--[[".utf8)
        ? find("]]", in: body, from: place).map { $0 + 2 } : body[place...].firstIndex(of: UInt8(ascii: "\n"))
      place = end ?? body.count
    }
    return text
  }
}
