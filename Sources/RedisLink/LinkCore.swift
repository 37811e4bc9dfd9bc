import NIOCore
import NIOPosix
import SluiceLocks
import SluiceRedis
import SluiceSockets
import SluiceStackLink
import SluiceTLSSettings

/// The inside of a ``RedisLink``: its queue, its connection and its timer.
///
/// All but the inbox is touched on the loop only, hence `@unchecked Sendable`.
final class LinkCore: @unchecked Sendable {
  private enum Phase {
    case resting
    case connecting
    case introducing(Channel, left: Int)
    case ready(Channel)
    case ended
  }

  private struct Inbox {
    var calls: [(call: LinkCall, at: UInt64)] = []
    /// The loop knows that there is something.
    var isAnnounced = false
  }

  let isUp = Atomic<Bool>(false)
  private let settings: LinkSettings
  private let introduction: LinkCommand?
  private let loop: any EventLoop
  private let inbox = Mutex(Inbox())
  private var queue = LinkQueue()
  private var phase = Phase.resting
  private var timer: Scheduled<Void>?
  private var timerAt: UInt64 = 0
  private var goodbyes: [EventLoopPromise<Void>] = []
  private var failure: (any Error)?
  /// Counts connections, so that a late word of one that was given up is none of the next one.
  private var generation = 0

  private let patience: UInt64
  private let connectPatience: UInt64

  init(_ settings: LinkSettings, loop: any EventLoop) {
    self.settings = settings
    self.loop = loop
    introduction = settings.introduction
    patience = Self.nanoseconds(settings.commandTimeout)
    connectPatience = Self.nanoseconds(settings.connectTimeout)
  }

  private static func nanoseconds(_ duration: Duration) -> UInt64 {
    let (seconds, rest) = max(.zero, min(duration, .seconds(86400 * 365))).components
    return UInt64(seconds) * 1_000_000_000 + UInt64(rest / 1_000_000_000)
  }

  private var now: UInt64 { NIODeadline.now().uptimeNanoseconds }

  // MARK: From any thread

  func submit(_ call: LinkCall) {
    let at = now
    let announces = inbox.withLock { inbox in
      inbox.calls.append((call, at))
      defer { inbox.isAnnounced = true }
      return !inbox.isAnnounced
    }
    if announces { loop.execute { self.collect() } }
  }

  func disconnect() async {
    let promise = loop.makePromise(of: Void.self)
    loop.execute {
      self.goodbyes.append(promise)
      self.leaveIfIdle()
    }
    try? await promise.futureResult.get()
  }

  /// Nobody will ask any more.
  func end() {
    loop.execute {
      let channel = self.channel
      self.phase = .ended
      self.isUp.store(false, ordering: .releasing)
      self.timer?.cancel()
      self.timer = nil
      channel?.close(promise: nil)
    }
  }

  // MARK: On the loop

  private var channel: Channel? {
    switch phase {
    case .introducing(let channel, _), .ready(let channel): channel
    case .resting, .connecting, .ended: nil
    }
  }

  private func collect() {
    let calls = inbox.withLock { inbox in
      inbox.isAnnounced = false
      var taken: [(call: LinkCall, at: UInt64)] = []
      taken.reserveCapacity(inbox.calls.count)
      swap(&taken, &inbox.calls)
      return taken
    }
    let isReady = if case .ready = phase { true } else { false }
    for (call, at) in calls {
      if !queue.add(call, deadline: at &+ patience &+ (isReady ? 0 : connectPatience)) {
        let message =
          "\(queue.room) operations wait for \(settings.endpoint) already; ask less, or see why it is slow"
        call.finish(.failure(RedisError(.overloaded, message)))
      }
    }
    proceed()
  }

  private func proceed() {
    switch phase {
    case .resting:
      if !queue.isEmpty { connect() }
    case .ready(let channel):
      flush(channel)
    case .connecting, .introducing, .ended: break
    }
    armTimer()
  }

  private func flush(_ channel: Channel) {
    let now = now
    var buffer: ByteBuffer?
    while let call = queue.next(at: now) {
      if buffer == nil { buffer = channel.allocator.buffer(capacity: call.command.bytes.count + 1024) }
      buffer?.writeBytes(call.command.bytes)
    }
    if let buffer { channel.writeAndFlush(buffer, promise: nil) }
    leaveIfIdle()
  }

  private func leaveIfIdle() {
    guard !goodbyes.isEmpty, queue.isEmpty else { return }
    let leaving = goodbyes
    goodbyes = []
    if let channel { channel.close(promise: nil) }
    if case .ended = phase {} else { phase = .resting }
    generation += 1
    isUp.store(false, ordering: .releasing)
    for promise in leaving { promise.succeed() }
  }

  // MARK: Deadlines

