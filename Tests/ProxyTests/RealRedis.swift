import Foundation
import RESP

/// A real `redis-server` for one test, on a unix socket of its own.
final class RealRedis: @unchecked Sendable {
  let socketPath: String
  private let folder: String
  private var process: pid_t = 0

  init() throws {
    folder = NSTemporaryDirectory() + "/proxy-\(UUID().uuidString.prefix(8))"
    socketPath = folder + "/s"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try start()
  }

  /// Starts the server, or starts it again with what it saved last.
  func start() throws {
    let words = [
      "redis-server", "--port", "0", "--unixsocket", socketPath, "--save", "", "--dir", folder, "--logfile",
      folder + "/log", "--enable-debug-command", "yes",
    ]
    var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    let code = posix_spawnp(&process, "redis-server", nil, nil, &pointers, environ)
    guard code == 0 else { throw TestFailure("redis-server cannot be started: \(code)") }
  }

  deinit { stop() }

  /// Ends the server as a crash does.
  func crash() {
    guard process > 0 else { return }
    kill(process, SIGKILL)
    waitpid(process, nil, 0)
    process = 0
  }

  func pause() { kill(process, SIGSTOP) }
  func goOn() { kill(process, SIGCONT) }

  func stop() {
    crash()
    try? FileManager.default.removeItem(atPath: folder)
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
