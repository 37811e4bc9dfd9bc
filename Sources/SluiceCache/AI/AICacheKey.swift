import SluiceDigests

/// The keys of AI responses, byte for byte as the Python original makes them, so that both find each other's
/// entries.
///
/// `ai_cache:op:{operation}|txt:{T}`, then `|opts:{O}` if there are options and `|q:{Q}` if there is a
/// question. The operation is taken as it is.
public enum AICacheKey {
  /// What every key of AI responses begins with.
  public static let prefix = "ai_cache:"

  /// The key of a response.
  ///
  /// - Parameters:
  ///   - textHashThreshold: texts of more code points than this appear as their hash.
  public static func make(
    text: String, operation: String, options: AIOptions = [:], question: String? = nil,
    textHashThreshold: Int
  ) -> String {
    var key = "\(prefix)op:\(operation)|txt:\(textPart(text, textHashThreshold))"
    if !options.isEmpty { key += "|opts:\(optionsPart(options))" }
    if let question, !question.isEmpty { key += "|q:\(questionPart(question))" }
    return key
  }

  /// The key as later versions of the original make it (`build_key`): the question is one of the options, and
  /// both parts of the key tell of it.
  public static func build(
    text: String, operation: String, options: AIOptions, textHashThreshold: Int
  ) -> String {
    var question: String?
    switch options.values["question"] {
    case nil, .scalar(.null): break
    case let option?: question = PythonText.str(option)
    }
    return make(
      text: text, operation: operation, options: options, question: question,
      textHashThreshold: textHashThreshold)
  }

  /// The hash of the options, eight hexadecimal digits.
  static func optionsPart(_ options: AIOptions) -> String {
    let values = options.values
    let pairs = values.keys.sortedByCodePoint().map {
      "\($0)=\(PythonText.str(values[$0] ?? .scalar(.null)))"
    }
    return questionPart(pairs.joined(separator: "&"))
  }

  /// Not for secrets: MD5 only keeps keys short, as the original does.
  private static func questionPart(_ text: String) -> String {
    hex(MD5.hash(Array(text.utf8)).prefix(4))
  }

  private static func textPart(_ text: String, _ threshold: Int) -> String {
    let count = text.unicodeScalars.count
    guard count > threshold else {
      return String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "|" || $0 == ":" ? "_" : $0 }))
    }
    let hashed = Array(text.utf8) + "len:\(count)words:\(wordCount(text))".utf8
    return "hash:\(hex(SHA256.hash(hashed).prefix(8)))"
  }

  /// `len(text.split())`: Python's white space is Unicode's and the four information separators.
  private static func wordCount(_ text: String) -> Int {
    text.unicodeScalars.split { $0.properties.isWhitespace || 0x1C...0x1F ~= $0.value }.count
  }

  private static func hex(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: bytes.flatMap { [hexDigit($0 >> 4), hexDigit($0 & 0xF)] }, as: UTF8.self)
  }
}
