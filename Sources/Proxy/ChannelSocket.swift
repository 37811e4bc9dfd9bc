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

  init(_ context: ChannelHandlerContext) { self.context = context }

  var unwritten: Int { (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }
  var inKernel: Int { SocketQueues.inKernel(context.channel) }
  var unread: Int { SocketQueues.unread(context.channel) }

  func write(_ bytes: ByteBuffer) { context.writeAndFlush(NIOAny(bytes), promise: nil) }

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
