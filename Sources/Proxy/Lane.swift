import Commands
import DequeModule
import Figures
import NIOCore
import RESP
import Routing

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
/// Confined to its loop: other threads hold references to hand work over (`cross`, `loop.execute`), never to look
/// inside. That is the proof behind `@unchecked Sendable`.
final class Lane: @unchecked Sendable {
  let index: Int
  let loop: EventLoop
  let settings: ProxySettings
  let table = CommandTable.shared
  let report: @Sendable (ProxyEvent) -> Void

  /// What is in force in this lane.
  var routing: RoutingSnapshot
  var fence: Fence?
  var held = HeldCommands()
  /// Fences raised so far.
  var fences: UInt64 = 0
  /// Stacks that the fence being up has cut off.
  var cutOff: [StackID] = []
  /// Called when the command that has the lane for itself is through.
  var exclusiveDone: (() -> Void)?

  /// Every lane of the proxy by its index, this one included. Set once, before the first client.
  var peers: [Lane] = []
  private(set) var stacks: [StackConnection] = []

  var figures = LaneFigures()
  /// Nanoseconds of a monotonic clock, read once per turn and socket.
  var now: UInt64 = 0
  var rechecks = 0

  // Lane+turn.swift
  var isTurnEndScheduled = false
  var dirty: [ClientSession] = []
  var flushing: [ClientSession] = []
  var resuming: [ClientSession] = []
  var spareBuffers: [ByteBuffer] = []
  var outbound: [Crossing] = []
  var turnEnd: @Sendable () -> Void = {}

  // Lane+clients.swift
  var sessions: [ObjectIdentifier: ClientSession] = [:]
  var clientsTotal = 0
  var clientsCutOff = 0
  var isDraining = false
  var congested: [ClientSession] = []
  var lastPatienceCheck: UInt64 = 0

  var keyIndices: [Int] = []
  private let ownHash = BucketHash(prefix: Array("lane".utf8))

  init(
    index: Int, loop: EventLoop, settings: ProxySettings, routing: RoutingSnapshot,
    legacy: StackEndpoint, new: StackEndpoint, report: @escaping @Sendable (ProxyEvent) -> Void
  ) {
    self.index = index
    self.loop = loop
    self.settings = settings
    self.routing = routing
    self.report = report
    stacks = [
      StackConnection(stack: .legacy, endpoint: legacy, lane: self),
      StackConnection(stack: .new, endpoint: new, lane: self),
    ]
    outbound = (0..<settings.threads).map { _ in Crossing() }
    turnEnd = { [unowned self] in endTurn() }
  }

  func connection(_ stack: StackID) -> StackConnection { stacks[Int(stack.rawValue)] }

  /// The lane that owns a key: its own hash, so that lanes and cohorts have nothing to do with each other.
  func owner(of key: Span<UInt8>) -> Lane {
    guard peers.count > 1 else { return self }
    let hash = ownHash.hash(of: key.extracting(targetingKey(of: key)))
    return peers[Int((UInt64(hash) &* UInt64(peers.count)) >> 32)]
  }

  func healthChanged(of connection: StackConnection) {
    report(.health(connection.stack, connection.health, lane: index))
  }
}
