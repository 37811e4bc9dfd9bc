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

  /// A socket that is bound to `path` and that nobody but the owner can connect to, from its first moment on.
  ///
  /// The mode is set before it is bound: Linux makes the file with the mode that the socket has.
  static func bindPrivately(_ path: String) throws -> CInt {
    let bytes = Array(path.utf8)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let isTooLong = withUnsafeMutableBytes(of: &address.sun_path) { place in
      guard bytes.count < place.count else { return true }
      place.copyBytes(from: bytes)
      return false
    }
    guard !isTooLong else { throw IOError(errnoCode: ENAMETOOLONG, reason: "bind") }
    let descriptor = socket(
      AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
    fchmod(descriptor, 0o600)
    var status = stat()
    if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { unlink(path) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      let code = errno
      close(descriptor)
      throw IOError(errnoCode: code, reason: "bind")
    }
    return descriptor
  }
}
