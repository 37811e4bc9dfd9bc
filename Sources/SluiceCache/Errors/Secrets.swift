/// Takes passwords out of what people and logs will see.
///
/// Where it cannot know how far a password goes it removes too much rather than too little.
enum Secrets {
  static let mask = "***"

  /// The text with the login of every URL in it replaced by `***`.
  ///
  /// A password may hold any character, also blanks and `@`, so the login ends at the last `@` before the
  /// next URL.
  static func masked(_ text: String) -> String {
    var result = ""
    var rest = Substring(text)
    while let mark = rest.firstRange(of: "://") {
      result += rest[..<mark.upperBound]
      rest = rest[mark.upperBound...]
      let end = rest.firstRange(of: "://")?.lowerBound ?? rest.endIndex
      if let at = rest[..<end].lastIndex(of: "@") {
        result += mask
        rest = rest[at...]
      }
    }
    return result + rest
  }

  /// The URL with `***` for its login and its parameters; also where it lacks a scheme.
  static func masked(url: String) -> String {
    let scheme = url.firstRange(of: "://").map { url[..<$0.upperBound] } ?? ""
    let parameters = url.firstIndex(of: "?") ?? url.endIndex
    let place = url[..<parameters]
    // An @ behind a question mark: a parameter, or the question mark is part of a password. Nobody can tell.
    guard !url[parameters...].contains("@") else { return scheme + mask }
    let tail = parameters == url.endIndex ? "" : "?\(mask)"
    guard let at = place.lastIndex(of: "@") else { return place + tail }
    return scheme + mask + place[at...] + tail
  }

  /// The facts with the values of secrets replaced and every URL masked, at any depth.
  static func masked(_ facts: [String: CacheValue]) -> [String: CacheValue] {
    Dictionary(
      uniqueKeysWithValues: facts.map { name, value in
        switch value {
        case .string(let text) where name.hasSuffix("url"): (name, .string(masked(url: text)))
        case .null: (name, value)
        case _ where isSecret(name): (name, .string(mask))
        default: (name, masked(value))
        }
      })
  }

  private static func masked(_ value: CacheValue) -> CacheValue {
    switch value {
    case .string(let text): .string(masked(text))
    case .array(let elements): .array(elements.map { masked($0) })
    case .object(let members): .object(masked(members))
    case .null, .bool, .int, .double: value
    }
  }

  private static func isSecret(_ name: String) -> Bool {
    let name = name.lowercased()
    return ["password", "secret", "token", "credential"].contains { name.contains($0) }
  }
}
