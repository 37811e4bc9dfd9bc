import SluiceCommands
import SluiceRESP
import SluiceRouting

/// One client's connection: cuts its stream into commands, sends each to where it is answered, and writes the replies in
/// the order of the commands.
///
/// `ClientSession+dispatch.swift` decides who answers, `ClientSession+output.swift` writes. Confined to the loop of its `lane`.
package final class ClientSession: ReplySink, @unchecked Sendable {
  /// The lane of the loop that this client's socket lives on.
  let lane: Lane
  let server: ProxyShared
  let id: Int
  /// What the client has said of itself.
  var identity = ClientIdentity()
  /// What stands between its commands and the stacks. `isPlain`, nothing, is all that most commands ask.
  var mode: SessionMode { didSet { isPlain = mode == .plain && principal.permit == nil } }
  /// Who it is, and what it may do: `isPlain`, everything.
  var principal: Principal { didSet { isPlain = mode == .plain && principal.permit == nil } }
  private(set) var isPlain: Bool
  /// The commands of a `MULTI` that has no `EXEC` yet.
  var queued = TransactionQueue()
  /// Other rules have come into force since its `MULTI`.
  var hasRulesSinceMulti = false
  /// The row of the command that came last.
  var lastCommand = CommandTable.unknownID
  var attempts = LoginAttempts()
  let connectedAt: UInt64

  /// The client's socket; nil once it is gone.
  private(set) var socket: (any Socket)?
  let place: ClientPlace
  private var framer: RequestFramer
  /// Who has not said the password may send only short commands; the framer changes between two commands.
  private var hasFullLimits: Bool
  /// Bytes that were read and not yet acted upon: the beginning of a command, or what a pause left over.
  private(set) var input = Bytes()
  /// Replies of this turn; `isDirty` says whether it was borrowed and waits for the turn's end.
  var output = Bytes()
  var isDirty = false
  /// As the socket has said last: to ask it at each flush costs more than to remember.
  private(set) var isWritable = true
  private(set) var replies = ReplyQueue()
  /// Replies of earlier turns that the kernel has no room for.
  var backlog = ClientBacklog()

  /// What the next command waits for.
  private(set) var waits = Wait.nothing
  /// Its socket is not read.
  private(set) var isPaused = false
  /// How far its connection has come.
  private(set) var life = Life.serving
  /// It has said something, and is read when the turn ends: others speak another protocol in this one.
  private(set) var waitsForTail = false
  /// The client has closed its side: what has come is still answered.
  private(set) var hasEnded = false
  /// Since when a command has been begun and not ended; 0: not so.
  private(set) var unfinishedSince: UInt64 = 0
  private(set) var lastHeard: UInt64

  /// What becomes of a connection, one behind the other.
  enum Life: Comparable {
    case serving
    /// No more commands: it closes when all replies are written.
    case leaving
    /// Everything is answered, and is on its way.
    case closing
    /// We have said goodbye; the client may.
    case goodbye
  }

  /// Why the next command is not taken from the input.
  enum Wait {
    case nothing
    /// The reply to this command must be there first.
    case reply(UInt32)
    /// This command, which is ahead of it, must be the only one: it goes another way than those before it and would overtake them.
    case turn([UInt8])
  }

  /// - Parameter socket: the socket, that is there and says nothing yet.
  init(lane: Lane, server: ProxyShared, id: Int, at place: ClientPlace) {
    self.lane = lane
    self.place = place
    self.server = server
    self.id = id
    let isLocked = lane.isLockedAtTheDoor
    principal = lane.access.anybody
    mode = SessionMode(isLocked: isLocked)
    isPlain = !isLocked && lane.access.anybody.permit == nil
    hasFullLimits = !isLocked
    framer = RequestFramer(limits: isLocked ? .unauthenticated : lane.settings.limits)
    connectedAt = lane.now
    lastHeard = lane.now
    super.init(home: lane.index)
  }

  // MARK: The socket

  /// It is there, and may be read.
  package func arrived(by socket: any Socket) {
    self.socket = socket
    lane.clientArrived(self)
  }

  /// It is gone.
  package func left() {
    lane.clientLeft(self)
    socket = nil
    input = Bytes()
    output = Bytes()
    forgetBacklog()
  }

  package func read(_ bytes: Span<UInt8>) {
    lane.turnBegan()
    lastHeard = lane.now
    if isLeaving { return }
    guard tail == lane.turnTail else {
      keep(bytes)
      if !waitsForTail {
        waitsForTail = true
        lane.waitForTail(self)
      }
      return
    }
    if input.isEmpty {
      let taken = act(on: bytes)
      if !isLeaving, taken < bytes.count { keep(bytes.extracting(taken..<bytes.count)) }
      note(hasProgressed: taken > 0)
    } else {
      keep(bytes)
      process()
    }
    pauseIfItMust()
  }

  /// Its turn to be read has come.
  func goOnReading() {
    waitsForTail = false
    guard socket != nil, !isLeaving, !input.isEmpty else { return }
    process()
    pauseIfItMust()
    closeIfDone()
  }

  private func pauseIfItMust() {
    if lane.isCongested {
      pause()
      lane.waitForDecongestion(self)
    } else if isHeld {
      pause()
    }
  }

  /// The socket takes what it is given, or keeps it waiting.
  package func writability(_ isWritable: Bool) {
    self.isWritable = isWritable
    if isWritable { kernelHasRoom() }
  }

  /// The client has said all it will say; what it asked is still answered.
  package func ended() {
    hasEnded = true
    if life == .goodbye { close() } else { closeIfDone() }
  }

  // MARK: Commands

  /// Acts on all commands of the input that are here whole, as long as nothing makes the client wait.
  private func process() {
    // What they set off may look at the input.
    var bytes = Bytes()
    swap(&bytes, &input)
    let taken = act(on: bytes.span)
    bytes.drop(isLeaving ? bytes.count : taken)
    if bytes.isEmpty { lane.giveBack(bytes) } else { swap(&bytes, &input) }
    note(hasProgressed: taken > 0)
  }

  /// Returns how many bytes were acted upon.
  ///
  /// Commands that go to one connection one behind the other are copied there in one piece, before anything else happens.
  private func act(on all: Span<UInt8>) -> Int {
    var offset = 0
    var run = 0..<0
    var target: StackID?
    // Nothing below looks at the framer; out here, its arguments can be read without a copy.
    var framer = RequestFramer(limits: lane.settings.limits)
    swap(&framer, &self.framer)
    loop: while offset < all.count, mayGoOn {
      if !hasFullLimits && mode.access != .locked {
        hasFullLimits = true
        framer = RequestFramer(limits: lane.settings.limits)
      }
      let ahead = all.extracting(offset..<all.count)
      let read = framer.next(ahead)
      if case .command(let length) = read,
        let next = straight(ahead.extracting(0..<length), framer.arguments.span)
      {
        if target == next {
          run = run.lowerBound..<offset &+ length
        } else {
          if let target { lane.connection(target).append(all.extracting(run)) }
          target = next
          run = offset..<offset &+ length
        }
        offset &+= length
        continue
      }
      if let target { lane.connection(target).append(all.extracting(run)) }
      target = nil
      switch read {
      case .incomplete:
        break loop
      case .command(let length):
        dispatch(ahead.extracting(0..<length), framer.arguments.span)
        offset &+= length
      case .inline(let length):
        inline(ahead.extracting(0..<length))
        offset &+= length
      case .empty(let length):
        offset &+= length
      case .failure(let error):
        answer(error.reply)
        leave()
        break loop
      }
    }
    if let target { lane.connection(target).append(all.extracting(run)) }
    swap(&framer, &self.framer)
    return offset
  }

  /// What was not acted upon waits: the beginning of a large command in a buffer that the lane has, and a small one in one that is no
  /// larger than it must be. Behind it a client that has nothing to say holds none.
  private func keep(_ bytes: Span<UInt8>) {
    if input.capacity == 0, bytes.count >= 1 << 12 { input = lane.borrowBuffer() }
    input.append(bytes)
  }

  private func note(hasProgressed: Bool) {
    if input.isEmpty {
      unfinishedSince = 0
      if backlog.weight > 0 { weigh() }
    } else {
      if unfinishedSince == 0 || hasProgressed { unfinishedSince = lane.now }
      if input.count > ClientBacklog.grain || backlog.weight > 0 { weigh() }
    }
    if lane.isDraining, input.isEmpty { leave() }
  }

  private var mayGoOn: Bool {
    if isLeaving || isHeld { return false }
    if replies.count >= lane.settings.pipeline || isPaused {
      pause()
      return false
    }
    return true
  }

  /// Whether the next command must wait for the answer to an earlier one.
  var isHeld: Bool { if case .nothing = waits { false } else { true } }
  var isLeaving: Bool { life >= .leaving }
  /// The command that waits for its turn.
  var keptBack: [UInt8]? { if case .turn(let frame) = waits { frame } else { nil } }

  /// It has come so far, at least.
  func reached(_ life: Life) { self.life = max(self.life, life) }

  // MARK: Replies

  /// The number under which the reply to the next command will come.
  func openSlot() -> UInt32 { replies.open() }

  /// Keeps a command back until everything that this client asked before is answered; what it asks next waits with it.
  /// For commands that take another way than those before them and would overtake them. False: nothing is in the way.
  func mustWait(_ frame: Span<UInt8>) -> Bool {
    guard replies.count > 0 else { return false }
    waits = .turn(frame.withUnsafeBufferPointer { Array($0) })
    return true
  }

  /// From the next command on, in both directions. Only when no reply is owed.
  func turn(to wire: Wire) { tail = LinkTail(wire: wire) }

  /// Holds all lanes while the command runs (law 1); what this client asks next waits for it.
  func runExclusively(_ frame: Span<UInt8>) {
    guard !mustWait(frame) else { return }
    server.exclusive.run(
      frame.withUnsafeBufferPointer { Array($0) }, from: lane, sink: sink, slot: openBarrier())
  }

  /// As `openSlot`, and what this client asks next waits for the reply.
  func openBarrier() -> UInt32 {
    let slot = openSlot()
    waits = .reply(slot)
    return slot
  }

  override var client: ClientSession? { self }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    guard socket != nil else { return }
    haveOutput()
    replies.fill(slot, reply, into: &output)
    wasAnswered(slot)
  }

  override func claim(_ slot: UInt32) -> Bool {
    guard socket != nil, replies.takeTurn(slot) else { return false }
    haveOutput()
    wasAnswered(slot)
    return true
  }

  override func append(_ replies: Span<UInt8>) { output.append(replies) }

  private func haveOutput() {
    guard !isDirty else { return }
    isDirty = true
    output = lane.borrowBuffer()
    lane.sessionHasOutput(self)
  }

  private func wasAnswered(_ slot: UInt32) {
    switch waits {
    case .reply(slot):
      waits = .nothing
      lane.resumeLater(self)
    case .turn:
      if replies.count == 0 { lane.resumeLater(self) }
    case .reply, .nothing:
      if isPaused, replies.count <= lane.settings.pipeline / 2 { lane.resumeLater(self) }
    }
  }

  // MARK: Pausing and leaving

  /// Stops reading the socket; the kernel, and with it the client, feels it.
  func pause() {
    guard !isPaused else { return }
    isPaused = true
    setAutoRead(false)
  }

  /// The turn has ended: goes on with what was left over, and then with the socket.
  func resume() {
    guard socket != nil else { return }
    if case .reply = waits { return }
    if isPaused {
      guard !backlog.isTooMuch, replies.count <= lane.settings.pipeline / 2 else { return }
      guard !lane.isCongested else { return lane.waitForDecongestion(self) }
      isPaused = false
    }
    if replies.count == 0, case .turn(let frame) = waits {
      waits = .nothing
      var reader = RequestFramer(limits: lane.settings.limits)
      _ = reader.next(frame.span)
      let arguments = reader.arguments
      dispatch(frame.span, arguments.span, isOwn: true)
    }
    if !input.isEmpty {
      unfinishedSince = 0
      process()
    }
    if isHeld { pause() }
    if !isPaused { setAutoRead(true) }
    closeIfDone()
  }

  func setAutoRead(_ isOn: Bool) {
    if let socket { lane.want(.read(socket, isOn)) }
  }

  /// Says goodbye when all that was asked has been answered.
  func leave() {
    guard life == .serving else { return }
    life = .leaving
    closeIfDone()
  }

  /// The proxy ends. What has come is still answered, and so is a command that was begun, if its end comes in time.
  func drain() { if attempts.isWaiting { close() } else if input.isEmpty { leave() } }

  func close() { if let socket { lane.want(.close(socket, .orderly)) } }
}
