import NIOCore
import NIOPosix
import SluiceMemoryEngine

/// A memory engine behind a unix-domain socket, so that a stack reaches it as it reaches any Redis.
///
/// One event loop owns the engine, the listener and all clients: no lock, and a pipeline is answered by one write.
///
/// ```
///   client ── unix socket ──▶ MemoryClientHandler ──▶ MemoryCore.engine
///             (private dir)     frame, execute            sweep every 100 ms
///                    ◀── one buffer, one flush per turn
/// ```
public final class MemoryServer: Sendable {
  /// The path of the socket, in a directory of its own that only this user may enter.
  public let socketPath: String
  private let directory: PrivateDirectory
  private let listener: any Channel
  private let core: NIOLoopBound<MemoryCore>
  private let sweeper: RepeatedTask

  /// Starts serving an empty engine.
  /// - Parameters:
  ///   - maxBytes: the bound of the engine: keys, values and 128 bytes per entry.
  ///   - maxEntries: a bound on the number of entries; nil is none.
  ///   - group: one loop of it serves everything.
  /// - Throws: `MemoryServerError` if the directory can't be made, or NIO's error if the socket can't be bound.
  public static func start(
    maxBytes: Int = 256 << 20, maxEntries: Int? = nil, on group: any EventLoopGroup
  ) async throws -> MemoryServer {
    let loop = group.next()
    let directory = try PrivateDirectory()
    let path = directory.path + "/memory.sock"
    do {
      let core = try await loop.submit {
        NIOLoopBound(MemoryCore(maxBytes: maxBytes, maxEntries: maxEntries), eventLoop: loop)
      }.get()
      let listener = try await ServerBootstrap(group: loop)
        .serverChannelOption(.backlog, value: 256)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(MemoryClientHandler(core: core.value))
          }
        }
        .childChannelOption(
          .recvAllocator,
          value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 16384, maximum: 65536)
        )
        .bind(unixDomainSocketPath: path)
        .get()
      return MemoryServer(path: path, directory: directory, listener: listener, core: core)
    } catch {
      directory.remove(socket: "memory.sock")
      throw error
    }
  }

  private init(
    path: String, directory: PrivateDirectory, listener: any Channel, core: NIOLoopBound<MemoryCore>
  ) {
    socketPath = path
    self.directory = directory
    self.listener = listener
    self.core = core
    sweeper = listener.eventLoop.scheduleRepeatedTask(
      initialDelay: .milliseconds(100), delay: .milliseconds(100)
    ) {
      _ in core.value.sweep()
    }
  }

  /// Closes the listener and every client, forgets the entries and removes the directory. Twice does no harm.
  public func stop() async {
    sweeper.cancel()
    try? await listener.close().get()
    try? await listener.eventLoop.submit { [core] in core.value.closeAll() }.get()
    directory.remove(socket: "memory.sock")
  }
}
