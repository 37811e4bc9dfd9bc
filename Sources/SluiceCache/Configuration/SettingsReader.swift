/// Reads named settings out of a dictionary and notes everything that is wrong, instead of stopping at the
/// first.
struct SettingsReader {
  private let settings: [String: CacheValue]
  private let path: String
  private var known: Set<String> = []
  /// Whatever has the wrong type, in the order of reading.
  private(set) var errors: [String] = []
  private var unknownInside: [String] = []

  init(_ settings: [String: CacheValue], path: String = "") {
    self.settings = settings
    self.path = path
  }

  /// The names that are there, in the order of the alphabet.
  var names: [String] { settings.keys.sorted() }

  /// The paths of what nobody asked for.
  var unknown: [String] {
    names.filter { !known.contains($0) }.map { shown($0) } + unknownInside
  }

  /// Names that somebody else reads: they are not unknown.
  mutating func expect(_ names: [String]) {
    known.formUnion(names)
  }

  /// Notes what somebody else found wrong.
  mutating func refuse(_ problem: String) { errors.append(path + problem) }

  /// Reads a text; null is none.
  mutating func text(_ name: String, _ take: (String?) -> Void) {
    switch read(name) {
    case nil: break
    case .null: take(nil)
    case .string(let text): take(text)
    default: errors.append("\(shown(name)) must be a string")
    }
  }

  /// Reads a whole number; null says nothing.
  mutating func integer(_ name: String, _ take: (Int) -> Void) {
    switch read(name) {
    case nil, .null: break
    case .int(let number): take(number)
    default: errors.append("\(shown(name)) must be an integer")
    }
  }

  /// Reads a truth value; null says nothing.
  mutating func boolean(_ name: String, _ take: (Bool) -> Void) {
    switch read(name) {
    case nil, .null: break
    case .bool(let value): take(value)
    default: errors.append("\(shown(name)) must be a boolean")
    }
  }

  /// Reads one of the names of a closed set; null says nothing.
  mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, _ take: (Choice) -> Void
  ) {
    switch read(name) {
    case nil, .null: break
    case .string(let text):
      if let choice = Choice(rawValue: text) {
        take(choice)
      } else {
        let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        errors.append("\(shown(name)) must be one of \(all)")
      }
    default: errors.append("\(shown(name)) must be a string")
    }
  }

  /// Reads a nested dictionary; null says nothing.
  mutating func object(_ name: String, _ take: (inout SettingsReader) -> Void) {
    switch read(name) {
    case nil, .null: break
    case .object(let members):
      var inner = SettingsReader(members, path: "\(shown(name)).")
      take(&inner)
      errors += inner.errors
      unknownInside += inner.unknown
    default: errors.append("\(shown(name)) must be a dictionary")
    }
  }

  /// Whether a setting is there and is null.
  func isNull(_ name: String) -> Bool { settings[name] == .null }

  private mutating func read(_ name: String) -> CacheValue? {
    known.insert(name)
    return settings[name]
  }

  private func shown(_ name: String) -> String { path + name }
}
