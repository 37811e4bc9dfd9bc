import Crypto
import SluicePage

/// The page: one file, which asks the door for what it shows. Who has no JavaScript sees the table that is put into it here.
public struct AdminPage: Sendable {
  private let before: Substring
  private let after: Substring
  /// What the browser may carry out and load: the page's own script and style, and this door.
  public let policy: String

  private static let mark = "<!--table-->"

  public init() { self.init(PageText.html) }

  init(_ text: String) {
    let parts = text.split(separator: Self.mark, maxSplits: 1, omittingEmptySubsequences: false)
    before = parts.first ?? ""
    after = parts.count > 1 ? parts[1] : ""
    func hash(_ element: String) -> String {
      guard let start = text.firstRange(of: "<\(element)>"), let end = text.firstRange(of: "</\(element)>"),
        start.upperBound <= end.lowerBound
      else { return "'none'" }
      let digest = SHA256.hash(data: Array(text[start.upperBound..<end.lowerBound].utf8))
      return "'sha256-\(Self.base64(Array(digest)))'"
    }
    policy =
      "default-src 'none'; script-src \(hash("script")); style-src \(hash("style")); connect-src 'self'; img-src data:; "
      + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  }

  /// - Parameter rows: what there is to say without JavaScript, as text.
  public func html(_ rows: [(name: String, value: String)]) -> String {
    let table = rows.map {
      "<tr><th scope=\"row\">\(Self.escaped($0.name))</th><td>\(Self.escaped($0.value))</td></tr>"
    }
    .joined(separator: "\n")
    return "\(before)\(table)\(after)"
  }

  /// Text as HTML has it.
  static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "'": out += "&#39;"
      case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": out += "\u{fffd}"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".unicodeScalars)
    var out = String.UnicodeScalarView()
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let three = bytes[start..<min(start + 3, bytes.count)]
      let value = three.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - three.count))
      for place in 0..<4 {
        out.append(place <= three.count ? digits[value >> (6 * (3 - place)) & 63] : "=")
      }
    }
    return String(out)
  }
}
