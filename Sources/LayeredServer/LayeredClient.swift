import DequeModule
import NIOCore
import SluiceCacheLayers
import SluiceCommands
import SluiceRESP

/// One lane's connection: frames what came, has each command pass the layers, and answers in order.
///
/// Every command stands in one queue from when it was taken until its reply went out. What L1 answers, or a layer
/// refuses, waits there for the replies before it.
final class LayeredClient: ChannelInboundHandler, UpstreamOwner, Asking {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// What is done with a reply.
  enum Then {
    /// No reply is to come: this is it.
    case local([UInt8])
    /// It is the client's as it came.
    case pass
    /// Nobody wants it.
    case drop
    /// One stored value, or an array of them.
    case value
    /// The value that L1 missed, and then its time to live.
    case miss(Fill)
    case lifetime(Fill)
    /// Something else becomes the client's reply, or the next step of several.
    case closure((Span<UInt8>) -> Void)
  }

  struct Pending {
    let then: Then
    let mark: WriteMark?
  }

  /// A read that may fill L1.
  final class Fill {
    let key: [UInt8]
    let stamp: WriteTable.Stamp
    let askedAt: UInt64
    var reply: [UInt8]?

    init(_ key: [UInt8], _ stamp: WriteTable.Stamp, askedAt: UInt64) {
      (self.key, self.stamp, self.askedAt) = (key, stamp, askedAt)
    }
  }

  let core: LayeredCore
  private var channel: (any Channel)?
  private(set) var upstream: Upstream?
  private var framer: RequestFramer
  /// Input that has not been taken: the start of a command, or commands that must wait.
  private var input = ByteBuffer()
  /// Replies that leave with the turn.
  var output = ByteBuffer()
  private var queue = Deque<Pending>()
  /// A command of several steps is under way; the ones behind it wait.
  private var isBlocked = false
  /// The write that such a command is.
  private var blockedMark: WriteMark?
  private var isDispatching = false
  private var isClosing = false
  /// Why the endpoint cannot be reached; told to a lane that has just come, instead of a mere end of the connection.
  private var refusal: String?
  private var hasDispatched = false
  /// Nothing more is taken, and the connection ends behind the last reply.
  private var isLeaving = false
  /// Reused from command to command.
  var keyIndices: [Int] = []

  init(_ core: LayeredCore) {
    self.core = core
    framer = RequestFramer(limits: core.settings.limits)
  }

  // MARK: The lane's side

  func channelActive(context: ChannelHandlerContext) {
    channel = context.channel
    if core.isStopped { return context.close(promise: nil) }
    core.connected(self)
    connectUpstream()
  }

