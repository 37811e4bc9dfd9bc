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
  func client() throws -> TestSocket { try TestSocket(path: socketPath) }
}
