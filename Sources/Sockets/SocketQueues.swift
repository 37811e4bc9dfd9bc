import NIOCore

#if canImport(Glibc)
  import Glibc
#endif

/// What lies between us and the other side of a socket.
public enum SocketQueues {
  /// Bytes that were written to the channel and that the other side's kernel has not taken: NIO's and our kernel's.
  public static func unsent(_ channel: Channel) -> Int {
    let waiting = (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    return waiting + inKernel(channel)
  }

  /// Those of our kernel alone.
  public static func inKernel(_ channel: Channel) -> Int { ask(channel, UInt(TIOCOUTQ)) }

  /// Bytes that have come and that we have not read.
  public static func unread(_ channel: Channel) -> Int { ask(channel, UInt(FIONREAD)) }

  /// 0 where the socket would not say.
  private static func ask(_ channel: Channel, _ request: UInt) -> Int {
    let answer = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
      of: NIOBSDSocket.Handle.self
    ) { socket in
      var count: CInt = 0
      return ioctl(socket, request, &count) == 0 ? Int(count) : 0
    }
    return answer ?? 0
  }
}