  func channelInactive(context: ChannelHandlerContext) {
    core.turnBegan()
    end()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isClosing else { return }
    core.turnBegan()
    var bytes = unwrapInboundIn(data)
    if input.readableBytes == 0 { input = bytes } else { input.writeBuffer(&bytes) }
    goOn()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { close() }

  /// Takes what is waiting, if it may be taken now, and lets everything leave.
  func goOn() {
    if let refusal { return turnAway(refusal) }
    if upstream == nil, core.mode != .switching { connectUpstream() }
    dispatchInput()
    flush()
    leaveIfDone()
  }

  private var mayDispatch: Bool {
    !isClosing && !isLeaving && !isBlocked && core.mode != .switching && upstream?.isUp == true
  }

  private func dispatchInput() {
    guard !isDispatching, mayDispatch, input.readableBytes > 0 else { return }
    isDispatching = true
    hasDispatched = true
    defer { isDispatching = false }
    while mayDispatch, input.readableBytes > 0 {
      // A second reference, not a copy: the span must not depend on a property that this class could change.
      let held = input
      let bytes = held.readableBytesUInt8Span
      let length: Int
      switch framer.next(bytes) {
      case .incomplete:
        return trimInput()
      case .command(let end):
        length = end
        let arguments = framer.arguments
        dispatch(bytes.extracting(0..<end), arguments.span)
      case .inline(let end):
        length = end
        dispatchInline(bytes.extracting(0..<end))
      case .empty(let end):
        length = end
      case .failure(let error):
        answer(Array(error.reply.utf8))
        return leave()
      }
      input.moveReaderIndex(forwardBy: length)
    }
    trimInput()
  }

  private func trimInput() {
    if input.readableBytes == 0 { input = ByteBuffer() } else { input.discardReadBytes() }
  }

  /// A line typed by a person runs as the array that it stands for.
  private func dispatchInline(_ line: Span<UInt8>) {
    guard let words = InlineRequest.arguments(of: line) else {
      answer(Array(ProtocolError(.unbalancedQuotes, at: 0).reply.utf8))
      return leave()
    }
    let frame = InlineRequest.frame(of: words)
    var framer = RequestFramer(limits: core.settings.limits)
    if case .command = framer.next(frame.span) { dispatch(frame.span, framer.arguments.span) }
  }

  func flush() {
    upstream?.flush()
    guard output.readableBytes > 0, let channel else { return }
    channel.writeAndFlush(output, promise: nil)
    if output.capacity > 1 << 20 { output = ByteBuffer() } else { output.clear() }
  }

  // MARK: Commands on their way

  /// A reply that is known already, in its turn.
  func answer(_ reply: [UInt8]) {
    if queue.isEmpty {
      output.writeBytes(reply)
    } else {
      queue.append(Pending(then: .local(reply), mark: nil))
    }
  }

  /// Sends one command.
  ///
  /// - Parameters:
  ///   - mark: of a write that ends with this command's reply.
  ///   - hasBegun: it began with an earlier command.
  func send(
    _ then: Then, _ mark: WriteMark? = nil, hasBegun: Bool = false, _ build: (inout ByteBuffer) -> Void
  ) {
    guard let upstream else { return }
    if let mark, !hasBegun { core.began(mark) }
    build(&upstream.output)
    upstream.sent()
    queue.append(Pending(then: then, mark: mark))
  }

  /// Begins a command of several steps; the commands behind it wait until `finish`.
  func block(_ mark: WriteMark?) {
    isBlocked = true
    blockedMark = mark
    if let mark { core.began(mark) }
  }

  func ask(_ words: [[UInt8]], _ answered: @escaping (Span<UInt8>) -> Void) {
    send(.closure(answered)) { $0.writeBytes(InlineRequest.frame(of: words)) }
  }

  /// Ends a command of several steps.
  func finish(_ reply: [UInt8]) {
    output.writeBytes(reply)
    if let mark = blockedMark { core.ended(mark) }
    blockedMark = nil
    isBlocked = false
  }

  var isIdle: Bool { queue.isEmpty && !isBlocked }

  // MARK: Replies

  func replyArrived(_ reply: Span<UInt8>, from upstream: Upstream) -> Bool {
    guard upstream === self.upstream, let pending = queue.popFirst() else { return false }
    if let mark = pending.mark { core.ended(mark) }
    switch pending.then {
    case .local, .drop: break
    case .pass: output.append(reply)
    case .value: appendDecoded(reply)
    case .miss(let fill):
      let start = output.writerIndex
      appendDecoded(reply)
      if !ReplyReader.isNull(reply), reply[0] == UInt8(ascii: "$") {
        fill.reply = output.getBytes(at: start, length: output.writerIndex - start)
      }
    case .lifetime(let fill):
      if let kept = fill.reply, let lifetime = ReplyReader.integer(reply) {
        core.fill(fill.key, kept, lifetime: lifetime, askedAt: fill.askedAt, fill.stamp)
      }
    case .closure(let answered): answered(reply)
    }
    while case .local(let known)? = queue.first?.then {
      output.writeBytes(known)
      queue.removeFirst()
    }
    return true
  }

  func turnEnded(_ upstream: Upstream) {
    dispatchInput()
    flush()
    leaveIfDone()
    if isIdle, core.mode == .switching { core.clientIsIdle() }
  }

  // MARK: The endpoint's side

  func connectUpstream() {
    upstream?.abandon()
    upstream = nil
    if isClosing || core.mode == .switching { return }
    let upstream = Upstream(core.mode == .endpoint ? .endpoint : .memory, core: core, owner: self)
    self.upstream = upstream
    upstream.connect()
  }

  func upstreamIsUp(_ upstream: Upstream) {
    if upstream.place == .endpoint { core.endpointWasReached() }
    goOn()
  }

  func upstreamWasLost(_ upstream: Upstream, _ reason: String, isDead: Bool) {
    guard upstream === self.upstream else { return }
    if upstream.place == .endpoint {
      core.clearL1()
      doubtWhatIsInFlight()
      if isDead { core.endpointWasLost(reason) }
      // Where the engine takes over, this connection has been told with all the others.
      if core.mode != .endpoint { return }
    }
    turnAway(reason)
  }

  /// Nobody knows whether the writes in flight were executed.
  private func doubtWhatIsInFlight() {
    for pending in queue {
      if let mark = pending.mark { core.stale.insert(mark) }
    }
    if let mark = blockedMark { core.stale.insert(mark) }
  }

  /// The engine takes over, or the endpoint does again. A lane that has been served must introduce itself anew, for it
  /// would believe that it meets the values that it knows. What was in flight has an unknown end: its keys are stale.
  func valuesBecameOthers() {
    guard hasDispatched else { return connectUpstream() }
    doubtWhatIsInFlight()
    close()
  }

  /// As a plain endpoint that is not there; but a lane that has just come is told why.
  private func turnAway(_ reason: String) {
    guard !hasDispatched else { return close() }
    refusal = reason
    guard input.readableBytes > 0 else { return }
    output.error("ERR sluice: \(core.settings.label) cannot be used: \(reason)")
    closeBehindReplies()
  }

  func checkDeadline(ends: Bool) { upstream?.checkDeadline(ends: ends) }

  // MARK: The end

  func leave() { isLeaving = true }

  private func leaveIfDone() { if isLeaving, isIdle { closeBehindReplies() } }

  /// Closes when what is in `output` has left.
  private func closeBehindReplies() {
    guard !isClosing else { return }
    isClosing = true
    flush()
    guard let channel else { return end() }
    let written = channel.eventLoop.makePromise(of: Void.self)
    written.futureResult.whenComplete { _ in channel.close(promise: nil) }
    channel.writeAndFlush(ByteBuffer(), promise: written)
  }

  func close() {
    isClosing = true
    channel?.close(promise: nil)
  }

  private func end() {
    isClosing = true
    channel = nil
    upstream?.abandon()
    upstream = nil
    for pending in queue {
      if let mark = pending.mark { core.lostSight(of: mark) }
    }
    queue.removeAll()
    if let mark = blockedMark { core.lostSight(of: mark) }
    blockedMark = nil
    isBlocked = false
    core.disconnected(self)
  }
}
