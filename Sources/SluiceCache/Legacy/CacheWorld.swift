import Foundation

/// Which of the two worlds a process uses, as the guide's switches say it.
public enum CacheWorld: String, Sendable {
  /// The caches as they were.
  case legacy
  /// The caches of the factory.
  case new

  /// Reads `USE_LEGACY_CACHE` and `USE_NEW_CACHE_FACTORY`; nil if neither says anything, so that the flags
  /// decide, or the guide's default: `CacheWorld.choose() ?? .legacy`.
  ///
  /// The first is the way back and always wins: everything but a clear no (`false`, `0`, `no`, `off`,
  /// nothing) means legacy, so that a slip of the pen cannot undo a rollback. The second means new if it is
  /// `true`, `1`, `yes` or `on`, and legacy if it is anything else. Case and blanks around it do not matter.
  public static func choose(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> CacheWorld? {
    let back = word(environment["USE_LEGACY_CACHE"])
    guard ["", "false", "0", "no", "off"].contains(back) else { return .legacy }
    let ahead = word(environment["USE_NEW_CACHE_FACTORY"])
    guard !ahead.isEmpty else { return nil }
    return ["true", "1", "yes", "on"].contains(ahead) ? .new : .legacy
  }

  private static func word(_ text: String?) -> String {
    (text ?? "").trimmingCharacters(in: .whitespacesAndNewlines).lowercased()
  }
}
