import Foundation
import SluiceLoadGenerator

/// A `redis-server` of the test's own on a unix socket, gone with the test.
final class RealRedis {
  struct Failure: Error { let what: String }

  private let folder: ScratchFolder
  private let path: String
  private let process: ChildProcess

  init(password: String? = nil) throws {
    folder = try ScratchFolder()
    path = "\(folder.path)/s"
    process = try ChildProcess(
      "redis-server",
      ["--port", "0", "--unixsocket", path, "--save", "", "--dir", folder.path]
        + (password.map { ["--requirepass", $0] } ?? []), log: "\(folder.path)/log")
  }

  /// Sends `stream` on a connection of its own and returns all that comes back: up to `last`, or until the server
  /// closes the connection.
  func exchange(_ stream: [UInt8], until last: [UInt8]) throws -> (reply: [UInt8], isClosed: Bool) {
    let connection = try connect()
    defer { close(connection) }
    var sent = 0
    while sent < stream.count {
      let count = stream[sent...].withUnsafeBytes {
        send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      // The server may close before it has read everything.
      guard count > 0 else { break }
      sent += count
    }
    var reply: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while !reply.reversed().starts(with: last.reversed()) {
      let count = recv(connection, &chunk, chunk.count, 0)
      if count <= 0 {
        guard count == 0 || errno == ECONNRESET else { throw Failure(what: "no answer: errno \(errno)") }
        return (reply, true)
      }
      reply += chunk[..<count]
    }
    return (reply, false)
  }

  private func connect() throws -> Int32 {
    let deadline = Date(timeIntervalSinceNow: 20)
    while true {
      let connection = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      var patience = timeval(tv_sec: 20, tv_usec: 0)
      setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
      let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          Glibc.connect(connection, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      if result == 0 { return connection }
      close(connection)
      guard Date() < deadline else { throw Failure(what: "redis-server does not listen at \(path)") }
      sched_yield()
    }
  }
}
