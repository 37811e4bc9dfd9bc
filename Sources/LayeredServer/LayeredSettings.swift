import SluiceCacheLayers
import SluiceRESP
import SluiceTLS

/// One layered stack: where its endpoint is, and which layers stand before it.
public struct LayeredSettings: Sendable {
  /// Where the endpoint listens.
  public enum Address: Sendable, Equatable {
    case tcp(host: String, port: Int)
    /// A Redis, or a memory engine, behind a unix socket.
    case unix(path: String)
  }

  public var address: Address
  /// ACL user; nil sends the password alone.
  public var user: String?
  public var password: String?
  /// Asks for the password of this moment, on a thread that may wait for a disk; nil where it is `password` for ever.
  public var freshPassword: (@Sendable () -> String?)?
  /// Called when bytes of a reply that is not whole yet, or of a request that is still taken, have moved on the link to the endpoint:
  /// the lanes hear nothing of it.
  public var beat: @Sendable () -> Void = {}
  /// How TLS is spoken to the endpoint; nil where none is.
  public var tls: ClientTLSContext?
  /// Selected on every connection; 0 needs no word.
  public var database = 0
  /// The endpoint as people see it, without its password.
  public var label: String
  /// How long a connection may take, hand-shake included, in nanoseconds.
  public var connectTimeout: Int64 = 1_000_000_000
  /// How long the endpoint may say nothing while it owes a reply, in nanoseconds.
  public var commandTimeout: Int64 = 1_000_000_000
  /// First and longest wait before the endpoint is tried again, in nanoseconds.
  public var backoffInitial: Int64 = 50_000_000
  public var backoffMaximum: Int64 = 2_000_000_000
  public var limits = FrameLimits()

  /// Nil: no L1.
  public var l1: L1?
  /// Nil: values are stored as they came.
  public var compression: Compression?
  /// What a string gets that is written without an expiry; zero is none.
  public var defaultTTL: Duration = .zero
  /// Empty: keys stay as they are.
  public var keyPrefix: [UInt8] = []
  public var onConnectionError = OnConnectionError.fail
  /// A process before this one may have been told what the endpoint does not know, and is no more: should memory answer before the
  /// lanes have met the endpoint, all of it is stale.
  public var isDoubtful = false
  /// The bound of the engine that serves while the endpoint is away, in bytes.
  public var fallbackBytes = 256 << 20

  /// The layer near the reader.
  public struct L1: Sendable, Equatable {
    /// Bound on the number of entries, 1 or more.
    public var entries: Int
    /// The longest life of an entry; zero leaves it to the endpoint's expiry alone.
    public var ttl: Duration
    /// Bound on keys and values, in bytes.
    public var bytes = 64 << 20

    public init(entries: Int, ttl: Duration = .zero) {
      self.entries = entries
      self.ttl = ttl
    }
  }

  /// Values above the threshold are stored by zlib.
  public struct Compression: Sendable, Equatable {
    /// In bytes.
    public var threshold: Int
    /// 1 is fast, 9 is small.
    public var level: Int

    public init(threshold: Int, level: Int) {
      self.threshold = threshold
      self.level = level
    }
  }

  /// What becomes of commands while the endpoint cannot be reached.
  public enum OnConnectionError: String, Sendable, Equatable {
    /// As with a plain endpoint: the connection is closed, and opened again.
    case fail
    /// An embedded engine answers until the endpoint is back.
    case memory
  }

  public init(address: Address, label: String) {
    self.address = address
    self.label = label
  }

  /// Numbers are never compressed, whatever the threshold, so that `INCR` finds them as they are: none is longer.
  static let leastThreshold = 64

  var codec: CompressionCodec? {
    compression.map {
      CompressionCodec(threshold: max($0.threshold, LayeredSettings.leastThreshold), level: $0.level)
    }
  }

  /// The default TTL in milliseconds; 0 is none.
  var defaultMilliseconds: Int {
    switch DefaultTTL(defaultTTL).life(given: nil) {
    case .ends(let life): Int(clamping: life.wholeMilliseconds)
    case .forever, .over: 0
    }
  }
}
