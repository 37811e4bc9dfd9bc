import Glibc
import NIOCore
import NIOPosix
import SluiceLocks
import SluiceTLS

/// TLS for hiredis 0.14, which has none: one end of a socket pair is hiredis's, and what stands at the other end carries the bytes
/// to the server and back, through TLS. A new pair for each connection.
///
/// The loop is of its own: whoever waits at hiredis's end must not be who serves the other one.
final class TLSBridge: Sendable {
  /// hiredis's end; its owner closes it.
  let descriptor: Int32
  private let end = Mutex<String?>(nil)

  /// One thread for all of them, for as long as the process lives.
  private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

  /// Connects, and returns when the hand-shake is through. Blocks the thread meanwhile.
  ///
  /// - Parameter patience: for all of it; zero or less means as long as the system tries.
  /// - Throws: why it did not come about, as a part of a sentence about the server.
  init(host: String, port: UInt16, _ tls: ClientTLSContext, patience: Duration) throws(BridgeFailure) {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
      throw BridgeFailure(
        reason: "cannot be reached: no socket pair could be made (\(String(cString: strerror(errno))))")
    }
    descriptor = ends[0]
    let ours = ends[1]
    let wait = patience > .zero ? min(patience, Self.longest) : Self.longest
    let loop = Self.group.next()
    loop.execute { self.open(host, Int(port), tls, ours, TimeAmount(wait), on: loop) }
    // The first byte says that the hand-shake is through, and is none of the server's.
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    var first: UInt8 = 0
    if poll(&entry, 1, Int32(wait / .milliseconds(1)) + 1) > 0, recv(descriptor, &first, 1, 0) == 1 { return }
    let reason = reason ?? "did not answer the TLS hand-shake in time"
    close(descriptor)
    throw BridgeFailure(reason: reason)
  }

  /// Why the connection ended, as a part of a sentence about the server; nil while it lives.
  var reason: String? { end.withLock { $0 } }

  private static let longest = Duration.seconds(3600)

  // MARK: On the loop

  private func open(
    _ host: String, _ port: Int, _ tls: ClientTLSContext, _ ours: Int32, _ patience: TimeAmount,
    on loop: any EventLoop
  ) {
    let inner = BridgeEnd()
    let outer = BridgeEnd()
    (inner.other, outer.other) = (outer, inner)
    inner.isThrough = true
    outer.isReady = { inner.write(ByteBuffer(bytes: [UInt8(ascii: "+")])) }
    outer.failed = { self.ended($0, tls.settings, $1) }
    ClientBootstrap(group: loop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(inner) }
      }
      .withConnectedSocket(ours)
      .whenComplete { made in
        switch made {
        case .success(let inside): self.connect(host, port, tls, outer, inside, patience, on: loop)
        case .failure(let error): self.ended(error, tls.settings, nil)
        }
      }
  }

  private func connect(
    _ host: String, _ port: Int, _ tls: ClientTLSContext, _ outer: BridgeEnd, _ inside: any Channel,
    _ patience: TimeAmount, on loop: any EventLoop
  ) {
    ClientBootstrap(group: loop)
      .connectTimeout(patience)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(outer)
          try tls.start(in: channel, host: host)
        }
      }
      .connect(host: host, port: port)
      .whenComplete { made in
        switch made {
        // Whoever has given up waiting has closed the other end of the pair.
        case .success(let outside): if !inside.isActive { outside.close(promise: nil) }
        case .failure(let error):
          self.ended(error, tls.settings, nil)
          inside.close(promise: nil)
        }
      }
  }

  private func ended(_ error: any Error, _ settings: ClientTLS, _ channel: (any Channel)?) {
    let words = TLSWords.reason(of: error, settings, in: channel) ?? Self.reason(of: error)
    end.withLock { if $0 == nil { $0 = words } }
  }

  private static func reason(of error: any Error) -> String {
    switch error {
    case let error as IOError: "cannot be reached (\(String(cString: strerror(error.errnoCode))))"
    case let error as NIOConnectionError:
      error.connectionErrors.first.map { reason(of: $0.error) }
        ?? "cannot be reached (its name could not be resolved)"
    case ChannelError.eof: "closed the connection"
    case ChannelError.connectTimeout: "did not answer: the connection attempt timed out"
    default: "cannot be reached (\(error))"
    }
  }
}

/// Why a bridge could not be opened, as a part of a sentence about the server.
struct BridgeFailure: Error {
  let reason: String
}
