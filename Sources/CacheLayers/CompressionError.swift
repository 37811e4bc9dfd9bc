/// Why a stored value could not be decompressed. The value is lost; the cache behind it is not.
public struct CompressionError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The closed list of reasons, for code that has to decide.
  public enum Code: String, Sendable, CaseIterable {
    /// The stream is damaged, cut, or not as long as it says.
    case corrupt
    /// The value would be larger than allowed: a decompression bomb, or a limit set too low.
    case tooLarge
  }

  public let code: Code
  /// One sentence for people; never holds the value.
  public let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
