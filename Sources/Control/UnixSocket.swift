import NIOCore

#if canImport(Glibc)
  import Glibc
#endif

/// The path of a unix socket, before it is listened on.
enum UnixSocket {
  /// Listening takes the place of the file that a process has left behind. Of one that runs it must not: its clients would be
  /// ours, and nobody could roll it back there any more.
  ///
  /// - Throws: `EADDRINUSE`, as for a port, if somebody listens there.
  static func requireFree(_ path: String) throws {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // Nobody is waited for: one whose queue is full listens as well.
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    if result == 0 || errno == EAGAIN { throw IOError(errnoCode: EADDRINUSE, reason: "listen") }
  }
}
