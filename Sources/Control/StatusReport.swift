import Foundation
import SluiceFlags

/// What `STATUS` says, in the shape in which it goes out as JSON.
// The names of the properties are those of the JSON.
// swift-format-ignore: AlwaysUseLowerCamelCase
struct StatusReport: Encodable, Sendable {
  var version: String
  /// As configured; null if it is not.
  var service: String?
  /// What this proxy is called among those of its service.
  var instance = ""
  var uptime_seconds: Int
  /// As the flags say.
  var stage: String
  /// In force: another one while rolled back.
  var effective_stage: String
  /// The share of keys of the new stack; null when it depends on rules.
  var percent: Double?
  var rolled_back: Bool
  var rollback: Rollback?
  /// Why the latch file is not there although the proxy is rolled back; null if it is there.
  var latch_error: String?
  /// A latch file that was lifted here and stays for others who share its folder; null if there is none.
  var latch_left: String?
  /// Why a restart would forget what is in force, rollback included; null if it is remembered beside the journal.
  var memory_error: String?
  /// Null unless legacy stands in for new, which cannot be reached.
  var fallback: Fallback?
  var flags: Flags
  var listen: [String]
  var control: [String]
  /// Where the page is; empty where there is none.
  var admin: [String] = []
  var stacks: [String: Stack]
  /// How often a stack was found, or made, empty; `WALKED` wants it back.
  var times_found_empty: UInt64
  var clients: Clients
  /// What the proxy itself refused since the start, the most frequent first.
  var refusals: [Refusal]
  /// What was asked since the start that one of the two servers does not have (`new_lacks_it`, `legacy_lacks_it`), the most frequent first.
  var lacks: [Refusal]
  var compare: Compare
  /// What is known of the present step, and of the next one.
  var step: Step
  /// Where the ramp is, and what it waits for.
  var plan: Plan
  var mirror: Mirror
  var copies = Copies()
  var transactions = Transactions()
  var scripts = Scripts()
  /// Commands that the proxy held since the start before it asked a stack, by reason: `fence`, `key` (it was on its way back), `outage`.
  var holds: [String: Holds] = [:]
  var ledger: Ledger
  /// Where suspects and the keys of writes in flight outlive the process.
  var journal: Journal
  /// Which server is behind legacy and which behind new: `Redis 7.0.15 -> Redis 8.2.3`; null until both were met.
  var pair: String?
  /// The last hour in pieces; only where it was asked for.
  var windows: Windows?
  /// Clocks that differ by more than is tolerated, one sentence each.
  var clocks: [String] = []
  var wrong_passwords = WrongPasswords()
  /// Who may do what, as the configuration says it.
  var access = Access()
  /// Null where nobody is told of anything.
  var telling: Telling?
  /// Our doors' certificate and hand-shakes; null where none speaks TLS.
  var tls: TLS?

  struct Fallback: Encodable, Sendable {
    /// `reads` or `reads_and_writes`.
    var mode: String
    var reason: String
    var since: Date
  }

  struct Flags: Encodable, Sendable {
    var path: String?
    /// `file`, or `built_in`: no file is named, or none was good since the start; or `remembered`: the same, and what was in force in
    /// the run before stays.
    var source: String
    var version: String
    var error: String?
    var loaded_at: Date
    /// The generation of flagd's hash by which keys are bucketed: `v2` or `v3`.
    var fractional_hash = "v2"
    /// Where they are fetched from, when that went well last, and why it did not since; null if they are not fetched.
    var url: String?
    var fetched_at: Date?
    var fetch_error: String?
  }

