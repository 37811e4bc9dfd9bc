import Foundation
import SluiceLoadGenerator
import SluiceRESP

/// A real `redis-server` for one test, on a unix socket of its own.
final class RealRedis: @unchecked Sendable {
  let socketPath: String
  private let folder: ScratchFolder
  private var process: ChildProcess?

  init() throws {
    folder = try ScratchFolder()
    socketPath = "\(folder.path)/s"
    try start()
  }

  /// Starts the server, or starts it again with what it saved last.
  func start() throws {
    process = try ChildProcess(
      "redis-server",
      [
        "--port", "0", "--unixsocket", socketPath, "--save", "", "--dir", folder.path,
        "--enable-debug-command", "yes",
      ],
      log: "\(folder.path)/log")
  }

  /// Ends the server as a crash does.
  func crash() { process?.crash() }

  func stop() {
    crash()
    folder.remove()
  }

  func waitUntilReady() throws {
    guard eventually({ (try? client().ask("PING")) == "+PONG\r\n" }) else {
      throw TestFailure("redis-server does not answer at \(socketPath)")
    }
  }

  /// A connection past the proxy.
  func client() throws -> TestSocket {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath.utf8.prefix(107)) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      close(descriptor)
      throw TestFailure("cannot connect to \(socketPath)")
    }
    return TestSocket(descriptor)
  }
}
