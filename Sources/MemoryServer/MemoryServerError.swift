/// Why a memory server could not start.
public struct MemoryServerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What failed; a closed list.
  public enum Code: Equatable, Sendable { case noDirectory }

  public let code: Code
  /// Where it failed.
  public let path: String
  /// The system's error number.
  public let errno: Int32

  public var description: String {
    "the memory engine can't make its socket directory \(path) (errno \(errno)); "
      + "set TMPDIR to a directory that this user may write to"
  }
}