  private func armTimer() {
    guard let next = queue.nextDeadline else { return }
    // One that comes too early finds nobody and looks again.
    if timer != nil, timerAt <= next { return }
    timer?.cancel()
    timerAt = next
    timer = loop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(next)) { self.timeIsUp() }
  }

  private func timeIsUp() {
    timer = nil
    let error = RedisError(
      .timeout,
      "\(settings.endpoint) did not answer within \(settings.commandTimeout); see whether it is overloaded or stopped"
    )
    let isSilent = queue.expire(at: now, error)
    if isSilent { giveUp(error) }
    proceed()
  }

  /// The server cannot be asked: everybody hears of it at once, and the next call tries anew.
  private func giveUp(_ error: RedisError) {
    let channel = channel
    phase = .resting
    generation += 1
    isUp.store(false, ordering: .releasing)
    settings.failed(error)
    queue.failed(error)
    channel?.close(promise: nil)
    leaveIfIdle()
  }

  // MARK: The connection

  private func connect() {
    phase = .connecting
    failure = nil
    generation += 1
    let generation = generation
    var tls: (any LinkTLS)?
    if let asked = settings.endpoint.tls {
      do throws(TLSFault) {
        guard let make = settings.tls else { throw TLSFault("this build speaks no TLS") }
        tls = try make(asked)
      } catch {
        return giveUp(RedisError(.invalidEndpoint, "\(settings.endpoint): \(error)"))
      }
    }
    connect(tls, generation)
  }

  private func connect(_ tls: (any LinkTLS)?, _ generation: Int) {
    var bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(.nanoseconds(Int64(clamping: connectPatience)))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let handler = LinkHandler(self, generation, takesRESP3: self.settings.speaksRESP3, tls)
          try channel.pipeline.syncOperations.addHandler(handler)
          if let tls, case .tcp(let host, _) = self.settings.endpoint.address {
            try tls.start(in: channel, host: host)
          }
        }
      }
    let future: EventLoopFuture<Channel>
    switch settings.endpoint.address {
    case .tcp(let host, let port):
      bootstrap = bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
      for option in KeepAlive.stacks {
        bootstrap = bootstrap.channelOption(option.option, value: option.value)
      }
      future = bootstrap.connect(host: host, port: Int(port))
    case .unix(let path):
      future = bootstrap.connect(unixDomainSocketPath: path)
    }
    future.hop(to: loop).assumeIsolated().whenComplete { result in
      guard generation == self.generation, case .connecting = self.phase else {
        if case .success(let channel) = result { channel.close(promise: nil) }
        return
      }
      switch result {
      case .success(let channel) where channel.isActive: self.connected(channel)
      case .success:
        self.giveUp(self.connectFailed(self.failure ?? ChannelError.eof, channel: nil, tls))
      case .failure(let error): self.giveUp(self.connectFailed(error, channel: nil, tls))
      }
    }
  }

  private func connected(_ channel: Channel) {
    guard let introduction else { return introduced(channel) }
    phase = .introducing(channel, left: introduction.count)
    channel.writeAndFlush(ByteBuffer(bytes: introduction.bytes), promise: nil)
    let generation = generation
    loop.assumeIsolated().scheduleTask(in: .nanoseconds(Int64(clamping: connectPatience))) {
      guard generation == self.generation, case .introducing = self.phase else { return }
      self.giveUp(
        RedisError(.connectFailed, "\(self.settings.endpoint) takes a connection and says nothing"))
    }
  }

  private func introduced(_ channel: Channel) {
    phase = .ready(channel)
    queue.connected(deadline: now &+ patience)
    settings.connected()
    isUp.store(true, ordering: .releasing)
    timer?.cancel()
    timer = nil
    proceed()
  }

  private func connectFailed(_ error: any Error, channel: Channel?, _ tls: (any LinkTLS)?) -> RedisError {
    if let reason = tls?.reason(of: error, in: channel) {
      return RedisError(.connectFailed, "cannot connect by TLS: \(settings.endpoint) \(reason)")
    }
    return RedisError(
      .connectFailed,
      "cannot connect to \(settings.endpoint): \(LinkWords.reason(of: error, settings.connectTimeout)); check that a Redis listens there"
    )
  }

  // MARK: What the handler tells

  func heard() { queue.heard(at: now) }

  /// Called behind all replies of a read.
  func readComplete() { proceed() }

  /// False where the connection is of no use any more.
  func received(_ reply: Reply, _ generation: Int) -> Bool {
    guard generation == self.generation else { return false }
    switch phase {
    case .introducing(let channel, let left):
      if case .error(let text) = reply {
        giveUp(settings.refusal(text, isLast: left == 1))
        return false
      }
      if left > 1 {
        phase = .introducing(channel, left: left - 1)
      } else {
        introduced(channel)
      }
      return true
    case .ready:
      if queue.answered(reply, settings.order) { return true }
      broken("an answer that nobody asked for", generation)
      return false
    case .resting, .connecting, .ended: return false
    }
  }

  /// What came is none of Redis's.
  func broken(_ what: String, _ generation: Int) {
    guard generation == self.generation else { return }
    giveUp(
      RedisError(
        .protocolViolation, "\(settings.endpoint) sent what is no RESP (\(what)); check that it is a Redis"))
  }

  /// The connection has ended.
  func closed(_ error: (any Error)?, _ channel: Channel, _ tls: (any LinkTLS)?, _ generation: Int) {
    guard generation == self.generation else { return }
    switch phase {
    case .ready:
      phase = .resting
      self.generation += 1
      isUp.store(false, ordering: .releasing)
      let reason = error.flatMap { tls?.reason(of: $0, in: channel) } ?? "closed the connection"
      queue.lost(
        RedisError(.closed, "\(settings.endpoint) \(reason); see its log for the reason and ask again"))
      proceed()
      leaveIfIdle()
    case .introducing:
      if let error {
        giveUp(connectFailed(error, channel: channel, tls))
      } else {
        giveUp(
          RedisError(
            .connectFailed, "\(settings.endpoint) closed the connection at once; see its log for the reason"))
      }
    case .connecting: failure = error
    case .resting, .ended: break
    }
  }
}
