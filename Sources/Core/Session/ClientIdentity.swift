import SluiceFigures

/// What a client has said of itself, in the words that `CLIENT LIST` repeats: letters and signs without blanks.
struct ClientIdentity {
  /// `CLIENT SETNAME`.
  private(set) var name: [UInt8] = []
  /// `CLIENT SETINFO`.
  private(set) var library: [UInt8] = []
  private(set) var libraryVersion: [UInt8] = []
  /// The same and the address as a refusal notes it; made once, because a storm of refusals must stay cheap.
  private var label: RefusalCounts.Client?

  /// Nil if a client may be called so, else Redis's error.
  static func problem(ofName name: [UInt8]) -> String? {
    isPrintable(name) ? nil : "ERR Client names cannot contain spaces, newlines or special characters."
  }

  /// Nil if the name was taken, else Redis's error.
  mutating func setName(_ given: [UInt8]) -> String? {
    if let problem = ClientIdentity.problem(ofName: given) { return problem }
    name = given
    label = nil
    return nil
  }

  /// Nil if the attribute was taken, else Redis's error (`clientSetinfoCommand` of 7.2).
  mutating func setInfo(_ attribute: [UInt8], _ given: [UInt8]) -> String? {
    let word = String(decoding: attribute, as: UTF8.self)
    let isVersion = word.lowercased() == "lib-ver"
    guard isVersion || word.lowercased() == "lib-name" else { return "ERR Unrecognized option '\(word)'" }
    guard ClientIdentity.isPrintable(given) else {
      return "ERR \(word) cannot contain spaces, newlines or special characters."
    }
    if isVersion { libraryVersion = given } else { library = given }
    label = nil
    return nil
  }

  /// `RESET` forgets the name, and keeps what the library said of itself.
  mutating func reset() {
    name = []
    label = nil
  }

  mutating func label(address: @autoclosure () -> String) -> RefusalCounts.Client {
    if let label { return label }
    let words = [library, libraryVersion].filter { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }
    let made = RefusalCounts.Client(
      name: String(decoding: name, as: UTF8.self), library: words.joined(separator: " "), address: address())
    label = made
    return made
  }

  private static func isPrintable(_ word: [UInt8]) -> Bool { word.allSatisfy { (0x21...0x7e).contains($0) } }
}
