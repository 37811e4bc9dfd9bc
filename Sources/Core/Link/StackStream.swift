import SluiceRESP

/// The stream of one socket to a stack: says who we are, then cuts what comes into replies.
///
/// One object per attempt to connect. Once detached it keeps quiet: its connection has gone on without it.
/// Made and used on the lane's loop only, hence `@unchecked Sendable`.
final class StackStream: LinkEnd, @unchecked Sendable {
  private var connection: StackConnection? { didSet { isAttached = connection != nil } }
  /// What the reading of every reply asks of `connection`.
  private var isAttached = true
  private let lane: Lane
  private var socket: (any Socket)?
  private var framer: ReplyFramer
  /// The beginning of a reply whose end has not come.
  private var rest = Bytes()
  private var handshake: Handshake
  private let learns: Bool
  private let known: [UInt8]?
  private var isEstablished = false
  /// When the first words were sent, by the time of day: the server's own is compared with it.
  private var askedAt: Int64 = 0

  /// - Parameters: as `Handshake` has them.
  init(connection: StackConnection, learns: Bool, known: [UInt8]?) {
    (self.learns, self.known) = (learns, known)
    self.connection = connection
    lane = connection.lane
    framer = ReplyFramer(limits: connection.lane.settings.limits, takesRESP3: false)
    handshake = Handshake(connection.endpoint, learns: learns, known: known)
  }

  /// The connection has no more interest in this socket.
  func detach() { connection = nil }

  func reached(_ socket: any Socket, _ endpoint: StackEndpoint, isOpen: Bool) {
    self.socket = socket
    guard let connection, !connection.isClosing else { return lane.want(.close(socket, .orderly)) }
    handshake = Handshake(endpoint, learns: learns, known: known)
    if isOpen { opened() }
    lane.arm(in: endpoint.connectTimeout) {
      if self.isEstablished { return }
      let isSilent = !isOpen && self.askedAt == 0
      self.fail("did not answer the \(isSilent ? "TLS " : "")hand-shake in time")
    }
  }

  func opened() {
    askedAt = lane.settings.world.timeOfDay()
    say()
  }

  func read(_ bytes: Span<UInt8>) {
    guard let connection else { return }
    lane.turnBegan()
    connection.silence.heard(at: lane.now)
    if rest.isEmpty {
      let taken = take(bytes)
      if isAttached, taken < bytes.count { rest.append(bytes.extracting(taken..<bytes.count)) }
    } else {
      rest.append(bytes)
      // What the replies set off may detach this stream, and forget the rest.
      var begun = Bytes()
      swap(&begun, &rest)
      begun.drop(take(begun.span))
      if isAttached { swap(&begun, &rest) }
    }
    connection.turnEnded()
    lane.progressed()
  }

  /// Acts on all replies that are here whole; returns how many bytes they were.
  ///
  /// Replies that go to one client one behind the other are copied there in one piece, before anything else happens.
  private func take(_ all: Span<UInt8>) -> Int {
    var offset = 0
    var run = 0..<0
    var client: ReplySink?
    guard let connection else { return 0 }
    loop: while offset < all.count, isAttached {
      let ahead = all.extracting(offset..<all.count)
      switch framer.next(
        ahead, mayBeRESP3: isEstablished ? connection.awaitsRESP3 : handshake.awaitsRESP3)
      {
      case .incomplete:
        break loop
      case .reply(let length):
        let reply = ahead.extracting(0..<length)
        offset &+= length
        // Nobody here has asked to be told anything: it answers nothing, and is for nobody.
        if reply[0] == UInt8(ascii: ">") { continue }
        if isEstablished {
          let next = connection.claimNext(home: lane.index)
          if let next, let client, Unmanaged.passUnretained(client).toOpaque() == next.toOpaque() {
            run = run.lowerBound..<offset
          } else {
            client?.append(all.extracting(run))
            client = next?.takeUnretainedValue()
            run = offset &- length..<offset
          }
          guard lane.replyArrived(reply, from: connection, isClaimed: next != nil) else {
            fail("sent a reply that nobody asked for", isBroken: true)
            break loop
          }
        } else {
          greeted(reply)
        }
      case .failure(let error):
        client?.append(all.extracting(run))
        client = nil
        fail("does not speak RESP (\(error.message))", isBroken: true)
        break loop
      }
    }
    client?.append(all.extracting(run))
    return offset
  }

  private func greeted(_ reply: Span<UInt8>) {
    let outcome = handshake.replied(reply)
    if let time = handshake.takeTime(), let connection {
      connection.history.told(
        ClockOffset(told: time, asked: askedAt, heard: lane.settings.world.timeOfDay()))
    }
    switch outcome {
    case .wait: break
    case .refused(let reason): fail(reason)
    case .answered: decide()
    }
  }

  private func decide() {
    guard let connection, let socket else { return }
    switch connection.arrived(&handshake) {
    case .refused(let reason): fail(reason)
    case .wait:
      lane.arm(in: 2_000_000) {
        self.lane.turnBegan()
        self.decide()
        self.lane.progressed()
      }
    case .goOn: say()
    case .welcome:
      isEstablished = true
      connection.established(socket, handshake.greeting, by: self)
    }
  }

  func closed(_ reason: String) {
    socket = nil
    fail(reason)
  }

  /// - Parameter isBroken: the stack has sent what no Redis sends.
  private func fail(_ reason: String, isBroken: Bool = false) {
    let connection = self.connection
    self.connection = nil
    if let socket { lane.want(.close(socket, .orderly)) }
    connection?.lost(reason, kind: .unreachable, isBroken: isBroken)
  }

  private func say() { if let socket { lane.want(.write(socket, Bytes(handshake.take()))) } }
}
