import Foundation

/// The answer of `STATUS`, read by dotted paths: `status.text("flags.error")`.
public struct StatusDocument: CustomStringConvertible {
  private let root: [String: Any]
  public let description: String

  init(_ text: String) throws {
    guard let root = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
      throw TestFailure("STATUS is no JSON object: \(text)")
    }
    self.root = root
    description = text
  }

  /// The text at a path; nil if it is not there or null.
  public func text(_ path: String) -> String? { value(path) as? String }

  /// The number at a path; nil if it is not there or null.
  public func number(_ path: String) -> Double? { (value(path) as? NSNumber)?.doubleValue }

  /// The truth value at a path; nil if it is not there or null.
  public func flag(_ path: String) -> Bool? { (value(path) as? NSNumber)?.boolValue }

  private func value(_ path: String) -> Any? {
    path.split(separator: ".").reduce(root as Any?) { ($0 as? [String: Any])?[String($1)] }
  }
}
