import NIOCore
import SluiceStackLink
import SluiceTLS

/// What a client is written, what waits for it, and when it is closed.
extension ClientSession {
  /// Writes what this turn has brought.
  func flush() {
    isDirty = false
    guard let context else { return }
    let bytes = output
    output = ByteBuffer()
    if bytes.readableBytes > 0 {
      backlog.wasGiven(bytes.readableBytes)
      if backlog.isEmpty, isWritable, backlog.mayWriteUnseen() || inChannel(context) == 0 {
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
      } else {
        backlog.append(bytes.readableBytesUInt8Span)
        // So little waits in the channel that it still calls itself writable, and will not say when that has left.
        if isWritable { tellWhenTaken(context) }
      }
    }
    lane.giveBack(bytes)
    closeIfDone()
    if backlog.weight > 0 || replies.waitingBytes > 0 || !isWritable { weigh() }
  }

  private func tellWhenTaken(_ context: ChannelHandlerContext) {
    guard !backlog.isAwaited else { return }
    backlog.isAwaited = true
    let taken = context.eventLoop.makePromise(of: Void.self)
    taken.futureResult.assumeIsolated().whenComplete { _ in
      self.backlog.isAwaited = false
      if let context = self.context { self.kernelHasRoom(context) }
    }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: taken)
  }

  /// The kernel has taken all that it was given.
  func kernelHasRoom(_ context: ChannelHandlerContext) {
    if !backlog.isEmpty { context.writeAndFlush(wrapOutboundOut(backlog.take()), promise: nil) }
    guard backlog.weight > 0 || backlog.isTooMuch else { return }
    weigh()
    if isPaused, !backlog.isTooMuch { lane.resumeLater(self) }
  }

  /// Bytes that the kernel has not taken for this client.
  private func unreadBytes(_ context: ChannelHandlerContext) -> Int {
    backlog.count + inChannel(context)
  }

  private func inChannel(_ context: ChannelHandlerContext) -> Int {
    (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
  }

  /// What is kept for the client: bytes it has sent and the room behind them, replies of this turn, and replies that wait for older
  /// ones or for the client.
  var buffers: (input: Int, free: Int, output: Int, waiting: Int) {
    let room = input.map { max(0, $0.capacity - $0.readableBytes) } ?? 0
    let waiting = replies.waitingBytes + (context.map(unreadBytes) ?? 0)
    return (input?.readableBytes ?? 0, room, output.readableBytes, waiting)
  }

  /// Says what the client holds, and acts if that is too much.
  ///
  /// A client may send a whole pipeline before it reads, as with Redis; so it is read although it does not read, until half of what
  /// may wait for it does. Where memory is short, much less.
  func weigh(exactly: Bool = false) {
    guard let context, !backlog.isGone else { return }
    // A writable channel holds next to nothing, and to ask it costs more than most turns.
    let unread = exactly || !isWritable ? unreadBytes(context) : backlog.count
    let waiting = replies.waitingBytes + unread
    say(waiting + (input?.readableBytes ?? 0) + (keptBack?.count ?? 0) + queued.bytes, exactly: exactly)
    if waiting > lane.settings.clientOutputBytes { return cutOff() }
    let most = lane.mostUnread
    backlog.isTooMuch = unread > (backlog.isTooMuch ? most / 2 : most)
    if backlog.isTooMuch { pause() }
  }

  private func say(_ weight: Int, exactly: Bool) {
    let difference = weight - backlog.weight
    guard exactly || weight == 0 || abs(difference) >= ClientBacklog.grain else { return }
    backlog.weight = weight
    if difference != 0 { lane.clientsHold(difference) }
  }

  /// The connection is gone, or as good as that.
  func forgetBacklog() {
    say(0, exactly: true)
    backlog = ClientBacklog()
    backlog.isGone = true
  }

  // MARK: The end

  func closeIfDone() {
    guard let context, !isClosing, replies.count == 0, !isDirty, keptBack == nil, !waitsForTail,
      isLeaving || (hasEnded && !isPaused && !isHeld)
    else { return }
    isClosing = true
    // Behind everything that was written: nothing that was answered may be lost on the way out.
    if !backlog.isEmpty { context.write(wrapOutboundOut(backlog.take()), promise: nil) }
    let written = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
    written.futureResult.assumeIsolated().whenComplete { _ in self.sayGoodbye() }
  }

  /// Closes our side and lets the client close its own: closing with its bytes unread would make the kernel reset the
  /// connection, and the client could lose replies that it has not read yet.
  private func sayGoodbye() {
    guard let context else { return }
    // Both sides have ended then; and TLS would wait for a goodbye that most clients don't say.
    if hasEnded { return context.channel.end() }
    hasSaidGoodbye = true
    context.close(mode: .output, promise: nil)
    setAutoRead(true)
    context.eventLoop.assumeIsolated().scheduleTask(in: ClientSession.patienceAtGoodbye) { self.close() }
  }

  private static let patienceAtGoodbye = TimeAmount.seconds(1)

  /// Cuts the client off by one of the documented rules.
  func cutOff() {
    lane.clientsCutOff += 1
    forgetBacklog()
    context?.channel.cut()
  }

  /// Called about once a second: the rules for clients that take and give nothing.
  func checkPatience(now: UInt64) {
    guard let context else { return }
    let settings = lane.settings
    func waited(_ since: UInt64, _ limit: Int64) -> Bool {
      since > 0 && limit > 0 && now > since && now - since > UInt64(limit)
    }
    let unread = unreadBytes(context)
    backlog.checked(
      at: now, unread: unread, inKernel: unread > 0 ? SocketQueues.inKernel(context.channel) : 0)
    if waited(backlog.stalledSince, settings.clientStall)
      || (!isPaused && !isHeld && waited(unfinishedSince, settings.unfinishedCommand))
      || (replies.count == 0 && waited(lastHeard, settings.clientIdle))
    {
      return cutOff()
    }
    let wasTooMuch = backlog.isTooMuch
    weigh(exactly: true)
    if wasTooMuch, !backlog.isTooMuch { lane.resumeLater(self) }
  }
}