  struct Stack: Encodable, Sendable {
    var endpoint: String
    /// What the server calls its run, and the number of the database there; null as long as the server has not told.
    var run_id: String?
    var database: Int?
    var health: String
    var since: Date
    var reason: String?
    /// What it said last of its own trouble (`OOM …`, `READONLY …`), and when; null if it never did.
    var last_trouble: HealthBoard.Words?
    var in_flight: Int
    /// Mirrored commands that it has not answered yet, and their bytes.
    var mirror_queue: Int
    var mirror_queue_bytes = 0
    /// Keys on which the stack may be wrong; they are repaired, and never served.
    var suspects: Int
    /// Since the start of the process: keys that became suspects, those that were repaired by a copy, and those deleted.
    var suspects_made: UInt64
    var suspects_repaired: UInt64
    var suspects_deleted: UInt64
    /// Keys that the other stack has right and no way can carry here, by reason, and the names of some: they are missing here.
    var uncarried = 0
    var uncarried_reasons: [String: Int] = [:]
    var uncarried_keys: [String] = []
    /// `closed`, `open` (nothing is sent until the wait is over) or `half_open` (a connection is tried): of the worst lane.
    var breaker: String
    /// Failures since the stack last answered a command, of the worst lane.
    var failures: Int
    /// Since when the stack lacks keys that the other one has: it came up empty, or was emptied. Null if it does not.
    var cold_since: Date?
    var operations: UInt64
    var errors: UInt64
    /// The last minute, by role: `primary`, where clients waited for it, and `mirror`.
    var last_minute: [String: Recent] = [:]
    /// The same of the last hour.
    var last_hour: [String: Recent] = [:]
    /// Nil for a stack without layers.
    var layers: Layers?
    /// What the server is, by its own word; null as long as it was not met.
    var server: Server?
    /// The stack's clock minus the proxy's, as its last hand-shake told; null if it did not.
    var clock_offset_ms: Int?
    /// By how much expiries are moved for it, fixed for one run of the server; 0 within the tolerance.
    var clock_shift_ms = 0
    /// Bytes that the server uses, and keys that it has evicted since the routing in force began; null if it does not tell.
    var used_memory: Int?
    var evicted_keys: Int?
  }

  struct Server: Encodable, Sendable {
    /// `Valkey 9.1.2`
    var name: String
    /// Of its dumps: `RESTORE` takes its own number or a lower one.
    var dump_version: Int?
    var maxmemory: Int?
    var maxmemory_policy: String?
    var databases: Int?
    var cluster: Bool?
    var modules: [String]?
    /// What it would not tell.
    var not_known: [String]
  }

  /// Passwords that were tried and were wrong, since the start.
  struct WrongPasswords: Encodable, Sendable {
    var clients = Door()
    var control = Door()
    /// Tokens.
    var admin = Door()

    struct Door: Encodable, Sendable {
      var count: UInt64 = 0
      /// Null before the first.
      var last_from: String?
      var last_at: Date?
    }
  }

  struct Layers: Encodable, Sendable {
    /// Those that are on, in the order in which a command meets them.
    var names: [String]
    var l1_hits: UInt64
    var l1_misses: UInt64
    var l1_entries: Int
    var compressed: UInt64
    var decompressed: UInt64
    var bytes_before: UInt64
    var bytes_after: UInt64
    /// Values stored plain again for a command that looks into their bytes.
    var expanded: UInt64
    /// Stored values that nobody can read; answered as misses.
    var corrupt: UInt64
    /// Commands that a layer refused.
    var refused: UInt64
    /// Since when the memory answers in the endpoint's place; null while the endpoint does.
    var memory_since: Date?
    var reason: String?
    /// Keys to be deleted at the endpoint before it answers again; null is all.
    var stale_keys: Int?
    var losses: UInt64
    var recoveries: UInt64
  }

  struct Clients: Encodable, Sendable {
    var connected: Int
    var total: Int
    var cut_off: Int
    /// Of these, those that held most when all together held more than `memory_limit`.
    var cut_off_for_memory: Int
    /// Bytes that all of them hold: replies that wait for them, and commands that they have not finished.
    var memory: Int
    var memory_limit: Int
    /// Clients at a time, as far as the system lets the process open files; why they are fewer than configured, and how many were
    /// told that they are one too many.
    var max = 0
    var max_reason: String?
    var turned_away = 0
    /// Clients that were told that their address has as many as it may have.
    var turned_away_by_address = 0
    /// How they waited in the `last_minute`, the `last_hour` and `since_start`, what the proxy held included.
    var waits: [String: Waits] = [:]
  }

  struct Refusal: Encodable, Sendable {
    var command: String
    var reason: String
    var count: UInt64
    var first_at: Date
    var last_at: Date
    /// Who asked last: its name (`CLIENT SETNAME`), its library (`CLIENT SETINFO`) and where it is; empty if it has not said.
    var client: String
    var library: String
    var address: String
  }

