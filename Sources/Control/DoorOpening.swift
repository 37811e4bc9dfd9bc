import NIOCore
import NIOPosix
import SluiceConfiguration
import SluiceProxy

/// Opens a door that is none of the data plane's at all its addresses, or at none.
enum DoorOpening {
  struct Opened {
    var channels: [Channel] = []
    /// Where it really listens.
    var addresses: [Address] = []

    func close() async {
      for channel in channels { try? await channel.close() }
    }
  }

  /// - Parameters:
  ///   - option: what names the addresses, for the error.
  ///   - halfCloses: who has said all is still answered.
  ///   - plain: puts into a new connection's pipeline who answers it; `secure` the same where TLS is spoken.
  static func open(
    _ addresses: [Address], option: String, on group: MultiThreadedEventLoopGroup, halfCloses: Bool,
    plain: @escaping @Sendable (Channel) throws -> Void, secure: @escaping @Sendable (Channel) throws -> Void
  ) async throws(ServeError) -> Opened {
    let (plain, secure) = (bootstrap(group, halfCloses, plain), bootstrap(group, halfCloses, secure))
    var opened = Opened()
    for address in addresses {
      do {
        switch address {
        case .tcp(let host, let port):
          let channel = try await plain.bind(host: host, port: port).get()
          opened.channels.append(channel)
          opened.addresses.append(.tcp(host: host, port: channel.localAddress?.port ?? port))
        case .tls(let host, let port):
          let channel = try await secure.bind(host: host, port: port).get()
          opened.channels.append(channel)
          opened.addresses.append(.tls(host: host, port: channel.localAddress?.port ?? port))
        case .unix(let path):
          try UnixSocket.requireFree(path)
          opened.channels.append(try await plain.withBoundSocket(try UnixSocket.bindPrivately(path)).get())
          opened.addresses.append(address)
        }
      } catch {
        await opened.close()
        throw ServeError.cannotListen(address, option: option, error)
      }
    }
    return opened
  }

  private static func bootstrap(
    _ group: MultiThreadedEventLoopGroup, _ halfCloses: Bool,
    _ serve: @escaping @Sendable (Channel) throws -> Void
  ) -> ServerBootstrap {
    ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptPause(.milliseconds(20)))
        }
      }
      .childChannelOption(.allowRemoteHalfClosure, value: halfCloses)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try serve(channel) }
      }
  }
}
