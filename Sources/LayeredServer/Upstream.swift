import NIOCore
import NIOPosix
import SluiceRESP

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
  /// Replies that are to come, and since when the other side is quiet about them.
  private(set) var owed = 0
  private(set) var quietSince: UInt64 = 0
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
    let handler = UpstreamHandler(self)
    let timeout = TimeAmount.nanoseconds(core.settings.connectTimeout / 4 * 3)
    let bootstrap = ClientBootstrap(group: core.loop)
      .connectTimeout(timeout)
      .channelOption(.maxMessagesPerRead, value: 1)
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 1 << 16))
      .channelInitializer { channel in
        channel.eventLoop.assumeIsolated().makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(handler)
        }
      }
    let connecting: EventLoopFuture<any Channel>
    switch place == .memory ? .unix(path: core.memoryPath ?? "") : core.settings.address {
    case .tcp(let host, let port):
      connecting = bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1).connect(host: host, port: port)
    case .unix(let path):
      connecting = bootstrap.connect(unixDomainSocketPath: path)
    }
    connecting.assumeIsolated().whenFailure { self.lost(Upstream.reason(of: $0)) }
  }

  /// One more reply is owed; the command's bytes are in `output`.
  func sent() {
    if owed == 0 { quietSince = core.now }
    owed += 1
  }

  func flush() {
    guard output.readableBytes > 0, let channel else { return }
    channel.writeAndFlush(output, promise: nil)
    if output.capacity > 1 << 20 { output = ByteBuffer() } else { output.clear() }
  }

  /// Ends it without a word to its owner. What the kernel still holds must not arrive later.
  func abandon() {
    guard !isOver else { return }
    end()
  }

  func checkDeadline() {
    if isUp, owed > 0, core.now > quietSince &+ UInt64(patience) {
      lost("owed a reply for \((core.now - quietSince) / 1_000_000) ms", isDead: true)
    }
  }

  // MARK: What the handler tells

  func established(_ channel: any Channel) {
    guard !isOver else { return }
    self.channel = channel
    isUp = true
    owner?.upstreamIsUp(self)
  }

  func replyArrived(_ reply: Span<UInt8>) -> Bool {
    guard owed > 0 else { return false }
    owed -= 1
    quietSince = core.now
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
    if owed > 0, place == .endpoint { core.leftBehind(self) }
    guard let channel else { return }
    self.channel = nil
    _ = (channel as? SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
    channel.close(promise: nil)
  }

  private static func reason(of error: any Error) -> String {
    switch error {
    case let error as IOError: String(cString: strerror(error.errnoCode))
    case let error as NIOConnectionError:
      error.connectionErrors.first.map { reason(of: $0.error) } ?? "its name could not be resolved"
    case ChannelError.connectTimeout: "the connection attempt timed out"
    default: "\(error)"
    }
  }
}
