/// Which of the two servers.
public struct CommandSides: OptionSet, Sendable, BitwiseCopyable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let legacy = CommandSides(rawValue: 1)
  public static let new = CommandSides(rawValue: 2)
  public static let both: CommandSides = [.legacy, .new]
}
