import Glibc

/// Ports that nobody listens on.
public enum Ports {
  /// A TCP port on 127.0.0.1 that the kernel chose and that was free a moment ago.
  ///
  /// Another process may take it before its user does; callers start again with another one then.
  public static func free() throws(ProcessError) -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else {
      throw ProcessError("no socket to be had (errno \(errno)); raise the limit of open files")
    }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(descriptor, generic, length) == 0 ? getsockname(descriptor, generic, &length) : -1
      }
    }
    guard status == 0 else { throw ProcessError("the kernel gave no port on 127.0.0.1 (errno \(errno))") }
    return UInt16(bigEndian: address.sin_port)
  }
}
