import NIOCore
import NIOPosix
import SluiceConfiguration
import SluiceProxy
import SluiceTLS

/// The control port: RESP, so that `redis-cli -p 6401 ROLLBACK` works when nothing else is at hand. On a loop of its own, apart
/// from the data plane's.
struct ControlServer: Sendable {
  private let group: MultiThreadedEventLoopGroup
  private let opened: DoorOpening.Opened
  /// Where it really listens.
  var addresses: [Address] { opened.addresses }

  /// - Throws: `ServeError` naming the address that could not be opened.
  static func start(
    on addresses: [Address], desk: ControlDesk, tls: TLSKeepers,
    refused: @escaping @Sendable (TLSRefusal, _ words: String, SocketAddress?) -> Void
  ) async throws -> ControlServer {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let sessions = ControlSessions()
    do throws(ServeError) {
      let opened = try await DoorOpening.open(addresses, option: "--control", on: group, halfCloses: true) {
        channel in
        try channel.pipeline.syncOperations.addHandler(ControlHandler(desk: desk, sessions))
      } secure: { channel in
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
      return ControlServer(group: group, opened: opened)
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
  }

  func stop() async {
    await opened.close()
    try? await group.shutdownGracefully()
  }
}
