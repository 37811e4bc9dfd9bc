import SluiceCache
import SluiceFigures
import SluiceLedger
import SluiceRouting

extension RoutedCache {
  /// How much it may hold, and how long it waits.
  public struct Options: Sendable {
    /// Writes and compared reads that may wait for the mirror. More compares are dropped and counted; of more writes the keys
    /// become suspects.
    public var mirrorQueue = 10_000
    /// The longest that an operation waits for what its stack has yet to hear about the key, after a flip.
    public var fenceDeadline = Duration.seconds(2)
    /// Seconds of figures that go into one row of the ledger.
    public var figuresInterval = 10.0
    /// Suspect keys that are repaired per second and stack.
    public var repairsPerSecond = 50
    /// Whether a read that misses on new is answered by legacy, and the value copied to new: for keys that nobody has written since
    /// writes go to both. What new has let expire, or evicted, comes back the same way.
    public var warmOnMiss = false
    /// Whether keys are written to the ledger as hashes that only this run can make.
    public var hashKeys = false
    /// Bytes of each value that a divergence keeps; 0 keeps none.
    public var previewBytes = 0

    /// The defaults.
    public init() {}

    func ledgerConfiguration(_ path: String) -> LedgerConfiguration {
      var configuration = LedgerConfiguration(path: path)
      configuration.hashKeys = hashKeys
      configuration.previewBytes = max(0, previewBytes)
      return configuration
    }
  }
}

/// The commands of a cache, with the names under which the proxy's ledger has them.
enum RoutedCommand: UInt16 {
  case get, set, delete, exists, ttl, invalidate

  var name: String {
    switch self {
    case .get: "GET"
    case .set: "SET"
    case .delete: "DEL"
    case .exists: "EXISTS"
    case .ttl: "TTL"
    case .invalidate: "INVALIDATE"
    }
  }

  var commandClass: CommandClass {
    switch self {
    case .get, .exists, .ttl: .read
    case .set, .delete, .invalidate: .write
    }
  }
}

extension Reading.Question {
  var command: RoutedCommand {
    switch self {
    case .value: .get
    case .exists: .exists
    case .ttl: .ttl
    }
  }
}
