import DequeModule
import NIOCore
import NIOPosix
import SluiceRESP
import SluiceSockets
import SluiceStackLink
import SluiceTLS

#if canImport(Glibc)
  import Glibc
#endif

/// Who has a connection to the endpoint, or to the engine in its place.
protocol UpstreamOwner: AnyObject {
  /// The hand-shake is through: commands may be sent.
  func upstreamIsUp(_ upstream: Upstream)
  /// The next reply, in the order of the commands. False when nobody waits for one.
  func replyArrived(_ reply: Span<UInt8>, from upstream: Upstream) -> Bool
  /// The turn that brought replies is over.
  func turnEnded(_ upstream: Upstream)
  /// It is gone, or never came to be. Called once, and not after `abandon`.
  ///
  /// - Parameter isDead: the other side cannot be used at all, as far as anybody knows; else this connection ended alone.
  func upstreamWasLost(_ upstream: Upstream, _ reason: String, isDead: Bool)
}

/// One pipelined connection to where the values are. Confined to the stack's loop.
final class Upstream {
  enum Place { case endpoint, memory }

  unowned let core: LayeredCore
  let place: Place
  private weak var owner: (any UpstreamOwner)?
  private var channel: (any Channel)?
  private(set) var isUp = false
  private(set) var isOver = false
  /// Bytes that leave with the turn.
  var output = ByteBuffer()
  /// Of each reply that is to come, where its request ends in the stream that was sent.
  private var owed = Deque<UInt64>()
  /// Bytes that have left `output`.
  private var flushed: UInt64 = 0
  private var silence = LinkSilence()
  /// Since when the oldest reply is owed.
  private var owedSince: UInt64 = 0
  /// With the password of this moment.
  private(set) var password: String?
  /// The number that the server gave to this connection, and the run that it belongs to.
  var serverID: Int?
  var runID: [UInt8]?

  init(_ place: Place, core: LayeredCore, owner: any UpstreamOwner) {
    self.place = place
    self.core = core
    self.owner = owner
  }

  /// The most time without a word while a reply is owed; a little less than the lane's, so that the reason is known here.
  var patience: Int64 { core.settings.commandTimeout / 4 * 3 }

  func connect() {
    password = core.settings.password
    guard place == .endpoint, let fresh = core.settings.freshPassword else { return open() }
    NIOThreadPool.singleton.runIfActive(eventLoop: core.loop) { fresh() }.assumeIsolated().whenComplete {
      self.password = ((try? $0.get()) ?? nil) ?? self.password
      if !self.isOver { self.open() }
    }
  }

  private func open() {
    let handler = UpstreamHandler(self)
    let timeout = TimeAmount.nanoseconds(core.settings.connectTimeout / 4 * 3)
    var host: String?
    if place == .endpoint, case .tcp(let name, _) = core.settings.address { host = name }
    let (tls, name) = (core.settings.tls, host)
    let bootstrap = ClientBootstrap(group: core.loop)
      .connectTimeout(timeout)
      .channelOption(.maxMessagesPerRead, value: 1)
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 1 << 16))
      .channelInitializer { channel in
        channel.eventLoop.assumeIsolated().makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(handler)
          if let tls, let name { try tls.start(in: channel, host: name) }
        }
      }
    let connecting: EventLoopFuture<any Channel>
    switch place == .memory ? .unix(path: core.memoryPath ?? "") : core.settings.address {
    case .tcp(let host, let port):
      connecting = KeepAlive.stacks.reduce(bootstrap) { $0.channelOption($1.option, value: $1.value) }
        .channelOption(.tcpOption(.tcp_nodelay), value: 1).connect(host: host, port: port)
    case .unix(let path):
      connecting = bootstrap.connect(unixDomainSocketPath: path)
    }
    connecting.assumeIsolated().whenFailure { self.lost(self.reason(of: $0)) }
  }

  /// One more reply is owed; the command's bytes are in `output`.
  func sent() {
    if owed.isEmpty { owedSince = core.now }
    owed.append(flushed &+ UInt64(output.readableBytes))
  }

  func flush() {
    guard output.readableBytes > 0, let channel else { return }
    channel.writeAndFlush(output, promise: nil)
    flushed &+= UInt64(output.readableBytes)
    if output.capacity > 1 << 20 { output = ByteBuffer() } else { output.clear() }
  }

  /// Ends it without a word to its owner. What the kernel still holds must not arrive later.
  func abandon() {
    guard !isOver else { return }
    end()
  }

  /// Looks whether the link moves, and says so to the lanes.
  ///
  /// - Parameter ends: whether to end it if nothing has moved on it for too long; else that is the lane's affair.
  func checkDeadline(ends: Bool) {
    guard isUp, let oldest = owed.first, let channel else { return }
    func quiet() -> UInt64 {
      let since = max(owedSince, silence.since)
      return core.now > since ? core.now - since : 0
    }
    guard quiet() > UInt64(patience) / 8 else { return }
    let before = silence.since
    silence.given = flushed &+ UInt64(output.readableBytes)
    silence.looked(
      at: core.now, unsent: output.readableBytes + SocketQueues.unsent(channel),
      behindOldest: Int(clamping: silence.given - min(oldest, silence.given)))
    if silence.since != before { core.settings.beat() }
    let waited = quiet()
    guard ends, waited > UInt64(patience) else { return }
    if SocketQueues.unread(channel) > 0 { return silence.heard(at: core.now) }
    lost("owed a reply for \(waited / 1_000_000) ms", isDead: true)
  }

  /// Bytes have come; some of them belong to a reply that is not whole yet.
  func heard(isIncomplete: Bool) {
    silence.heard(at: core.now)
    if isIncomplete { core.settings.beat() }
  }

  // MARK: What the handler tells

  func established(_ channel: any Channel) {
    guard !isOver else { return }
    self.channel = channel
    isUp = true
    owner?.upstreamIsUp(self)
  }

  func replyArrived(_ reply: Span<UInt8>) -> Bool {
    guard owed.popFirst() != nil else { return false }
    owedSince = core.now
    return owner?.replyArrived(reply, from: self) ?? false
  }

  func turnEnded() { if !isOver { owner?.turnEnded(self) } }

  func lost(_ reason: String, isDead: Bool = false) {
    guard !isOver else { return }
    let wasUp = isUp
    end()
    owner?.upstreamWasLost(self, reason, isDead: isDead || !wasUp)
  }

  /// Set by the handler, so that a connection can be ended before its hand-shake is.
  func opened(_ channel: any Channel) { self.channel = channel }

  private func end() {
    isOver = true
    isUp = false
    if !owed.isEmpty, place == .endpoint { core.leftBehind(self) }
    guard let channel else { return }
    self.channel = nil
    _ = (channel as? SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
    channel.cut()
  }

  /// What has ended a connection that was there, as a part of a sentence.
  func lost(by error: any Error, in channel: any Channel) {
    lost(words(error, channel) ?? "lost the connection: \(error)")
  }

  private func words(_ error: any Error, _ channel: (any Channel)?) -> String? {
    core.settings.tls.flatMap { TLSWords.reason(of: error, $0.settings, in: channel) }
  }

  private func reason(of error: any Error) -> String {
    if let words = words(error, nil) { return words }
    return switch error {
    case let error as IOError: String(cString: strerror(error.errnoCode))
    case let error as NIOConnectionError:
      error.connectionErrors.first.map { reason(of: $0.error) } ?? "its name could not be resolved"
    case ChannelError.connectTimeout: "the connection attempt timed out"
    default: "\(error)"
    }
  }
}
