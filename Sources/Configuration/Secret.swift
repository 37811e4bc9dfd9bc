/// A password that cannot be printed by accident: every description of it, `dump` included, says `***`.
public struct Secret: Sendable, Hashable {
  /// The password itself. For the wire only; never log it.
  public let revealed: String

  /// - Parameter revealed: the password itself.
  public init(_ revealed: String) { self.revealed = revealed }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "***" }
  public var debugDescription: String { "***" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
