/// The lines `name:value` of an answer to `INFO`.
struct InfoFields {
  private var fields: [String: String] = [:]

  /// By CR, LF or both; what has no colon is left out, and of a name that comes twice the first.
  init(_ text: String) {
    for line in text.unicodeScalars.split(whereSeparator: { $0 == "\r" || $0 == "\n" }) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let name = String(line[..<colon])
      guard fields[name] == nil else { continue }
      fields[name] = String(line[line.index(after: colon)...])
    }
  }

  var names: some Collection<String> { fields.keys }

  subscript(_ name: String) -> String? { fields[name] }

  func number(_ name: String) -> Int? { fields[name].flatMap { Int($0) } }

  /// `keys=3,expires=1,avg_ttl=0` of the field `name`.
  func parts(_ name: String) -> [String: Int] {
    var parts: [String: Int] = [:]
    for part in (fields[name] ?? "").split(separator: ",") {
      let words = part.split(separator: "=", maxSplits: 1)
      if words.count == 2, let number = Int(words[1]) { parts[String(words[0])] = number }
    }
    return parts
  }
}
