#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A new directory with mode 0700 under `TMPDIR` or `/tmp`, for one socket.
public struct PrivateDirectory: Sendable {
  public let path: String

  /// The longest parent that leaves room for the rest in the 107 bytes of a socket's path.
  private static let longestParent = 70

  /// - Throws: `MemoryServerError` if it can't be made.
  public init() throws {
    var parent = "/tmp"
    if let set = getenv("TMPDIR") {
      let wanted = String(cString: set)
      if !wanted.isEmpty, wanted.utf8.count <= PrivateDirectory.longestParent { parent = wanted }
    }
    // mkdtemp makes it with mode 0700, under a name nobody can foresee.
    var template = Array("\(parent)/sluice-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    guard let made else {
      throw MemoryServerError(code: .noDirectory, path: "\(parent)/sluice-XXXXXX", errno: errno)
    }
    path = made
  }

  /// Removes the socket of that name and the directory; what is gone already is fine.
  public func remove(socket: String) {
    unlink("\(path)/\(socket)")
    rmdir(path)
  }
}
