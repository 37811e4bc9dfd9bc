/// What a client is written, what waits for it, and when it is closed.
extension ClientSession {
  /// Writes what this turn has brought.
  func flush() {
    isDirty = false
    guard let socket else { return }
    let bytes = output
    output = Bytes()
    if !bytes.isEmpty {
      backlog.wasGiven(bytes.count)
      if backlog.isEmpty, isWritable, backlog.mayWriteUnseen() || socket.unwritten == 0 {
        lane.want(.write(socket, bytes))
      } else {
        backlog.append(bytes.span)
        lane.giveBack(bytes)
        // So little waits in the socket that it still calls itself writable, and will not say when that has left.
        if isWritable { tellWhenTaken(socket) }
      }
    } else {
      lane.giveBack(bytes)
    }
    closeIfDone()
    if backlog.weight > 0 || replies.waitingBytes > 0 || !isWritable { weigh() }
  }

  private func tellWhenTaken(_ socket: any Socket) {
    guard !backlog.isAwaited else { return }
    backlog.isAwaited = true
    lane.want(
      .whenTaken(socket) {
        self.backlog.isAwaited = false
        self.kernelHasRoom()
      })
  }

  /// The kernel has taken all that it was given.
  func kernelHasRoom() {
    guard let socket else { return }
    if !backlog.isEmpty { lane.want(.write(socket, backlog.take())) }
    guard backlog.weight > 0 || backlog.isTooMuch else { return }
    weigh()
    if isPaused, !backlog.isTooMuch { lane.resumeLater(self) }
  }

  /// Bytes that the kernel has not taken for this client.
  private func unreadBytes(_ socket: any Socket) -> Int { backlog.count + socket.unwritten }

  /// What is kept for the client: bytes it has sent and the room behind them, replies of this turn, and replies that wait for older
  /// ones or for the client.
  var buffers: (input: Int, free: Int, output: Int, waiting: Int) {
    let waiting = replies.waitingBytes + (socket.map(unreadBytes) ?? 0)
    return (input.count, max(0, input.capacity - input.count), output.count, waiting)
  }

  /// Says what the client holds, and acts if that is too much.
  ///
  /// A client may send a whole pipeline before it reads, as with Redis; so it is read although it does not read, until half of what
  /// may wait for it does. Where memory is short, much less.
  func weigh(exactly: Bool = false) {
    guard let socket, !backlog.isGone else { return }
    // A writable socket holds next to nothing, and to ask it costs more than most turns.
    let unread = exactly || !isWritable ? unreadBytes(socket) : backlog.count
    let waiting = replies.waitingBytes + unread
    say(waiting + input.count + (keptBack?.count ?? 0) + queued.bytes, exactly: exactly)
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
    guard let socket, life < .closing, replies.count == 0, !isDirty, keptBack == nil, !waitsForTail,
      isLeaving || (hasEnded && !isPaused && !isHeld)
    else { return }
    reached(.closing)
    // Behind everything that was written: nothing that was answered may be lost on the way out.
    if !backlog.isEmpty { lane.want(.write(socket, backlog.take())) }
    lane.want(.whenTaken(socket) { self.sayGoodbye() })
  }

  /// Closes our side and lets the client close its own: closing with its bytes unread would make the kernel reset the
  /// connection, and the client could lose replies that it has not read yet.
  private func sayGoodbye() {
    guard let socket else { return }
    // Both sides have ended then; and TLS would wait for a goodbye that most clients don't say.
    if hasEnded { return lane.want(.close(socket, .orderly)) }
    reached(.goodbye)
    lane.want(.close(socket, .half))
    setAutoRead(true)
    lane.want(.arm(ClientSession.patienceAtGoodbye) { self.close() })
  }

  /// Nanoseconds.
  private static let patienceAtGoodbye: Int64 = 1_000_000_000

  /// Cuts the client off by one of the documented rules.
  func cutOff() {
    lane.clientsCutOff += 1
    forgetBacklog()
    if let socket { lane.want(.close(socket, .now)) }
  }

  /// Called about once a second: the rules for clients that take and give nothing.
  func checkPatience(now: UInt64) {
    guard let socket else { return }
    let settings = lane.settings
    func waited(_ since: UInt64, _ limit: Int64) -> Bool {
      since > 0 && limit > 0 && now > since && now - since > UInt64(limit)
    }
    let unread = unreadBytes(socket)
    backlog.checked(
      at: now, unread: unread, inKernel: unread > 0 ? socket.inKernel : 0)
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
