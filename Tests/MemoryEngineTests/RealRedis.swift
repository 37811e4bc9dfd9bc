import SluiceLoadGenerator

/// A real `redis-server` for one test, on a socket of its own, gone with the test.
final class RealRedis {
  let socketPath: String
  private let folder: ScratchFolder
  private let process: ChildProcess

  init() throws {
    folder = try ScratchFolder()
    socketPath = "\(folder.path)/s"
    process = try ChildProcess(
      "redis-server",
      [
        "--port", "0", "--unixsocket", socketPath, "--save", "", "--appendonly", "no", "--databases", "1",
        "--dir", folder.path,
      ], log: "\(folder.path)/log")
  }
}
