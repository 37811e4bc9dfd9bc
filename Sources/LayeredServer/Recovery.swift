import NIOCore
import SluiceRESP

/// The way back from the engine to the endpoint.
///
/// ```
///   endpoint lost ──▶ try (backoff, jitter) ──▶ connected
///        ▲                                          │ kill what was left behind, delete stale keys in batches,
///        │ lost again                               │ while the engine goes on answering
///        │                                          ▼
///        └──────────────────────── hold the clients, delete the last ones, empty the engine ──▶ the endpoint answers
/// ```
final class Recovery: UpstreamOwner, Asking {
  private unowned let core: LayeredCore
  private var endpoint: Upstream?
  private var memory: Upstream?
  private var replies: [(Span<UInt8>) -> Void] = []
  /// Attempts that came to nothing, or to an endpoint that was lost again as soon as it was back.
  private(set) var attempts: Int
  private var isHolding = false
  private var isFinishing = false
  private var isStopped = false
  /// Deleted, but not yet acknowledged.
  private var batch: [[UInt8]] = []

  private static let batchSize = 1000

  init(_ core: LayeredCore, attempts: Int) {
    self.core = core
    self.attempts = attempts
  }

  func start() {
    let (initial, maximum) = (core.settings.backoffInitial, core.settings.backoffMaximum)
    // Shifted down rather than up: nothing overflows, whatever the settings say.
    let shift = Int64(min(attempts, 62))
    let ceiling = max(1, initial > maximum >> shift ? maximum : initial << shift)
    attempts = min(attempts + 1, 62)
    let delay = ceiling / 2 + Int64.random(in: 0...max(1, ceiling / 2))
    core.loop.assumeIsolated().scheduleTask(in: .nanoseconds(delay)) { self.attempt() }
  }

  func stop() {
    isStopped = true
    endpoint?.abandon()
    memory?.abandon()
  }

  private func attempt() {
    guard !isStopped else { return }
    core.turnBegan()
    let endpoint = Upstream(.endpoint, core: core, owner: self)
    self.endpoint = endpoint
    endpoint.connect()
  }

  func checkDeadline() { endpoint?.checkDeadline(ends: true) }

  // MARK: The endpoint's connection

  func upstreamIsUp(_ upstream: Upstream) {
    if upstream === memory { return emptyMemory() }
    for (run, id) in core.leftBehind where run == upstream.runID {
      ask(["CLIENT", "KILL", "ID", "\(id)"].map { Array($0.utf8) }) { _ in }
    }
    deleteSome()
  }

  func replyArrived(_ reply: Span<UInt8>, from upstream: Upstream) -> Bool {
    if upstream === memory {
      finish()
      return true
    }
    guard !replies.isEmpty else { return false }
    replies.removeFirst()(reply)
    return true
  }

  func turnEnded(_ upstream: Upstream) { upstream.flush() }

  func upstreamWasLost(_ upstream: Upstream, _ reason: String, isDead: Bool) {
    guard !isStopped else { return }
    if upstream === memory {
      // The engine is part of this process: without it nothing is served, and the endpoint is the better half.
      memory = nil
      return finish()
    }
    for key in batch { core.stale.insert(key) }
    batch = []
    replies = []
    endpoint = nil
    memory?.abandon()
    memory = nil
    isHolding = false
    isFinishing = false
    core.counts.reason = reason
    core.releaseClientsToMemory()
    start()
  }

  func ask(_ words: [[UInt8]], _ answered: @escaping (Span<UInt8>) -> Void) {
    guard let endpoint, !endpoint.isOver else { return }
    endpoint.output.writeBytes(InlineRequest.frame(of: words))
    endpoint.sent()
    replies.append(answered)
    endpoint.flush()
  }

  // MARK: Deleting

  private func deleteSome() {
    if core.stale.isEverything { return deleteEverything() }
    batch = core.stale.take(Recovery.batchSize)
    guard !batch.isEmpty else { return isHolding ? allAreDeleted() : hold() }
    ask([Array("UNLINK".utf8)] + batch) { [unowned self] reply in
      if reply[0] == UInt8(ascii: "-") { return refused(reply) }
      batch = []
      // What is left is deleted while nobody writes.
      if !isHolding, core.stale.count ?? .max <= Recovery.batchSize { hold() } else { deleteSome() }
    }
  }

  /// Without a prefix the endpoint is all the stack's own.
  private func deleteEverything() {
    core.stale.takeEverything()
    if core.prefix.bytes.isEmpty {
      ask([Array("FLUSHDB".utf8)]) { [unowned self] reply in
        if reply[0] == UInt8(ascii: "-") {
          core.stale.insertEverything()
          return refused(reply)
        }
        deleteSome()
      }
    } else {
      KeyWalk.unlinkAll(prefix: core.prefix.bytes, through: self) { [unowned self] error in
        if let error {
          core.stale.insertEverything()
          return refused(error.span)
        }
        deleteSome()
      }
    }
  }

  /// It answers, but does not obey (read-only, still loading): not yet.
  private func refused(_ reply: Span<UInt8>) {
    let text = String(decoding: reply.extracting(1..<max(1, reply.count - 2)).array, as: UTF8.self)
    endpoint?.lost("refused to delete stale keys: \(text)")
  }

  // MARK: Switching

  private func hold() {
    isHolding = true
    core.holdClients()
    clientIsIdle()
  }

  /// Called whenever a client may have become idle.
  func clientIsIdle() {
    guard isHolding, !isFinishing, core.clients.values.allSatisfy(\.isIdle) else { return }
    isFinishing = true
    deleteSome()
  }

  private func allAreDeleted() {
    guard isFinishing, memory == nil else { return }
    let memory = Upstream(.memory, core: core, owner: self)
    self.memory = memory
    memory.connect()
  }

  /// The next outage begins with an empty engine.
  private func emptyMemory() {
    memory?.output.writeBytes(InlineRequest.frame(of: [Array("FLUSHALL".utf8)]))
    memory?.sent()
    memory?.flush()
  }

  private func finish() {
    guard !isStopped else { return }
    isStopped = true
    endpoint?.abandon()
    memory?.abandon()
    core.endpointIsBack()
  }
}
