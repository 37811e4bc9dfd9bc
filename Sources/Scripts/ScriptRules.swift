/// The rules in force: those that ship with Sluice, and over them one's own.
public struct ScriptRules: Sendable {
  private var bySHA1: [[UInt8]: ScriptRule] = [:]
  private var byShape: [[UInt8]: ScriptRule] = [:]
  private var byFunction: [[UInt8]: ScriptRule] = [:]

  /// - Parameter own: of the configuration; the last one of a script counts.
  public init(_ own: [ScriptRule] = [], shipped: [ScriptRule] = ScriptRules.ofLibraries) {
    for rule in shipped + own {
      switch rule.subject {
      case .sha1(let digest): bySHA1[digest] = rule
      case .shape(let digest): byShape[digest] = rule
      case .function(let name): byFunction[name] = rule
      }
    }
  }

  /// - Parameter digest: in whatever case the client has written it.
  public subscript(sha1 digest: [UInt8]) -> ScriptRule? {
    if let rule = bySHA1[digest] { return rule }
    guard digest.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "F")).contains($0) }) else { return nil }
    return bySHA1[digest.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }]
  }

  public subscript(function name: [UInt8]) -> ScriptRule? { byFunction[name] }

  /// Of a script whose text is there.
  public subscript(body body: [UInt8]) -> ScriptRule? {
    if let rule = bySHA1[SHA1.hex(of: body)] { return rule }
    return byShape.isEmpty ? nil : byShape[Self.shape(of: body)]
  }

  /// The SHA-1 of a script's text without what stands in quotes.
  public static func shape(of body: [UInt8]) -> [UInt8] { SHA1.hex(of: quoted(in: body).rest) }

  /// What stands in quotes, as it is written, and what is left without it.
  static func quoted(in body: [UInt8]) -> (texts: [[UInt8]], rest: [UInt8]) {
    var (texts, rest, text): ([[UInt8]], [UInt8], [UInt8]) = ([], [], [])
    var (quote, isEscaped): (UInt8?, Bool) = (nil, false)
    for byte in body {
      guard let open = quote else {
        rest.append(byte)
        if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") { quote = byte }
        continue
      }
      if !isEscaped, byte == open {
        rest.append(byte)
        texts.append(text)
        (text, quote) = ([], nil)
        continue
      }
      isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
      text.append(byte)
    }
    return (texts, rest)
  }
}
