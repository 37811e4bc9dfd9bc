import Foundation

/// An order by POST. Its body becomes the words of the control port's command, so that both go one way.
public enum AdminOrder: String, Sendable, Hashable, CaseIterable {
  case rollback, stage, ramp, approve, pause, resume, rearm, close, reopen, reload

  public var role: AdminRole { self == .rollback ? .rollBack : .operate }

  /// What its body may have.
  private var fields: [String] {
    switch self {
    case .rollback, .reopen, .pause, .resume: ["reason"]
    case .stage: ["stage", "percent", "force"]
    case .ramp: ["percent", "force"]
    case .rearm: ["fleet", "resume"]
    case .close: ["reason", "kind", "keys"]
    case .reload: ["reshuffle"]
    case .approve: []
    }
  }

  /// The words, read from a JSON object; an empty body is an empty object.
  ///
  /// - Throws: what is wrong, and what to write.
  public func words(_ body: [UInt8]) throws(AdminProblem) -> [String] {
    let fields = try Fields(body, known: fields, of: self)
    switch self {
    case .rollback: return ["ROLLBACK"] + [try fields.text("reason")].compactMap(\.self)
    case .reopen: return ["REOPEN"] + [try fields.text("reason")].compactMap(\.self)
    case .stage:
      guard let stage = try fields.text("stage") else {
        throw AdminProblem(
          "stage is missing; write {\"stage\": \"shadow\"}, or {\"stage\": \"live\", \"percent\": 25}")
      }
      return ["STAGE", stage] + [try fields.number("percent")].compactMap(\.self)
        + (try fields.why("force", word: "FORCE"))
    case .ramp:
      guard let percent = try fields.number("percent") else {
        throw AdminProblem("percent is missing; write {\"percent\": 50}")
      }
      return ["RAMP", percent] + (try fields.why("force", word: "FORCE"))
    case .approve: return ["APPROVE"]
    case .pause: return ["PAUSE"] + [try fields.text("reason")].compactMap(\.self)
    case .resume: return ["RESUME"] + [try fields.text("reason")].compactMap(\.self)
    case .rearm:
      return ["REARM"] + (try fields.flag("fleet") ? ["FLEET"] : [])
        + (try fields.why("resume", word: "RESUME"))
    case .close:
      let kind = try fields.text("kind").map { "KIND=\($0)" }
      let keys = try fields.text("keys").map { "KEYS=\($0)" }
      return ["CLOSE"] + [kind, keys, try fields.text("reason")].compactMap(\.self)
    case .reload: return ["RELOAD"] + (try fields.flag("reshuffle") ? ["RESHUFFLE"] : [])
    }
  }

  /// The fields of a body.
  private struct Fields {
    private let object: [String: Any]

    init(_ body: [UInt8], known: [String], of order: AdminOrder) throws(AdminProblem) {
      guard body.contains(where: { $0 > 0x20 }) else {
        object = [:]
        return
      }
      guard let found = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] else {
        throw AdminProblem("the body is no JSON object; write for example {\"reason\": \"why\"}")
      }
      if let unknown = found.keys.sorted().first(where: { !known.contains($0) }) {
        throw AdminProblem(
          "\"\(unknown.prefix(64))\" is nothing that \(order.rawValue) takes; it takes \(known.isEmpty ? "nothing" : known.joined(separator: ", "))"
        )
      }
      object = found
    }

    /// Nil where it is absent, null or empty.
    func text(_ name: String) throws(AdminProblem) -> String? {
      switch object[name] {
      case nil, is NSNull: return nil
      case let text as String: return text.isEmpty ? nil : text
      default: throw AdminProblem("\(name) is no text; write it in quotes")
      }
    }

    func number(_ name: String) throws(AdminProblem) -> String? {
      switch object[name] {
      case nil, is NSNull: return nil
      case let text as String: return text
      case let number as NSNumber where !Self.isBool(number):
        let value = number.doubleValue
        guard let whole = Int(exactly: value) else { return "\(value)" }
        return "\(whole)"
      default: throw AdminProblem("\(name) is no number; write 0 to 100")
      }
    }

    func flag(_ name: String) throws(AdminProblem) -> Bool {
      switch object[name] {
      case nil, is NSNull: return false
      case let number as NSNumber where Self.isBool(number): return number.boolValue
      default: throw AdminProblem("\(name) is neither true nor false")
      }
    }

    /// A word and the reason behind it; nothing where there is none.
    func why(_ name: String, word: String) throws(AdminProblem) -> [String] {
      guard let why = try text(name) else { return [] }
      return [word, why]
    }

    private static func isBool(_ number: NSNumber) -> Bool {
      ["c", "B"].contains(String(cString: number.objCType))
    }
  }
}
