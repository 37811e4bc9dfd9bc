import Foundation
import SluiceRedisClient

/// A server that speaks RESP on a port the kernel chose: started, and waited for until it answers.
public final class LocalServer: Sendable {
  /// The process.
  public let process: ChildProcess
  /// Where it listens; without credentials.
  public let endpoint: RedisEndpoint
  /// The port of ``endpoint``.
  public let port: UInt16

  private init(process: ChildProcess, port: UInt16) {
    self.process = process
    self.port = port
    endpoint = RedisEndpoint(.tcp(host: "127.0.0.1", port: port))
  }

  /// Starts a server and waits until it answers a `PING`, with whatever: an error is an answer.
  ///
  /// - Parameters:
  ///   - arguments: given the port to listen on; asked again when that port was taken by then.
  /// - Throws: `ProcessError` with the last lines of the server's log when it ends or stays silent for ten seconds.
  public static func start(
    _ executable: String, in folder: ScratchFolder, name: String,
    arguments: (_ port: UInt16) throws(ProcessError) -> [String]
  ) throws(ProcessError) -> LocalServer {
    var failure = ""
    for _ in 0..<3 {
      let port = try Ports.free()
      let process = try ChildProcess(executable, try arguments(port), log: "\(folder.path)/\(name).log")
      let server = LocalServer(process: process, port: port)
      if server.answers(within: .seconds(10)) { return server }
      failure = process.isRunning ? "\(name) does not answer" : "\(name) ended: \(process.lastWords)"
      process.stop()
    }
    throw ProcessError(failure)
  }

  /// Starts a `redis-server` that keeps nothing on disk.
  ///
  /// - Parameters:
  ///   - program: a `redis-server` of another version, or a `valkey-server`.
  ///   - extra: more of its configuration, as `--name value`.
  public static func redis(
    _ program: String = "redis-server", in folder: ScratchFolder, name: String = "redis", extra: [String] = []
  ) throws(ProcessError) -> LocalServer {
    try start(program, in: folder, name: name) { port in
      [
        "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder.path,
      ] + extra
    }
  }

  /// Connects to it.
  public func client() throws(RedisError) -> RedisClient {
    try RedisClient(endpoint)
  }

  private func answers(within limit: Duration) -> Bool {
    let deadline = MonotonicClock.now() + limit.nanoseconds
    while process.isRunning, MonotonicClock.now() < deadline {
      if let client = try? client(), (try? client.command("PING")) != nil, process.isRunning { return true }
      usleep(10_000)
    }
    return false
  }
}
