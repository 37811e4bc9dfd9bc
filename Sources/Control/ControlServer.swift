import NIOCore
import NIOPosix
import SluiceConfiguration
import SluiceProxy
import SluiceTLS

/// The control port: RESP, so that `redis-cli -p 6401 ROLLBACK` works when nothing else is at hand. On a loop of its own, apart
/// from the data plane's.
struct ControlServer: Sendable {
  private let group: MultiThreadedEventLoopGroup
  private let channels: [Channel]
  /// Where it really listens.
  let addresses: [Address]

  /// - Throws: `ServeError` naming the address that could not be opened.
  static func start(
    on addresses: [Address], desk: ControlDesk, tls: TLSKeepers,
    refused: @escaping @Sendable (TLSRefusal, _ words: String, SocketAddress?) -> Void
  ) async throws -> ControlServer {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let sessions = ControlSessions()
    let plain = bootstrap(group, sessions) { channel in
      try channel.pipeline.syncOperations.addHandler(ControlHandler(desk: desk, sessions))
    }
    let secure = bootstrap(group, sessions) { channel in
      guard let context = tls.control else { throw ChannelError.inappropriateOperationForState }
      sessions.opened(channel)
      channel.closeFuture.assumeIsolated().whenComplete { _ in sessions.closed(channel) }
      let gate = TLSGate(tls.patience, context.counts) {
        ControlHandler(desk: desk, sessions)
      } refused: { reason, words, channel in
        refused(reason, words, channel.remoteAddress)
      }
      try channel.pipeline.syncOperations.addHandler(gate)
      try context.start(in: channel)
    }
    var channels: [Channel] = []
    var opened: [Address] = []
    for address in addresses {
      do {
        switch address {
        case .tcp(let host, let port):
          let channel = try await plain.bind(host: host, port: port).get()
          channels.append(channel)
          opened.append(.tcp(host: host, port: channel.localAddress?.port ?? port))
        case .tls(let host, let port):
          let channel = try await secure.bind(host: host, port: port).get()
          channels.append(channel)
          opened.append(.tls(host: host, port: channel.localAddress?.port ?? port))
        case .unix(let path):
          try UnixSocket.requireFree(path)
          channels.append(
            try await plain.withBoundSocket(try UnixSocket.bindPrivately(path)).get())
          opened.append(address)
        }
      } catch {
        for channel in channels { try? await channel.close() }
        try? await group.shutdownGracefully()
        throw ServeError.cannotListen(address, option: "--control", error)
      }
    }
    return ControlServer(group: group, channels: channels, addresses: opened)
  }

  /// - Parameter serve: puts into a new connection's pipeline who answers it.
  private static func bootstrap(
    _ group: MultiThreadedEventLoopGroup, _ sessions: ControlSessions,
    _ serve: @escaping @Sendable (Channel) throws -> Void
  ) -> ServerBootstrap {
    ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptPause(.milliseconds(20)))
        }
      }
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try serve(channel)
        }
      }
  }

  func stop() async {
    for channel in channels { try? await channel.close() }
    try? await group.shutdownGracefully()
  }
}
