import NIOCore
import NIOPosix
import SluiceCore
import SluiceSockets
import SluiceTLS

#if canImport(Glibc)
  import Glibc
#endif

/// How a socket to a stack is opened, whoever needs one.
extension StackEndpoint {
  /// Opens one; a name is looked up anew each time. The handler is in its pipeline before the first byte.
  func connect(on loop: EventLoop, _ handler: any ChannelHandler & Sendable) -> EventLoopFuture<any Channel> {
    let (tls, address) = (security, address)
    let bootstrap = ClientBootstrap(group: loop)
      .connectTimeout(.nanoseconds(connectTimeout))
      .channelOption(.maxMessagesPerRead, value: 1)
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 1 << 16))
      .channelOption(.writeBufferWaterMark, value: .init(low: 1 << 20, high: 4 << 20))
      .channelInitializer { channel in
        channel.eventLoop.assumeIsolated().makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(handler)
          if let tls, case .tcp(let host, _) = address { try tls.start(in: channel, host: host) }
        }
      }
    switch address {
    case .tcp(let host, let port):
      return KeepAlive.stacks.reduce(bootstrap) { $0.channelOption($1.option, value: $1.value) }
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .connect(host: host, port: port)
    case .unix(let path):
      return bootstrap.connect(unixDomainSocketPath: path)
    }
  }

  /// What has ended a connection, as a part of a sentence.
  func lost(by error: Error, in channel: Channel) -> String {
    security.flatMap { TLSWords.reason(of: error, $0.settings, in: channel) }
      ?? "lost the connection: \(error)"
  }

  /// Why a socket could not be opened, as a part of a sentence.
  func reason(of error: Error) -> String {
    if let words = security.flatMap({ TLSWords.reason(of: error, $0.settings, in: nil) }) { return words }
    switch error {
    case let error as IOError:
      return String(cString: strerror(error.errnoCode))
    case let error as NIOConnectionError:
      if let single = error.connectionErrors.first { return reason(of: single.error) }
      return "its name could not be resolved"
    case ChannelError.connectTimeout:
      return "the connection attempt timed out"
    default:
      return "\(error)"
    }
  }
}

extension ClientTLSContext: LinkSecurity {}

extension StackEndpoint {
  /// How TLS is spoken to it; nil where none is.
  private var security: ClientTLSContext? { tls as? ClientTLSContext }
}
