import DequeModule
import SluiceFigures
import SluiceJournal
import SluiceRESP
import SluiceRouting
import SluiceStackLink

/// One lane's pipelined connection to one stack.
///
/// Commands leave in the order of `send`, and replies come back in that order: the queue of pending commands is all
/// it takes to know whose reply it is. Confined to the lane's loop.
package final class StackConnection {
  let stack: StackID
  let endpoint: StackEndpoint
  /// Set by the lane as it makes its connections, and alive as long as they are: it owns them.
  unowned(unsafe) var lane: Lane!

  private(set) var health = StackHealth.connecting {
    didSet {
      isUp = health == .up
      lane.gate.set(.down, !isUp, to: stack)
    }
  }
  /// Whether commands may be sent.
  private(set) var isUp = false
  private(set) var pending = Deque<Errand>()
  /// Requests whose bytes are needed again when their reply is there.
  private var kept = Bytes()
  private(set) var output = Bytes()
  /// The socket, from the end of the hand-shake on.
  private(set) var socket: (any Socket)?
  private var stream: StackStream?
  private var backoff = Backoff()
  /// Pauses before an attempt so far, and whether one is on.
  private var pauses = 0
  private var isPausing = false
  /// Attempts that came to nothing since the stack last worked.
  var failures: Int { backoff.failures }
  private(set) var breaker = Breaker.halfOpen
  /// When the connection came up, and how many commands had been answered by then; 0: it has not.
  private(set) var arrivedAt: UInt64 = 0
  private var answeredAtArrival: UInt64 = 0
  private(set) var isClosing = false
  /// What all lanes know of the server behind the connection.
  let history: StackHistory
  /// The server's number for the connection.
  private var client: Int?
  /// What the server calls its run; nil where it does not tell.
  private(set) var server: [UInt8]?
  /// Added to a time of day for this stack, in milliseconds; see `ClockShift`.
  private(set) var clockShift = 0
  /// How often the lane has seen the stack lose everything.
  private var lossesSeen: UInt64 = 0
  private var restorationsSeen: UInt64 = 0
  /// Whether the stack held nothing when the lane met it, or lost everything since.
  var wasFoundEmpty = false
  /// Whether the stack is known to hold every key that the other one holds. An empty one is not: it is cold.
  var isWarm = false { didSet { lane.warmthChanged() } }

  /// Commands sent and answered so far, over all connections; a fence waits for the second to reach the first.
  private(set) var sent: UInt64 = 0
  private(set) var answered: UInt64 = 0
  /// The number of the last command that a client waits for.
  private(set) var lastPrimary: UInt64 = 0
  /// The number of the last mirrored write, or repair: what the stack must have done before it can answer for a key.
  private(set) var lastEffect: UInt64 = 0
  /// The number of the last proof that the stack was asked for as the primary.
  private(set) var lastProof: UInt64 = 0
  /// Proofs that the stack has not answered yet.
  private(set) var openProofs = 0
  /// Writes, deletions of suspects among them, that the stack was sent as the primary.
  var writes: UInt64 = 0
  /// Since when the link is silent; see `StackConnection+silence.swift`.
  var silence = LinkSilence()
  /// The address may lead to another server by now; see `StackConnection+elsewhere.swift`.
  var elsewhere = Elsewhere()
  /// Commands in flight that only the mirror needs, and their bytes.
  private(set) var mirrorQueue = 0
  private(set) var mirrorBytes = 0
  /// Bytes of the commands in flight that clients wait for.
  private(set) var primaryBytes = 0
  /// The stack is being cut off because it owes the answer to its oldest command, whose `replyFailed` comes first and takes note of
  /// this; all others were lost with it.
  var owesOldest = false
  /// The stack has just refused to delete a suspect: the answer to the command behind it must not be seen.
  var hasRefusedPurge = false
  /// Whether the server behind the link carries out `MULTI` … `EXEC`.
  private(set) var hasTransactions = true
  /// What the command that is sent next will find, if it says nothing (`StackConnection+tail.swift`).
  var tail = LinkTail.resp2
  /// Whether the server took `HELLO 3` in the hand-shake.
  private(set) var hasRESP3 = false
  /// Which scripts the server has been told by this link.
  var toldScripts = ScriptLibrary.Told()
  /// Keys of this lane that the stack may hold wrongly.
  var suspects: Suspects { didSet { lane.gate.set(.suspects, !suspects.isEmpty, to: stack) } }
  /// What of them the next process has been told (`Lane.tellStrays`).
  var hasToldStrays = false

  init(
    stack: StackID, endpoint: StackEndpoint, history: StackHistory, limit: Int, routing: LaneRouting,
    journal: LaneJournal?
  ) {
    self.stack = stack
    suspects = Suspects(stack: stack, limit: limit, routing: routing, journal: journal)
    self.endpoint = endpoint
    self.history = history
  }

  // MARK: Requests, towards the stack

  /// Puts one command on its way; it leaves with the turn. Only when `isUp`.
  func send(_ frame: Span<UInt8>, _ command: Errand, sink: ReplySink?) {
    expect(frame, command, sink: sink)
    append(frame)
  }

  /// Takes note of one command, whose bytes the caller appends before anything else is sent here.
  func expect(_ frame: Span<UInt8>, _ command: Errand, sink: ReplySink?) {
    var command = command
    if command.tail != tail { turn(for: &command) }
    command.sink = sink.map(Unmanaged.passRetained)
    command.bytes = UInt32(truncatingIfNeeded: frame.count)
    if command.isKept { kept.append(frame) }
    sent &+= 1
    switch command.role {
    case .primary, .queued:
      lastPrimary = sent
      primaryBytes &+= frame.count
    case .mirroredWrite, .comparedRead, .recheck, .repair, .purge, .copy, .proof, .question, .turn:
      switch command.role {
      case .comparedRead, .recheck, .question, .turn: break
      case .proof where command.sequel == .compare: lastProof = sent
      default: lastEffect = sent
      }
      // A deletion is mirrored when it is acknowledged, like a client's write.
      if command.role == .purge { lastPrimary = sent }
      if command.role == .proof {
        openProofs &+= 1
        lane.proofs.opened(command.provenKey)
      }
      mirrorQueue &+= 1
      mirrorBytes &+= frame.count
    }
    pending.append(command)
  }

  /// The bytes of commands that are expected; they leave with the turn.
  func append(_ frames: Span<UInt8>) {
    if output.count == 0 { lane.stackHasOutput() }
    output.append(frames)
    silence.given &+= UInt64(frames.count)
  }

  /// Everything is to leave.
  func flush() {
    guard !output.isEmpty, let socket else { return }
    lane.want(.write(socket, output))
    output = lane.borrowBuffer()
  }

  // MARK: Replies, from the stack

  /// The client that waits for the next reply, if it is its turn to be written out and its loop is number `home`: the caller
  /// appends the reply's bytes to it.
  func claimNext(home: Int) -> Unmanaged<ReplySink>? {
    guard let command = pending.first, command.role == .primary, !command.sequel.mayFill,
      !hasRefusedPurge, let sink = command.sink,
      sink._withUnsafeGuaranteedRef({ $0.home == home && $0.claim(command.slot) })
    else { return nil }
    return sink
  }

  /// Takes the next command off the queue: its reply has come. Nil when no command is waiting for one.
  func answeredNext() -> Errand? { next() }

  /// The bytes of a command that was just taken off the queue, if they were kept.
  func takeKept(_ command: Errand) -> Bytes { kept.take(Int(command.bytes)) }

  private func next() -> Errand? {
    guard let command = pending.popFirst() else { return nil }
    answered &+= 1
    if command.role == .primary || command.role == .queued {
      primaryBytes &-= Int(command.bytes)
    } else {
      if command.role == .proof {
        openProofs &-= 1
        lane.proofs.closed(command.provenKey)
      }
      mirrorQueue &-= 1
      mirrorBytes &-= Int(command.bytes)
    }
    return command
  }

  // MARK: Coming and going

  func connect() {
    guard !isClosing else { return }
    isPausing = false
    breaker = .halfOpen
    // One lane keeps what is known of the server fresh; before anything is known, whichever comes first learns it.
    let learns = lane.index == 0 || history.facts == nil
    let known = lane.book.hasTold(stack) ? history.facts?.run : nil
    lane.want(.connect(endpoint, StackStream(connection: self, learns: learns, known: known)))
  }

  /// All that the hand-shake has asked is answered: says what else it has to ask before commands may be sent.
  func arrived(_ handshake: inout Handshake) -> Arrival {
    let greeting = handshake.greeting
    let place = StackPlace(run: greeting.server, database: endpoint.serverDatabase)
    history.place = place
    if let version = greeting.version { history.version = version }
    hasTransactions = greeting.hasTransactions
    history.hasRESP3 = greeting.hasRESP3
    history.met(handshake.facts, hasTransactions: hasTransactions)
    lane.learned(handshake, of: stack)
    let other = lane.connection(stack.other)
    let otherPlace = other.history.place
    let isBoth = place.isSame(as: otherPlace)
    if isBoth {
      if stack == .new { return .refused(StackConnection.isLegacy) }
      // One database cannot differ from itself; nothing of it is emptied or deleted.
      suspects.stackWasEmptied()
      history.believe()
      for peer in lane.peers {
        lane.want(
          .post(peer) {
            peer.turnBegan()
            peer.connection(.new).cut(StackConnection.isLegacy, kind: .refused)
          })
      }
    }
    history.forgot(handshake.forgotten)
    if handshake.isEmptying {
      history.wasEmptied(by: lane.index, run: greeting.run)
      return .welcome
    }
    guard handshake.forgotten.isEmpty else {
      // What became doubtful since the first answers came has found no connection here that could be cut.
      return history.isDoubtful ? .refused("may hold what is old, and is emptied first") : .welcome
    }
    // Another lane may have emptied it since: then nothing is old, and who is connected by now is not asked to go once more.
    if suspects.isEverything, history.losses == lossesSeen, !history.isDoubtful {
      history.doubtEverything()
      lane.cutPeersToBeEmptied(stack)
    }
    let arrival = history.arrived(
      lane: lane.index, run: greeting.run, keys: greeting.keys,
      mayBeEmptied: !isBoth && lane.routing.mirrorsWrites && lane.routing.commonPrimary != stack)
    if arrival == .later { return .refused("is being emptied: what it held may have been old") }
    // Under another name it may be the one that must not be lost.
    if arrival == .mustBeEmptied, otherPlace == nil {
      if other.health == .connecting { return .wait }
      return .refused(
        "may hold what is old, and is not emptied before \(stack.other.name) has told that it is another server"
      )
    }
    let abandoned = history.abandoned(by: lane.index, orAnybody: arrival == .mustBeEmptied)
    handshake.askToForget(abandoned)
    if arrival == .mustBeEmptied { handshake.askToBeEmptied() }
    return arrival == .welcome && abandoned.isEmpty ? .welcome : .goOn
  }

  private static let isLegacy =
    "is the same Redis database as legacy, under another name: nothing is sent there; name another one and start again"

  /// The hand-shake is through: commands may be sent.
  func established(_ socket: any Socket, _ greeting: Handshake.Greeting, by stream: StackStream) {
    self.socket = socket
    self.stream = stream
    arrivedAt = lane.now
    answeredAtArrival = answered
    silence = LinkSilence(since: lane.now)
    hasRefusedPurge = false
    // The hand-shake has ended with `HELLO 2`, or on a server that speaks nothing else.
    tail = .resp2
    hasRESP3 = greeting.hasRESP3
    breaker = .closed
    client = greeting.client
    server = greeting.server
    clockShift = history.shift(of: greeting.run, tolerance: lane.settings.ttlTolerance)
    elsewhere.step = .settled
    if let client, let run = greeting.lastingRun {
      lane.journal?.connected(to: stack, StackClient(number: client, run: run))
    }
    let losses = history.losses
    if losses != lossesSeen {
      lossesSeen = losses
      lane.lostEverything(self)
    }
    let restorations = history.restorations
    if restorations != restorationsSeen {
      restorationsSeen = restorations
      lane.wasRestored(self)
    }
    // A server that tells no run may be another one now.
    if server == nil { toldScripts = ScriptLibrary.Told() }
    loadScripts()
    change(to: .up)
    if stack == .new { lane.newIsBack() }
  }

  /// The connection is gone, or never came to be: everything in flight fails, and the next attempt is due.
  ///
  /// - Parameter isBroken: the stack has sent what no Redis sends.
  func lost(_ reason: String, kind: ErrorKind, isBroken: Bool = false) {
    socket = nil
    stream = nil
    let end = Backoff.End(
      lived: arrivedAt == 0 ? 0 : lane.now &- arrivedAt, hasAnswered: answered > answeredAtArrival,
      isBroken: isBroken)
    arrivedAt = 0
    history.left(lane.index, client: pending.isEmpty ? nil : client)
    client = nil
    output = Bytes()
    change(to: .down(reason))
    var orphans = Deque<Errand>()
    while let command = next() { orphans.append(command) }
    var requests = kept
    kept = Bytes()
    for command in orphans {
      let sink = command.sink?.takeRetainedValue()
      if command.isKept {
        let request = requests.take(Int(command.bytes))
        lane.replyFailed(kind, of: command, sink, request: request.span, from: self)
      } else {
        lane.replyFailed(kind, of: command, sink, request: Span(), from: self)
      }
    }
    lane.progressed()
    scheduleReconnect(behind: end)
  }

  /// Cuts a connection whose stack does not answer.
  func cut(_ reason: String, kind: ErrorKind = .timeout) {
    guard let socket else { return }
    stream?.detach()
    // What the kernel still holds for the stack must not arrive after what the next connection brings.
    lane.want(.close(socket, .reset))
    lost(reason, kind: kind)
  }

  /// The keys of mirrored writes, and of the mirror's proofs, whose end cannot be waited for are doubtful here. What the stack is asked
  /// as the primary says nothing against it.
  func doubtPending() {
    var offset = 0
    for command in pending where command.role == .copy {
      command.sink?.takeUnretainedValue().copyIsDoubtful(slot: command.slot)
    }
    for command in pending where command.isKept {
      let isProof = command.role == .proof && command.sequel == .none
      if command.role == .mirroredWrite || command.role == .repair || isProof {
        let request = kept.slice(at: offset, length: Int(command.bytes))
        lane.suspect(request.span, on: stack)
      }
      offset += Int(command.bytes)
    }
  }

  func close() {
    isClosing = true
    elsewhere.probe?.end()
    if let socket { lane.want(.close(socket, .orderly)) }
  }

  /// Nobody uses the lane any more.
  func letGo() {
    while let command = next() { _ = command.sink?.takeRetainedValue() }
    (socket, stream) = (nil, nil)
  }

  func change(to health: StackHealth) {
    if isClosing {
      self.health = health
      return
    }
    guard health != self.health else { return }
    self.health = health
    lane.healthChanged(of: self)
  }

  /// With full jitter on the upper half of the pause, so that the lanes of many proxies don't knock in step.
  private func scheduleReconnect(behind end: Backoff.End) {
    guard !isClosing else { return }
    let settings = lane.settings
    let ceiling = backoff.failed(end, initial: settings.backoffInitial, maximum: settings.backoffMaximum)
    breaker = .open
    let delay = ceiling / 2 + settings.world.random(upTo: max(1, ceiling / 2))
    pauses += 1
    isPausing = true
    let pause = pauses
    lane.arm(in: delay) { if self.isPausing, self.pauses == pause { self.connect() } }
  }

  /// The pause is over: somebody has changed something.
  func connectNow() {
    if isPausing { connect() }
  }
}
