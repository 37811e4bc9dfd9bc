import Foundation

/// A real `redis-server` for one test, on a socket of its own, gone with the test.
///
/// Spawned without `Process`, whose waiting needs a run loop that a test's thread does not have.
final class RealRedis {
  let socketPath: String
  private let directory: String
  private var process: pid_t = 0

  struct NotStarted: Error { let code: Int32 }

  init() throws {
    directory = NSTemporaryDirectory() + "/sluice-real-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    socketPath = directory + "/redis.sock"
    let words = [
      "redis-server", "--port", "0", "--unixsocket", socketPath, "--save", "", "--appendonly", "no",
      "--databases", "1", "--dir", directory, "--logfile", directory + "/log",
    ]
    var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { pointers.forEach { free($0) } }
    let code = posix_spawnp(&process, "redis-server", nil, nil, &pointers, environ)
    guard code == 0 else { throw NotStarted(code: code) }
  }

  deinit {
    if process > 0 {
      kill(process, SIGKILL)
      waitpid(process, nil, 0)
    }
    try? FileManager.default.removeItem(atPath: directory)
  }
}
