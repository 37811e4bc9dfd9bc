import NIOCore
import NIOPosix
import SluiceMemoryServer

/// A stack with layers behind a unix-domain socket, so that the proxy's lanes reach it as they reach any Redis.
///
/// ```
///   lane ── unix socket ──▶ LayeredClient ──▶ L1, compression, default TTL, key prefix ──▶ Upstream ──▶ endpoint
///          (private dir)     frame, classify            (LayerRule says what)           one per client
///                    ◀── replies in the order of the commands, one write per turn
/// ```
///
/// One event loop owns everything: no lock, and what a layer remembers is of one piece.
public final class LayeredServer: Sendable {
  /// The path of the socket, in a directory of its own that only this user may enter.
  public let socketPath: String
  private let directory: PrivateDirectory
  private let listener: any Channel
  private let core: NIOLoopBound<LayeredCore>
  private let memory: MemoryServer?
  private let watch: RepeatedTask

  /// Starts serving. The endpoint need not be there.
  ///
  /// - Parameters:
  ///   - group: one loop of it serves everything.
  ///   - report: called on that loop when the endpoint goes and comes; must not block.
  /// - Throws: `MemoryServerError` if a directory can't be made, or NIO's error if the socket can't be bound.
  public static func start(
    _ settings: LayeredSettings, on group: any EventLoopGroup,
    report: @escaping @Sendable (LayeredEvent) -> Void = { _ in }
  ) async throws -> LayeredServer {
    let loop = group.next()
    var memory: MemoryServer?
    if settings.onConnectionError == .memory {
      memory = try await MemoryServer.start(maxBytes: settings.fallbackBytes, on: loop)
    }
    do {
      let directory = try PrivateDirectory()
      do {
        return try await LayeredServer(
          settings, directory: directory, memory: memory, loop: loop, report: report)
      } catch {
        directory.remove(socket: "layers.sock")
        throw error
      }
    } catch {
      await memory?.stop()
      throw error
    }
  }

  private init(
    _ settings: LayeredSettings, directory: PrivateDirectory, memory: MemoryServer?, loop: any EventLoop,
    report: @escaping @Sendable (LayeredEvent) -> Void
  ) async throws {
    self.directory = directory
    self.memory = memory
    socketPath = directory.path + "/layers.sock"
    let memoryPath = memory?.socketPath
    let core = try await loop.submit {
      NIOLoopBound(
        LayeredCore(settings, memoryPath: memoryPath, loop: loop, report: report), eventLoop: loop)
    }.get()
    self.core = core
    listener = try await ServerBootstrap(group: loop)
      .serverChannelOption(.backlog, value: 256)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(LayeredClient(core.value))
        }
      }
      .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 1 << 16))
      .bind(unixDomainSocketPath: socketPath)
      .get()
    watch = loop.scheduleRepeatedTask(initialDelay: .milliseconds(50), delay: .milliseconds(50)) { _ in
      core.value.checkDeadlines()
    }
  }

  /// Empties L1, and keeps what was asked for before from filling it.
  public func clearL1() async {
    try? await listener.eventLoop.submit { [core] in core.value.clearL1() }.get()
  }

  /// What it counted until now, and where it stands.
  public func status() async -> LayeredStatus {
    (try? await listener.eventLoop.submit { [core] in core.value.status }.get()) ?? LayeredStatus()
  }

  /// Closes the listener and every connection. Twice does no harm.
  public func stop() async {
    watch.cancel()
    try? await listener.close().get()
    try? await listener.eventLoop.submit { [core] in core.value.stop() }.get()
    await memory?.stop()
    directory.remove(socket: "layers.sock")
  }
}
