import NIOCore
import NIOPosix
import SluiceConfiguration
import SluiceProxy

/// The control port: RESP, so that `redis-cli -p 6401 ROLLBACK` works when nothing else is at hand. On a loop of its own, apart
/// from the data plane's.
struct ControlServer: Sendable {
  private let group: MultiThreadedEventLoopGroup
  private let channels: [Channel]
  /// Where it really listens.
  let addresses: [Address]

  /// - Throws: `ServeError` naming the address that could not be opened.
  static func start(on addresses: [Address], desk: ControlDesk) async throws -> ControlServer {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let sessions = ControlSessions()
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptPause(.milliseconds(20)))
        }
      }
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ControlHandler(desk: desk, sessions))
        }
      }
    var channels: [Channel] = []
    var opened: [Address] = []
    for address in addresses {
      do {
        switch address {
        case .tcp(let host, let port):
          let channel = try await bootstrap.bind(host: host, port: port).get()
          channels.append(channel)
          opened.append(.tcp(host: host, port: channel.localAddress?.port ?? port))
        case .unix(let path):
          try UnixSocket.requireFree(path)
          channels.append(
            try await bootstrap.withBoundSocket(try UnixSocket.bindPrivately(path)).get())
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

  func stop() async {
    for channel in channels { try? await channel.close() }
    try? await group.shutdownGracefully()
  }
}
