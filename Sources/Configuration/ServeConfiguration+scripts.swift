import SluiceScripts

extension ServeConfiguration {
  mutating func readScripts(_ top: inout Section) {
    scripts = top.list("scripts", Self.script)
    var subjects: Set<ScriptRule.Subject> = []
    for rule in scripts where !subjects.insert(rule.subject).inserted {
      top.note("scripts", "has a rule for \(rule.subject.text) twice; keep one of them")
    }
  }

  /// Nil if it cannot be; what is wrong is noted.
  private static func script(_ section: inout Section) -> ScriptRule? {
    let named: [(String, ScriptRule.Subject)] = [
      ("sha1", section.value("sha1", digest).map(ScriptRule.Subject.sha1)),
      ("shape", section.value("shape", digest).map(ScriptRule.Subject.shape)),
      ("function", section.value("function", name).map(ScriptRule.Subject.function)),
    ].compactMap { key, subject in subject.map { (key, $0) } }
    let keys = section.values("keys", template) ?? []
    let noKeys = section.values("no_keys", ValueParsers.whole(1...10_000)) ?? []
    let mirroring = section.value("mirror", Self.mirroring)
    guard let (first, subject) = named.first else {
      if ["sha1", "shape", "function"].allSatisfy(section.isWithout) {
        section.note(
          "sha1", "is missing; say which script it is by sha1, shape or function", line: section.line)
      }
      return nil
    }
    guard named.count == 1 else {
      section.note(first, "is not alone; name the script by one of sha1, shape and function")
      return nil
    }
    var rule = ScriptRule(subject)
    (rule.keys, rule.noKeys, rule.mirroring) = (keys, noKeys, mirroring ?? .copy)
    return rule
  }

  private static func digest(_ text: String) throws(ValueError) -> [UInt8] {
    do { return try ScriptRule.digest(text) } catch { throw ValueError(error.reason) }
  }

  private static func name(_ text: String) throws(ValueError) -> [UInt8] {
    guard !text.isEmpty else { throw ValueError("is empty; write the name of a function") }
    return Array(text.utf8)
  }

  private static func template(_ text: String) throws(ValueError) -> KeyTemplate {
    do { return try KeyTemplate(text) } catch { throw ValueError(error.reason) }
  }

  private static func mirroring(_ text: String) throws(ValueError) -> ScriptRule.Mirroring {
    guard let mirroring = ScriptRule.Mirroring(rawValue: text) else {
      throw ValueError("is \"\(text)\"; write copy, repeat, both or primary-only")
    }
    return mirroring
  }
}

extension ScriptRule.Subject {
  fileprivate var text: String {
    switch self {
    case .sha1(let bytes), .shape(let bytes), .function(let bytes): String(decoding: bytes, as: UTF8.self)
    }
  }
}
