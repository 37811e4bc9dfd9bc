/// The guide's two switches in the environment: `USE_NEW_CACHE_FACTORY` goes to the new world, `USE_LEGACY_CACHE` goes back and
/// always wins.
///
/// The way back is set by everything but a clear no (`false`, `0`, `no`, `off`, nothing), so that a slip of the pen cannot undo a
/// rollback; the way ahead only by a clear yes (`true`, `1`, `yes`, `on`). Case and blanks around it do not matter.
public struct EnvironmentSwitches: Sendable, Equatable {
  /// The name of the switch that goes back.
  public static let legacyName = "USE_LEGACY_CACHE"
  /// The name of the switch that goes forward; a flag file says more and wins over it.
  public static let newName = "USE_NEW_CACHE_FACTORY"
  /// Why the latch is set when the environment sets it.
  public static let legacyReason = "\(legacyName) is set in the environment"

  /// Whether every key is to be answered by legacy, whatever flags and operators say.
  public let useLegacy: Bool
  /// Whether, without a flag file, every key is to be answered by the new stack. Never together with `useLegacy`.
  public let useNew: Bool

  public init(_ environment: [String: String]) {
    func word(_ name: String) -> String {
      let text = environment[name] ?? ""
      return text.split(whereSeparator: \.isWhitespace).joined(separator: " ").lowercased()
    }
    useLegacy = !["", "false", "0", "no", "off"].contains(word(Self.legacyName))
    useNew = !useLegacy && ["true", "1", "yes", "on"].contains(word(Self.newName))
  }
}
