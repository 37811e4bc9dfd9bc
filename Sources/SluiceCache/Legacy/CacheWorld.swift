import Foundation
import SluiceSwitches

/// Which of the two worlds a process uses, as the guide's switches say it, for a service without flags.
public enum CacheWorld: String, Sendable {
  /// The caches as they were.
  case legacy
  /// The caches of the factory.
  case new

  /// Reads `USE_LEGACY_CACHE`, which always wins, and `USE_NEW_CACHE_FACTORY`; without either it is legacy, as in
  /// the guide. ``EnvironmentSwitches`` has the rules, the same as for the proxy and for a routed cache.
  public static func choose(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> CacheWorld {
    EnvironmentSwitches(environment).useNew ? .new : .legacy
  }
}
