/// How Python writes values as text: the keys of AI caches hold a hash of `str()` of each option, and
/// `json.dumps` writes floats as `repr()` does.
enum PythonText {
  /// `str(value)`: a string is itself, everything else as ``repr(_:)``.
  static func str(_ option: AIOption) -> String {
    if case .scalar(.string(let text)) = option { return text }
    return repr(option)
  }

  /// `repr(value)`.
  static func repr(_ option: AIOption) -> String {
    switch option {
    case .scalar(.null): "None"
    case .scalar(.bool(let flag)): flag ? "True" : "False"
    case .scalar(.int(let number)): String(number)
    case .scalar(.double(let number)): repr(number)
    case .scalar(.string(let text)): repr(text)
    case .scalar(let value): repr(AIOption(value))
    case .array(let elements): "[\(elements.map { repr($0) }.joined(separator: ", "))]"
    case .object(let members):
      "{\(members.map { "\(repr($0.name)): \(repr($0.value))" }.joined(separator: ", "))}"
    }
  }

  /// `repr(float)`: the shortest digits that read back as the same number, as Swift finds them too; with an
  /// exponent below 1e-4 and from 1e16 on, where Swift draws the line elsewhere.
  static func repr(_ number: Double) -> String {
    guard number.isFinite else { return number.isNaN ? "nan" : number < 0 ? "-inf" : "inf" }
    let sign = number.sign == .minus ? "-" : ""
    guard number != 0 else { return sign + "0.0" }
    // d.ddd × 10^exponent, or d…d.d; either way the digits and where the point stands among them.
    let parts = number.magnitude.description.split(separator: "e")
    let mantissa = parts.first.map { $0.split(separator: ".", omittingEmptySubsequences: false) } ?? []
    let whole = mantissa.first.map(String.init) ?? ""
    let fraction = mantissa.count > 1 ? String(mantissa[1]) : ""
    var digits = Array((whole + fraction).utf8)
    var point = whole.utf8.count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
    let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
    digits.removeFirst(zeros)
    point -= zeros
    while digits.last == UInt8(ascii: "0") { digits.removeLast() }
    let text = String(decoding: digits, as: UTF8.self)
    switch point {
    case ...(-4), 17...:
      let rest = text.dropFirst()
      let exponent = point - 1
      let padding = exponent.magnitude < 10 ? "0" : ""
      return "\(sign)\(text.prefix(1))\(rest.isEmpty ? "" : ".")\(rest)e\(exponent < 0 ? "-" : "+")\(padding)"
        + "\(exponent.magnitude)"
    case ...0:
      return "\(sign)0.\(String(repeating: "0", count: -point))\(text)"
    case ..<digits.count:
      return "\(sign)\(text.prefix(point)).\(text.dropFirst(point))"
    default:
      return "\(sign)\(text)\(String(repeating: "0", count: point - digits.count)).0"
    }
  }

  /// A float as `json.dumps` writes it.
  static func json(_ number: Double) -> String {
    if number.isFinite { return repr(number) }
    return number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
  }

  /// `repr(str)`: in single quotes, unless the text holds one and no double one; what cannot be printed is
  /// escaped.
  static func repr(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let quote: Unicode.Scalar = scalars.contains("'") && !scalars.contains("\"") ? "\"" : "'"
    var result = String.UnicodeScalarView([quote])
    for scalar in scalars {
      switch scalar {
      case quote, "\\": result += ["\\", scalar]
      case "\n": result += "\\n".unicodeScalars
      case "\r": result += "\\r".unicodeScalars
      case "\t": result += "\\t".unicodeScalars
      default:
        if isPrintable(scalar) { result.append(scalar) } else { result += escaped(scalar).unicodeScalars }
      }
    }
    result.append(quote)
    return String(result)
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16)
    let (letter, width) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
    return "\\\(letter)\(String(repeating: "0", count: max(0, width - digits.count)))\(digits)"
  }

  /// `str.isprintable()`: not one of the Unicode categories "other" and "separator", the ASCII space
  /// excepted.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
    case .spaceSeparator: scalar == " "
    default: true
    }
  }
}
