import DequeModule
import SluiceCommands
import SluiceCopying
import SluiceFigures
import SluiceJournal
import SluicePacing
import SluiceRESP
import SluiceRouting
import SluiceServers

/// A share of the key space with one connection to each stack, owned by one event loop.
///
///       client ── ClientSession ──▶ request ──▶ forward ──▶ StackConnection ──▶ primary
///                                      │ (fence: hold)              │
///       client ◀── ClientSession ◀── deliver ◀── replyArrived ◀─────┘
///                                                    │
///                                       mirror / compare ──▶ StackConnection ──▶ mirror
///                                                                    │
///                                              count / Recheck ◀─────┘
///
/// `Lane+request.swift` is the way there, `Lane+reply.swift` the way back, `Lane+mirror.swift` what happens behind the
/// client's back, `Lane+fence.swift` how keys change sides, `Lane+turn.swift` when bytes meet the kernel.
///
/// It calls nothing outside: what is to be done there is an `Effect`, which whoever has brought the event carries out behind it.
///
/// Confined to its loop: other threads hold references to hand work over (`.post`, `loop.execute`), never to look
/// inside. That is the proof behind `@unchecked Sendable`.
package final class Lane: @unchecked Sendable {
  package let index: Int
  package let loop: any Loop
  package let settings: ProxySettings
  /// What is to be done outside, in this order.
  package var effects: [Effect] = []
  /// The commands as the servers in use have them. A value that never changes; another one takes its place when a server has told.
  private(set) var table = CommandTable.shared
  /// Who may do what.
  var access: LaneAccess
  /// What the effects of some commands can be told in at each stack.
  private(set) var abilities: (legacy: ServerAbilities, new: ServerAbilities) = (.assumed, .assumed)
  /// The rows of the commands that the lane sends on its own behalf.
  let deletion = CommandTable.shared.lookup(Array("UNLINK".utf8).span)
  let evals = ["EVAL", "EVAL_RO"].map { CommandTable.shared.lookup(Array($0.utf8).span) }
  let evalSHA = CommandTable.shared.lookup(Array("EVALSHA".utf8).span)
  let functionCall = CommandTable.shared.lookup(Array("FCALL".utf8).span)
  let multi = CommandTable.shared.lookup(Array("MULTI".utf8).span)
  let scriptLoad = CommandTable.shared.lookup(
    subcommand: Array("LOAD".utf8).span, of: CommandTable.shared.lookup(Array("SCRIPT".utf8).span))
  let trimCommand = CommandTable.shared.lookup(Array("XTRIM".utf8).span)
  /// What the servers have told of their commands, and the newest table.
  let book: CommandBook
  /// What outlives the process; nil if nothing does.
  let journal: LaneJournal?

  /// What is in force in this lane.
  var routing: LaneRouting {
    didSet {
      gate.set(.readOnly, routing.refusesWrites)
      if !routing.snapshot.movesNothing(comparedTo: oldValue.snapshot)
        || routing.mirrorsWrites != oldValue.mirrorsWrites
      {
        moves &+= 1
      }
    }
  }
  /// Whether a command may go straight on: the one thing that every command asks.
  var gate = Gate()
  var fence: Fence? { didSet { gate.set(.fence, fence != nil) } }
  var isFenced: Bool { fence != nil }
  var held = HeldCommands()
  /// The newest routing that was published to this lane, in force or behind the fence.
  var newestVersion: UInt64 = 0
  /// Fences raised so far.
  var fences: UInt64 = 0
  /// Commands that had all lanes for themselves so far: they go another way than this lane's connections.
  var exclusions: UInt64 = 0
  /// How often keys have changed sides, or writes have begun or ceased to be mirrored.
  private var moves: UInt64 = 0
  /// Stacks that the fence being up has cut off.
  var cutOff: [StackID] = []
  /// Called when the command that has the lane for itself is through.
  var exclusiveDone: (() -> Void)?
  var isExclusiveAnswered = false
  /// Some lane has suspects while that command runs; only a key's own lane knows whether it is one.
  var exclusiveMeetsSuspects = false
  /// Grows with every command that empties the key space: a copy from before it is worth nothing.
  var epoch: UInt64 = 0

  /// Every lane of the proxy by its index, this one included. Set once, before the first client.
  var peers: [Lane] = []
  let legacy: StackConnection
  let new: StackConnection
  /// Whether both stacks are known to hold the same keys; see `Lane+warmth.swift`.
  var isWarm = false
  /// While they are not: keys that were copied since, on which both are equal.
  var equalKeys: Set<[UInt8]> = []
  /// Whether what new cannot answer is kept for legacy; see `Lane+fallback.swift`.
  var keepsForLegacy = false
  /// Since when the client of a command waits that was held and goes on in this moment; 0 for all others.
  var waitingSince: UInt64 = 0
  var postponed = HeldCommands()
  var postponedSince: UInt64 = 0
  /// How many writes the only stack had been sent when the other one was left out; nil if that was before the start.
  var leftOutAt: UInt64?
  /// How often the stack that was left out had lost everything by then.
  var leftOutLosses: UInt64 = 0

  var figures = LaneFigures()
  /// What the guardrails judge by.
  package var guards = GuardMeter()
  /// Differences that are known and not closed (Lane+known.swift).
  package var known = OpenDivergences()
  var troubles = TroubleSamples()
  /// Nanoseconds of a monotonic clock, read once per turn and socket.
  var now: UInt64 = 0
  /// Keys of which it is not known yet what their last update has met.
  var proofs = OpenProofs()
  /// Questions of our own that are under way.
  var rechecks = 0
  var repairs = 0
  /// Keys whose value is being carried, in either direction; and those that are written in pieces, to the mirror (Lane+return.swift).
  var carrying: [[UInt8]: KeyCarry] = [:]
  var pieces: [[UInt8]: KeyCarry] = [:]
  /// Walks over stacks whose keys are doubtful in a share.
  var shareWalks: [StackID: ShareWalk] = [:]
  /// What the servers have said of their memory.
  var lastMemory: (legacy: MemoryReading?, new: MemoryReading?) = (nil, nil)
  /// Commands that waited for a key go on just now, and wait for nothing.
  var isGoingOn = false
  /// Keys whose copy has cost a connection, how often, and until when they are let alone.
  var slowKeys: [[UInt8]: (times: Int, until: UInt64)] = [:]
  /// Keys are to be copied with the end of this turn.
  var wantsRepairs = false
  /// Orders about keys that wait, and how many are under way (Lane+orders.swift).
  var orders = Deque<WaitingOrder>()
  var ordersUnderWay = 0
  var isStartingOrders = false
  /// Many small keys that are brought over at once, and how many of them are under way (Lane+batches.swift).
  var batches: [KeyBatch] = []
  var gait = BatchGait()
  /// Types whose dumps do not go over between these servers.
  var dumpless: (servers: SmallCopy.Servers?, kinds: [ValueKind]) = (nil, [])
  /// Fills by their keys (Lane+filling.swift).
  var fills: [[UInt8]: KeyFill] = [:] { didSet { gate.set(.fill, !fills.isEmpty) } }
  var isFilling: Bool { !fills.isEmpty }

  // Lane+turn.swift
  var isTurnEndScheduled = false
  var dirty: [ClientSession] = []
  var flushing: [ClientSession] = []
  var resuming: [ClientSession] = []
  var spareBuffers: [Bytes] = []
  var largeSpares = 0
  // Lane+tails.swift
  /// What clients that are read in this turn want the links to be.
  var turnTail = LinkTail.resp2
  var otherTails: [ClientSession] = []
  var crossed = Crossing()
  var outbound: [Crossing] = []

  // Lane+clients.swift
  var sessions: [Int: ClientSession] = [:]
  var clientsTotal = 0
  var clientsCutOff = 0
  /// Of these, those that held most when all together held too much.
  var clientsCutOffForMemory = 0
  /// What all clients of the proxy hold. Set once, before the first client.
  var clientMemory = ClientMemory(limit: .max)
  let weight = LaneWeight()
  /// The scripts of all clients of the proxy. Set once, before the first client.
  var scripts = ScriptLibrary()
  var isDraining = false
  var isShutDown = false
  var congested: [ClientSession] = []
  var lastPatienceCheck: UInt64 = 0
  var lastTick: UInt64 = 0
  var hasSkippedDeadlines = false

  var keyIndices: [Int] = []
  /// The command that an effect is told in; reused.
  var effect: [UInt8] = []
  private let ownHash = BucketHash(prefix: Array("lane".utf8))

  init(
    index: Int, loop: any Loop, settings: ProxySettings, routing: RoutingSnapshot,
    legacy: StackEndpoint, new: StackEndpoint, histories: (legacy: StackHistory, new: StackHistory),
    book: CommandBook, journal: LaneJournal?
  ) {
    self.journal = journal
    self.book = book
    self.index = index
    self.loop = loop
    self.settings = settings
    access = LaneAccess(settings.access, in: .shared)
    self.routing = LaneRouting(routing)
    self.legacy = StackConnection(
      stack: .legacy, endpoint: legacy, history: histories.legacy, limit: settings.suspects,
      routing: self.routing, journal: journal)
    self.new = StackConnection(
      stack: .new, endpoint: new, history: histories.new, limit: settings.suspects, routing: self.routing,
      journal: journal)
    outbound = (0..<settings.threads).map { _ in Crossing() }
    self.legacy.lane = self
    self.new.lane = self
    gate.set(.readOnly, self.routing.refusesWrites)
    gate.set(.brokenLaw, LawBreak.mirrorAtSend.isOn)
    keepsForLegacy = settings.fallback != .off && self.routing.canFallBack
  }

  /// What a question that takes several replies relies on: the places of the replies in the log mean something to each other as long
  /// as this is the same.
  struct Order: Equatable {
    fileprivate let moves: UInt64
    fileprivate let exclusions: UInt64
    fileprivate let epoch: UInt64
  }

  package func want(_ effect: Effect) { effects.append(effect) }

  /// Called once, so many nanoseconds later.
  func arm(in nanoseconds: Int64, _ work: @escaping () -> Void) { want(.arm(nanoseconds, work)) }

  /// Somebody is to be told, who must be quick and must not block.
  package func report(_ event: ProxyEvent) { want(.report(event)) }

  var order: Order { Order(moves: moves, exclusions: exclusions, epoch: epoch) }

  var stacks: [StackConnection] { [legacy, new] }

  func connection(_ stack: StackID) -> StackConnection { stack == .legacy ? legacy : new }

  /// The lane that owns a key: its own hash, so that lanes and cohorts have nothing to do with each other.
  package func owner(of key: Span<UInt8>) -> Lane {
    guard peers.count > 1, !LawBreak.manyLanes.isOn else { return self }
    let hash = ownHash.hash(of: key.extracting(targetingKey(of: key)))
    return peers[Int((UInt64(hash) &* UInt64(peers.count)) >> 32)]
  }

  /// A server has told what commands it has.
  func adopt(_ table: CommandTable) {
    self.table = table
    takeUp(access.list)
    let told = table.abilities
    abilities = (
      told.legacy.isEmpty ? legacy.history.facts?.abilities ?? [] : told.legacy,
      told.new.isEmpty ? new.history.facts?.abilities ?? [] : told.new
    )
  }

  func healthChanged(of connection: StackConnection) {
    report(.health(connection.stack, connection.health, lane: index))
  }

  /// Whoever waits for its next attempt to reach a stack tries now.
  package func connectNow() { for connection in stacks { connection.connectNow() } }
}
