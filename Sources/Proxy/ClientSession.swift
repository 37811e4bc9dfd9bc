import NIOCore
import SluiceCommands
import SluiceRESP
import SluiceRouting
import SluiceTLS

/// One client's connection: cuts its stream into commands, sends each to where it is answered, and writes the replies in
/// the order of the commands.
///
/// `ClientSession+dispatch.swift` decides who answers, `ClientSession+output.swift` writes. Confined to the loop of its `lane`.
final class ClientSession: ReplySink, ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

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

  private(set) var context: ChannelHandlerContext?
  private var framer: RequestFramer
  /// Who has not said the password may send only short commands; the framer changes between two commands.
  private var hasFullLimits: Bool
  /// Bytes that were read and not yet acted upon: the beginning of a command, or what a pause left over.
  private(set) var input: ByteBuffer?
  /// Replies of this turn; `isDirty` says whether it was borrowed and waits for the turn's end.
  var output = ByteBuffer()
  var isDirty = false
  /// As the channel has said last: to ask it at each flush costs more than to remember.
  private(set) var isWritable = true
  private(set) var replies = ReplyQueue()
  /// Replies of earlier turns that the kernel has no room for.
  var backlog = ClientBacklog()

  /// Nothing is taken from the input until the reply to this command is there.
  private var barrier: UInt32?
  private(set) var isPaused = false
  /// No more commands: the connection closes when all replies are written.
  private(set) var isLeaving = false
  /// It has said something, and is read when the turn ends: others speak another protocol in this one.
  private(set) var waitsForTail = false
  /// Everything is answered, and the goodbye is on its way.
  var isClosing = false
  var hasSaidGoodbye = false
  /// The client has closed its side: what has come is still answered.
  private(set) var hasEnded = false
  /// Since when a command has been begun and not ended; 0: not so.
  private(set) var unfinishedSince: UInt64 = 0
  /// A command that waits until everything before it is answered.
  private(set) var keptBack: [UInt8]?
  private(set) var lastHeard: UInt64

  init(lane: Lane, server: ProxyShared, id: Int) {
    self.lane = lane
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

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    isWritable = context.channel.isWritable
  }

  func channelActive(context: ChannelHandlerContext) { lane.clientArrived(self) }

  func channelInactive(context: ChannelHandlerContext) {
    lane.clientLeft(self)
    self.context = nil
    input = nil
    output = ByteBuffer()
    forgetBacklog()
  }

  func errorCaught(context: ChannelHandlerContext, error: Error) {
    // The end of the stream follows, and what was asked before it is answered.
    if !TLSWords.isEnd(error) { context.channel.cut() }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lane.turnBegan()
    lastHeard = lane.now
    var bytes = unwrapInboundIn(data)
    if isLeaving { return }
    if var begun = input {
      input = nil
      begun.writeBuffer(&bytes)
      bytes = begun
    }
    guard tail == lane.turnTail else {
      input = bytes
      if !waitsForTail {
        waitsForTail = true
        lane.waitForTail(self)
      }
      return
    }
    process(&bytes)
    pauseIfItMust()
  }

  /// Its turn to be read has come.
  func goOnReading() {
    waitsForTail = false
    guard context != nil, !isLeaving, var bytes = input.take() else { return }
    process(&bytes)
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

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    isWritable = context.channel.isWritable
    if isWritable { kernelHasRoom(context) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // The client has said all it will say; what it asked is still answered.
    if event as? ChannelEvent == .inputClosed {
      hasEnded = true
      if hasSaidGoodbye { close() } else { closeIfDone() }
    }
  }

  // MARK: Commands

  /// Acts on all commands that are here whole, as long as nothing makes the client wait.
  private func process(_ bytes: inout ByteBuffer) {
    let taken = act(on: bytes.readableBytesUInt8Span)
    bytes.moveReaderIndex(forwardBy: isLeaving ? bytes.readableBytes : taken)
    keep(&bytes, hasProgressed: taken > 0)
    if lane.isDraining, input == nil { leave() }
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

  /// What is left over is kept in storage of its own: the buffer that was read into goes back for the next read.
  private func keep(_ bytes: inout ByteBuffer, hasProgressed: Bool) {
    guard bytes.readableBytes > 0 else {
      unfinishedSince = 0
      if backlog.weight > 0 { weigh() }
      return
    }
    if unfinishedSince == 0 || hasProgressed { unfinishedSince = lane.now }
    bytes.discardReadBytes()
    input = bytes
    if bytes.readableBytes > ClientBacklog.grain || backlog.weight > 0 { weigh() }
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
  var isHeld: Bool { barrier != nil || keptBack != nil }

  // MARK: Replies

  /// The number under which the reply to the next command will come.
  func openSlot() -> UInt32 { replies.open() }

  /// Keeps a command back until everything that this client asked before is answered; what it asks next waits with it.
  /// For commands that take another way than those before them and would overtake them. False: nothing is in the way.
  func mustWait(_ frame: Span<UInt8>) -> Bool {
    guard replies.count > 0 else { return false }
    keptBack = frame.withUnsafeBufferPointer { Array($0) }
    return true
  }

  /// From the next command on, in both directions. Only when no reply is owed.
  func turn(to wire: Wire) { tail = LinkTail(wire: wire) }

  /// Holds all lanes while the command runs (law 1); what this client asks next waits for it.
  func runExclusively(_ frame: Span<UInt8>) {
    guard !mustWait(frame) else { return }
    server.exclusive.run(frame.withUnsafeBufferPointer { Array($0) }, sink: sink, slot: openBarrier())
  }

  /// As `openSlot`, and what this client asks next waits for the reply.
  func openBarrier() -> UInt32 {
    let slot = openSlot()
    barrier = slot
    return slot
  }

  override var client: ClientSession? { self }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    guard context != nil else { return }
    haveOutput()
    replies.fill(slot, reply, into: &output)
    wasAnswered(slot)
  }

  override func claim(_ slot: UInt32) -> Bool {
    guard context != nil, replies.takeTurn(slot) else { return false }
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
    if barrier == slot {
      barrier = nil
      lane.resumeLater(self)
    } else if keptBack != nil {
      if replies.count == 0 { lane.resumeLater(self) }
    } else if isPaused, replies.count <= lane.settings.pipeline / 2 {
      lane.resumeLater(self)
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
    guard context != nil, barrier == nil else { return }
    if isPaused {
      guard !backlog.isTooMuch, replies.count <= lane.settings.pipeline / 2 else { return }
      guard !lane.isCongested else { return lane.waitForDecongestion(self) }
      isPaused = false
    }
    if replies.count == 0, let frame = keptBack.take() {
      var reader = RequestFramer(limits: lane.settings.limits)
      _ = reader.next(frame.span)
      let arguments = reader.arguments
      dispatch(frame.span, arguments.span, isOwn: true)
    }
    if var bytes = input {
      input = nil
      unfinishedSince = 0
      process(&bytes)
    }
    if isHeld { pause() }
    if !isPaused { setAutoRead(true) }
    closeIfDone()
  }

  func setAutoRead(_ isOn: Bool) {
    try? context?.channel.syncOptions?.setOption(.autoRead, value: isOn)
  }

  /// Says goodbye when all that was asked has been answered.
  func leave() {
    guard !isLeaving else { return }
    isLeaving = true
    closeIfDone()
  }

  /// The proxy ends. What has come is still answered, and so is a command that was begun, if its end comes in time.
  func drain() { if attempts.isWaiting { close() } else if input == nil { leave() } }
  func close() { context?.channel.end() }
}
