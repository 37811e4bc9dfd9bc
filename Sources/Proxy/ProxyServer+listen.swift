import NIOCore
import NIOPosix
import SluiceCore
import SluiceSockets
import SluiceTLS

extension ProxyServer {
  /// Where clients are served.
  public enum ListenAddress: Sendable {
    case tcp(host: String, port: Int)
    case unix(path: String)
  }

  /// Clients that were told that they are one too many.
  public var turnedAway: Int { shared.turnedAway.load(ordering: .relaxed) }

  /// What clients cost: the most since the last call, and now. Each has buffers beside what it holds.
  public func takeClientWeight() -> (peak: Int, now: Int) {
    let buffers = shared.clients.load(ordering: .relaxed) * ProxyServer.bytesOfClient
    let most = max(shared.mostClients.exchange(0, ordering: .relaxed) * ProxyServer.bytesOfClient, buffers)
    return (clientMemory.takePeak() + most, clientMemory.bytes + buffers)
  }

  private static let bytesOfClient = 16 << 10

  /// Whoever waits for its next attempt to reach a stack tries now.
  public func connectNow() {
    for lane in lanes {
      lane.loop.execute {
        lane.turnBegan()
        lane.connectNow()
      }
    }
  }

  /// Opens one more door; returns the address as the kernel has it (port 0 asks for any free port).
  ///
  /// - Parameter tls: how TLS is spoken there; nil speaks none.
  public func listen(_ address: ListenAddress, tls: ServerTLSContext? = nil) async throws -> SocketAddress {
    let (laneSet, drivers, report) = (laneSet, drivers, report)
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 4096)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            AcceptPause(ProxyServer.patienceOfDoors) {
              report(.notAccepted(errno: $0.errnoCode))
            })
        }
      }
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelOption(.maxMessagesPerRead, value: 1)
      // Each channel keeps the buffer of its last read: large enough for a pipeline in one piece, small enough for many idle
      // clients.
      .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 8 << 10))
      // Writable is again a client for which nothing waits. That every write makes the channel unwritable and writable again is
      // avoided: two events for each reply.
      .childChannelOption(.writeBufferWaterMark, value: .init(low: 1, high: 4 << 10))
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try ProxyServer.welcome(channel, tls, laneSet, drivers) }
      }
    let channel: Channel
    switch address {
    case .tcp(let host, let port):
      channel = try await KeepAlive.clients.reduce(bootstrap) {
        $0.childChannelOption($1.option, value: $1.value)
      }
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .bind(host: host, port: port).get()
    case .unix(let path):
      channel = try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
    }
    listeners.withLock { $0.append(channel) }
    guard let local = channel.localAddress else { throw ChannelError.unknownLocalAddress }
    return local
  }

  private static let patienceOfDoors = TimeAmount.milliseconds(200)
}
