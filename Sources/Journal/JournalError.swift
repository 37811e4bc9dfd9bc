import Glibc

/// Why the journal cannot be kept: a sentence for people. The proxy goes on without it and says so.
public struct JournalError: Error, CustomStringConvertible, Sendable {
  public let description: String

  init(_ description: String) { self.description = description }

  /// - Parameter action: what was tried, as in `write 'path'`.
  static func system(_ action: String) -> JournalError {
    JournalError("cannot \(action): \(String(cString: strerror(errno)))")
  }
}