  struct Compare: Encodable, Sendable {
    var matched: UInt64
    var ignored: UInt64
    var superseded: UInt64
    var diverged: UInt64
    var dropped: UInt64
    /// Of diverged, what a client was really served, because it had asked new: another answer than legacy's, and none where legacy has
    /// one.
    var served_different: UInt64
    var served_missing: UInt64
    /// The client had asked legacy, which has no such key, and new has.
    var missed_on_legacy: UInt64
    /// Divergences by kind, those that are not zero.
    var kinds: [String: UInt64]
    /// Why reads were ignored, reasons that are not zero.
    var ignored_by_reason: [String: UInt64]
    /// Of all these, what was counted since the last flip, on which the verdict stands.
    var since_flip: SinceFlip
    /// Since the last flip, in the words of the ledger: pass, cold, differs or hold.
    var verdict: String
    /// Why, in one sentence.
    var verdict_reason = ""
  }

  struct SinceFlip: Encodable, Sendable {
    var matched: UInt64
    var superseded: UInt64
    var diverged: UInt64
    var dropped: UInt64
  }

  struct Step: Encodable, Sendable {
    /// Seconds that its account covers: the time in which no proxy ran is left out.
    var seconds: UInt64
    /// Why it was taken ahead of its gates; null if it was not.
    var forced: String?
    /// Why no step up is taken; null unless a guardrail has asked for that.
    var paused: String?
    /// Differences that are known and not closed, under whatever routing they were seen.
    var open_divergences: UInt64
    /// Whether there may be more: more differ than are known one by one.
    var open_is_least: Bool
    /// What is meant to differ, as `close` was told.
    var closings: [Closing]
    /// The way on, as `sluice` would be told it; null where there is none.
    var next: String?
    var gates: [GateRow]
    var guardrails: [String: Guardrail]
  }

  struct Closing: Encodable, Sendable {
    /// Null is any.
    var kind: String?
    var keys: String
    var why: String
    var who: String
    var at: Date
  }

  struct GateRow: Encodable, Sendable {
    var name: String
    var now: String
    var needed: String
    /// Empty where it is met.
    var missing: String
    /// Whether it refuses the step without a plan too.
    var is_against: Bool
    /// In how many seconds time alone will have met it; null where nobody can say.
    var about_seconds: UInt64?
  }

  struct Guardrail: Encodable, Sendable {
    /// 0 while all is well, 1 where it has acted.
    var score: Double
    /// Bad units, and all, since the score was last 0.
    var bad: UInt64
    var total: UInt64
    var healthy: Double
    var broken: Double
    var reaction: String
  }

  /// Values that were carried from one stack to the other since the start, by the way they took.
  struct Holds: Encodable, Sendable {
    var commands: UInt64
    /// How long, in microseconds.
    var p50_us: UInt64
    var p99_us: UInt64
    var max_us: UInt64
  }

  struct Transactions: Encodable, Sendable {
    /// Whether one with keys on both stacks is carried as one block on each, which is not atomic; else it is refused.
    var split = false
    /// How many were.
    var carried_split: UInt64 = 0
  }

  struct Scripts: Encodable, Sendable {
    /// How many rules stand in the configuration.
    var rules = 0
    /// Scripts without a rule that may touch keys which they do not declare, by SHA-1, and why.
    var suspected: [String] = []
    /// How often one touched keys that nobody can name, and was not repeated: what it did there is on one stack alone.
    var untold: UInt64 = 0
  }

  struct Copies: Encodable, Sendable {
    /// The dump as it is, and with the other server's stamp.
    var dump: UInt64 = 0
    var restamped: UInt64 = 0
    /// Read and written by type, at once and in pieces.
    var value: UInt64 = 0
    var pieces: UInt64 = 0
  }

  struct Mirror: Encodable, Sendable {
    var writes: UInt64
    var dropped_writes: UInt64
    var errors: UInt64
  }

  struct Journal: Encodable, Sendable {
    var path: String?
    /// `ok`, `degraded` or `off`.
    var health: String
    var reason: String?
    /// What of it was missing or not what was written when this process began, and of which stacks every key was taken for a suspect
    /// for it. Null if nothing was.
    var damage: String?
  }

  struct Ledger: Encodable, Sendable {
    /// Where it is written now.
    var path: String?
    /// `ok`; `replaced`, where the file of this run was lost and another one was begun; `degraded`, `closed` or `off`.
    var health: String
    var reason: String?
    var queued: Int
    var lost_samples: UInt64
  }

  var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    guard let data = try? encoder.encode(self) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }
}
