import NIOCore

/// How connections end that may have TLS in them. Its own way to close waits seconds for the other side's goodbye, and writes what
/// nobody reads any more until then.
extension Channel {
  /// Says goodbye, where TLS has one, and closes without waiting for an answer. On the channel's loop.
  public func end() {
    guard let tls else { return close(promise: nil) }
    close(mode: .output, promise: nil)
    tls.close(promise: nil)
  }

  /// Closes at once: whatever waits to be written is not. On the channel's loop.
  public func cut() {
    guard let tls else { return close(promise: nil) }
    tls.close(promise: nil)
  }

  /// Below TLS; nil where there is none.
  private var tls: ChannelHandlerContext? {
    try? pipeline.syncOperations.context(name: TLSWords.handlerName)
  }
}
