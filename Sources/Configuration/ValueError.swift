/// Why a text is not the value it should be, as one sentence that ends in what to do.
/// It never quotes what may hold a password.
public struct ValueError: Error, Hashable, CustomStringConvertible {
  /// The sentence, without the path of the setting.
  public let reason: String

  /// - Parameter reason: a sentence without its subject's path and without a full stop.
  public init(_ reason: String) { self.reason = reason }

  public var description: String { reason }
}
