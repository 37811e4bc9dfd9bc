import NIOCore
import SluiceCore
import SluiceSockets
import SluiceTLS

#if canImport(Glibc)
  import Glibc
#endif

/// A channel, as the machine at its end knows it. On the channel's loop only.
final class ChannelSocket: Socket {
  private let context: ChannelHandlerContext
  /// Nothing stands between us and the kernel.
  private let isPlain: Bool

  init(_ context: ChannelHandlerContext, isPlain: Bool) {
    self.context = context
    self.isPlain = isPlain
  }

  var unwritten: Int { (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }
  var inKernel: Int { SocketQueues.inKernel(context.channel) }
  var unread: Int { SocketQueues.unread(context.channel) }

  func write(_ bytes: ByteBuffer) { context.writeAndFlush(NIOAny(bytes), promise: nil) }

  /// Hands bytes to the kernel from where they stand, if nothing waits before them: for large ones, which are not copied once more.
  ///
  /// - Returns: how many it has taken; the rest must be written.
  func writeAtOnce(_ bytes: Span<UInt8>) -> Int {
    guard isPlain, unwritten == 0 else { return 0 }
    let taken = try? context.channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
      of: NIOBSDSocket.Handle.self
    ) { socket in
      bytes.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }
    // An error shows itself again where the rest is written.
    return max(0, taken ?? 0)
  }

  func whenTaken(_ work: @escaping () -> Void) {
    let taken = context.eventLoop.makePromise(of: Void.self)
    taken.futureResult.assumeIsolated().whenComplete { _ in work() }
    context.writeAndFlush(NIOAny(ByteBuffer()), promise: taken)
  }

  func setAutoRead(_ isOn: Bool) { try? context.channel.syncOptions?.setOption(.autoRead, value: isOn) }

  func close(_ ending: Effect.Ending) {
    switch ending {
    case .orderly: context.channel.end()
    case .half: context.close(mode: .output, promise: nil)
    case .now: context.channel.cut()
    case .reset:
      _ = (context.channel as? SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
      context.channel.cut()
    }
  }
}
