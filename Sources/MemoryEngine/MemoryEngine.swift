import SluiceRESP

/// The embedded cache engine behind `memory:`: Redis' types of values with expiries, under an exact LRU with
/// a bound in bytes, answering byte for byte as Redis 7.0 does.
///
/// The way of one command:
/// ```
///   frame + argument ranges ──▶ execute ──▶ CommandTable (name, arity) ──▶ run ──▶ one method per command
///                                                                                    │
///   output ◀── RESP2 reply ◀─────────────────────────────────────────────────────── Store (slab, index, LRU)
/// ```
/// It has one owner and no locks, does no I/O and reads the time only from the clock it was given.
public struct MemoryEngine: ~Copyable {
  var store: Store
  let clock: () -> UInt64
  let table = CommandTable()
  let startedAt: Int64
  /// Milliseconds since 1970, read once per command, so that one command sees one time.
  var now: Int64
  var hits: UInt64 = 0
  var misses: UInt64 = 0
  var commandsProcessed: UInt64 = 0
  var random: SplitMix

  /// How many clients `INFO clients` reports; the owner keeps it current.
  public var connectedClients = 0

  /// Redis' `proto-max-bulk-len`: no value grows beyond 512 MiB.
  static let longestString: Int64 = 512 << 20

  /// - Parameters:
  ///   - maxBytes: the bound on keys, values and 128 bytes per entry; at least 1 is taken.
  ///   - maxEntries: a bound on the number of entries; nil is none but the 2^31 - 2 that the store can
  /// number.
  ///   - seed: what random choices begin from; nil is another one each time.
  ///   - clock: milliseconds since 1970.
  public init(
    maxBytes: Int = 256 << 20, maxEntries: Int? = nil, seed: UInt64? = nil, clock: @escaping () -> UInt64
  ) {
    let mostEntries = Int(Int32.max) - 1
    store = Store(maxBytes: max(1, maxBytes), maxEntries: min(max(1, maxEntries ?? mostEntries), mostEntries))
    self.clock = clock
    random = SplitMix(seed: seed ?? .random(in: .min ... .max))
    now = Int64(clamping: clock())
    startedAt = now
  }

  /// What the owner of the connection does after the reply.
  public enum AfterReply: Sendable { case keepOpen, close }

  /// The number of entries, expired ones included that nobody has met yet.
  public var count: Int { store.count }
  /// The cost of all entries in bytes, never more than `maxBytes`.
  public var usedBytes: Int { store.usedBytes }
  /// Entries that made room for others.
  public var evictedKeys: UInt64 { store.evictedKeys }
  /// Entries whose time was up.
  public var expiredKeys: UInt64 { store.expiredKeys }

  /// Runs one command and appends exactly one reply.
  /// - Parameters:
  ///   - frame: the bytes of the command, from its first one.
  ///   - arguments: where its arguments stand in `frame`, the name first; as `RequestFramer` reports them.
  ///   - session: the state of the client's connection.
  ///   - output: gets the reply appended.
  public mutating func execute(
    _ frame: Span<UInt8>, _ arguments: [ArgumentRange], session: inout MemorySession,
    into output: inout [UInt8]
  ) -> AfterReply {
    now = Int64(clamping: clock())
    guard let first = arguments.first else { return .keepOpen }
    commandsProcessed &+= 1
    let name = frame.extracting(first.range)
    guard let row = table.row(name) else {
      output.reply(unsupported: name)
      return .keepOpen
    }
    guard arguments.count == row.arity || (row.arity < 0 && arguments.count >= -row.arity) else {
      output.reply(wrongArityFor: row.name)
      return .keepOpen
    }
    switch row.action {
    case .verb(.quit):
      output.replyOK()
      return .close
    case .verb(let verb):
      run(verb, frame, arguments, &session, &output)
    case .command(let run):
      let start = output.count
      let request = Request(row.name, frame, arguments)
      do {
        try run(&self, request, &output)
      } catch {
        output.removeLast(output.count - start)
        output.reply(error as? Refusal ?? .syntax, for: row.name)
      }
    }
    return .keepOpen
  }

