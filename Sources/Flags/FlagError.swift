/// Why a flag file, an edit of it or the latch beside it is refused.
public struct FlagError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: String, Sendable, CaseIterable {
    /// The file is missing, empty, too large, not a regular file, or may not be read.
    case unreadable
    /// Not JSON.
    case syntax
    /// JSON, but not a flagd definition, or a flag without a part that Sluice needs.
    case invalid
    /// A valid flagd definition that says something Sluice does not evaluate.
    case unsupported
    /// A number outside its range.
    case outOfRange
    /// The edit would move some keys to the new stack and others back.
    case reshuffles
    /// The stage or percentage asked for cannot be put into this file.
    case uneditable
    /// The file changed between preparing an edit and writing it.
    case conflict
    /// The file asks for stage complete, and nobody has looked yet whether its gates let that through.
    case ahead
    /// The file or the latch cannot be written.
    case unwritable
  }

  public let code: Code
  /// Where in the document, as a JSON path: `$.flags.cache-stack.targeting.fractional[0]`. `$` is all of it.
  public let path: String
  /// What is wrong and what to do: one sentence.
  public let message: String

  public init(_ code: Code, path: String = "$", _ message: String) {
    self.code = code
    self.path = path
    self.message = message
  }

  public var description: String { path == "$" ? message : "\(path): \(message)" }
}
