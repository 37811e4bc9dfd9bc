import Glibc

/// Why the journal cannot be kept: a sentence for people. The proxy goes on without it and says so.
public struct JournalError: Error, CustomStringConvertible, Sendable {
  public let description: String
  /// Whether another process has it: then nothing here is anybody else's to write.
  public let isInUse: Bool

  init(_ description: String, isInUse: Bool = false) {
    self.description = description
    self.isInUse = isInUse
  }

  /// - Parameter action: what was tried, as in `write 'path'`.
  static func system(_ action: String) -> JournalError {
    JournalError("cannot \(action): \(String(cString: strerror(errno)))")
  }
}