  /// Removes expired entries that nobody asks for any more; a walk that goes on where the last one ended.
  /// - Parameter budget: the most slots to look at; zero or less looks at none.
  /// - Returns: how many entries were removed.
  @discardableResult
  public mutating func sweep(budget: Int) -> Int {
    store.sweep(budget: max(0, budget), now: Int64(clamping: clock()))
  }

  private mutating func run(
    _ verb: Verb, _ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ session: inout MemorySession,
    _ output: inout [UInt8]
  ) {
    switch verb {
    case .get: get(frame, arguments, &output)
    case .set: set(frame, arguments, &output)
    case .setnx: setnx(frame, arguments, &output)
    case .setex: setex(frame, arguments, .seconds, "setex", &output)
    case .psetex: setex(frame, arguments, .milliseconds, "psetex", &output)
    case .getset: getset(frame, arguments, &output)
    case .getdel: getdel(frame, arguments, &output)
    case .getex: getex(frame, arguments, &output)
    case .mget: mget(frame, arguments, &output)
    case .mset: mset(frame, arguments, onlyIfNone: false, &output)
    case .msetnx: mset(frame, arguments, onlyIfNone: true, &output)
    case .append: append(frame, arguments, &output)
    case .strlen: strlen(frame, arguments, &output)
    case .getrange, .substr: getrange(frame, arguments, &output)
    case .setrange: setrange(frame, arguments, &output)
    case .incr: increment(frame, arguments, by: 1, &output)
    case .decr: increment(frame, arguments, by: -1, &output)
    case .incrby: incrby(frame, arguments, &output)
    case .decrby: decrby(frame, arguments, &output)
    case .incrbyfloat: incrbyfloat(frame, arguments, &output)
    case .del, .unlink: del(frame, arguments, &output)
    case .exists, .touch: exists(frame, arguments, &output)
    case .type: type(frame, arguments, &output)
    case .rename: rename(frame, arguments, onlyIfNone: false, &output)
    case .renamenx: rename(frame, arguments, onlyIfNone: true, &output)
    case .copy: copy(frame, arguments, &output)
    case .randomkey: randomkey(&output)
    case .keys: keys(frame, arguments, &output)
    case .scan: scan(frame, arguments, &output)
    case .object: object(frame, arguments, &output)
    case .dump: dump(frame, arguments, &output)
    case .restore: restore(frame, arguments, &output)
    case .expire: expire(frame, arguments, .seconds, from: now, "expire", &output)
    case .pexpire: expire(frame, arguments, .milliseconds, from: now, "pexpire", &output)
    case .expireat: expire(frame, arguments, .seconds, from: 0, "expireat", &output)
    case .pexpireat: expire(frame, arguments, .milliseconds, from: 0, "pexpireat", &output)
    case .ttl: ttl(frame, arguments, .seconds, absolute: false, &output)
    case .pttl: ttl(frame, arguments, .milliseconds, absolute: false, &output)
    case .expiretime: ttl(frame, arguments, .seconds, absolute: true, &output)
    case .pexpiretime: ttl(frame, arguments, .milliseconds, absolute: true, &output)
    case .persist: persist(frame, arguments, &output)
    case .dbsize: output.reply(integer: Int64(store.count))
    case .flushdb, .flushall: flush(frame, arguments, &output)
    case .ping: ping(frame, arguments, &output)
    case .echo: output.reply(bulk: frame.extracting(arguments[1].range))
    case .select: select(frame, arguments, &output)
    case .auth: auth(frame, arguments, &output)
    case .quit: output.replyOK()
    case .client: client(frame, arguments, &session, &output)
    case .config: config(frame, arguments, &output)
    case .command: command(frame, arguments, &output)
    case .info: info(frame, arguments, &output)
    case .time: time(&output)
    }
  }
}
