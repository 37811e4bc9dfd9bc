import SluiceAccess
import SluiceHTTPCaller
import SluiceScripts
import SluiceTLS

/// Everything that `sluice serve` needs to know. `ServeConfiguration()` is what it does without flags and
/// file.
public struct ServeConfiguration: Sendable, Hashable {
  /// What the cache is called that this proxy stands before; all instances of it have the same name. Nil if nobody has said.
  public var service: String?
  /// What this proxy is called among them; nil is the machine's name.
  public var instance: String?
  /// Where clients connect; never empty.
  public var listen: [Address] = [.tcp(host: "127.0.0.1", port: 6400)]
  /// Where the control port listens; never empty.
  public var control: [Address] = [.tcp(host: "127.0.0.1", port: 6401)]
  /// The door for machines and people.
  public var admin = Admin()
  /// Event loops of the data plane, 1 to 64.
  public var threads = 1
  public var stacks = Stacks()
  public var timeouts = Timeouts()
  public var flags = Flags()
  public var ledger = Ledger()
  public var mirror = Mirror()
  public var copy = Copy()
  /// A read that misses on new is answered from legacy, and its key brought over; for the keys that new answers for.
  public var warmOnMiss = false
  /// A transaction with keys on both stacks is carried as one block on each, which is not atomic; else it is refused.
  public var splitsTransactions = false
  /// What is known of scripts that nobody could tell from outside, beside what ships.
  public var scripts: [ScriptRule] = []
  /// What legacy does for new's cohort while new cannot be reached.
  public var fallback = Fallback.readsAndWrites
  public var limits = Limits()
  /// What clients must send by `AUTH`; nil asks for nothing.
  public var password: Secret?
  /// The file that `password` was read from.
  public var passwordFile: String?
  /// What operators must send to the control port, never the clients' password; nil asks for nothing.
  public var controlPassword: Secret?
  /// The file that `controlPassword` was read from.
  public var controlPasswordFile: String?
  /// Other machines may be listened to without a password.
  public var allowsNoPassword = false
  /// Who may log in, and what they may do.
  public var users: [User] = []
  /// What nobody may do.
  public var deniedCommands: [CommandRule.Subject] = []
  /// How our doors speak TLS, where an address says `tls:`.
  public var tls = TLS()
  /// How long commands in flight may take after SIGTERM before their connections are cut.
  public var drainDeadline: Duration = .seconds(5)
  /// Who is told of events.
  public var receivers: [Receiver] = []
  public var telemetry = Telemetry()
  public var logLevel = LogLevel.info
  public var logFormat = LogFormat.text

  public init() {}

  /// The two stacks.
  public struct Stacks: Sendable, Hashable {
    public var legacy = StackConfiguration()
    public var new = StackConfiguration()
    public init() {}
  }

  /// Deadlines towards the stacks. `connect` and `command` are the defaults of both; a stack may have its
  /// own.
  public struct Timeouts: Sendable, Hashable {
    /// For a connection to be there, login included.
    public var connect: Duration = .seconds(1)
    /// For the reply of one command.
    public var command: Duration = .seconds(1)
    /// First wait before connecting again; it doubles with each failure, with jitter.
    public var reconnectInitial: Duration = .milliseconds(50)
    /// Longest wait before connecting again.
    public var reconnectMax: Duration = .seconds(2)
    public init() {}
  }

  /// Where the routing comes from.
  public struct Flags: Sendable, Hashable {
    /// A flagd file, watched; nil means the embedded default flags, held in memory.
    public var path: String?
    /// Accept an edit of the file that moves keys back and forth.
    public var allowReshuffle = false
    /// Where the file is fetched from, for all proxies of a service; nil fetches none.
    public var source: HTTPPlace?
    /// How often it is asked whether there is another one.
    public var interval: Duration = .seconds(5)
    /// What stands in the header `Authorization` there.
    public var authorization: Secret?
    public var tls = ClientTLS()
    public init() {}
  }

  /// What is written down, and where.
  public struct Ledger: Sendable, Hashable {
    /// The SQLite file; nil keeps none.
    public var path: String?
    /// Days that samples and figures stay; 0 keeps them for ever.
    public var retentionDays = 30
    /// Write digests in the place of keys.
    public var hashKeys = false
    /// Bytes of each value kept with a divergence; 0 keeps none.
    public var previewBytes = 0
    /// Rows that may wait for the writer; what does not fit is counted and lost.
    public var queue = 65536
    /// How often figures are written.
    public var figuresInterval: Duration = .seconds(10)
    public init() {}
  }

  /// What may wait for the mirror, per lane, and how exactly it is compared.
  public struct Mirror: Sendable, Hashable {
    /// Commands in one mirror queue.
    public var queueCommands = 100_000
    /// Bytes in one mirror queue.
    public var queueBytes = 64 << 20
    /// How far the stacks may lie apart in time before a comparison calls it a difference.
    public var ttlTolerance: Duration = .seconds(1)
    public init() {}
  }

  /// How values are carried from one stack to the other.
  public struct Copy: Sendable, Hashable {
    /// How long one question or one write of a copy may hold a server, by type and length: a larger value goes in pieces.
    public var slice: Duration = .milliseconds(5)
    /// How long a command waits for its key to come back from the other stack.
    public var hold: Duration = .milliseconds(250)
    public init() {}
  }

  /// What a client may cost.
  public struct Limits: Sendable, Hashable {
    /// Largest bulk string, as Redis's `proto-max-bulk-len`.
    public var frameBytes = 512 << 20
    /// Most arguments of one command.
    public var arguments = 1_048_576
    /// Longest inline command and longest header line.
    public var inlineBytes = 64 << 10
    /// Deepest nesting of a reply.
    public var nesting = 32
    /// Commands in flight per client; further ones wait in the kernel.
    public var pipeline = 1024
    /// Replies waiting for a client that does not read; above it the client is cut off.
    public var clientOutputBytes = 64 << 20
    /// A client that reads nothing this long while replies wait for it is cut off.
    public var clientOutputStall: Duration = .seconds(30)
    /// A client that takes longer than this to finish one command is cut off.
    public var unfinishedCommand: Duration = .seconds(60)
    /// Clients at a time; the next one is refused with an error, as Redis does.
    public var maxClients = 10_000
    /// Clients of one address at a time; 0 counts nothing against it.
    public var clientsPerAddress = 0
    /// A client that sends nothing this long is closed; zero means never.
    public var clientIdle: Duration = .zero
    /// What all clients together may hold: replies that wait for them, and commands that they have not finished. Above it the greediest
    /// is closed.
    public var memory = 1 << 30
    public init() {}
  }
}

extension ServeConfiguration {
  /// What legacy does for new's cohort while new cannot be reached.
  public enum Fallback: String, Sendable, Hashable, CaseIterable {
    case off
    case reads
    case readsAndWrites = "reads_and_writes"
  }
}

/// How a line of the log is written.
public enum LogFormat: String, Sendable, Hashable, CaseIterable {
  case text, json
}

/// How much is logged, in the words of swift-log.
public enum LogLevel: String, Sendable, Hashable, CaseIterable {
  case trace, debug, info, notice, warning, error, critical
}
