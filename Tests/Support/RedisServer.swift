import Foundation
import SluiceLoadGenerator
import SluiceRedisClient

/// A real `redis-server` that keeps nothing on disk, on a port that the kernel chose or on a Unix socket.
public final class RedisServer {
  /// Where it listens.
  public enum Place: Sendable {
    case port, unixSocket
    /// A port that speaks TLS alone.
    case tls(Door)
  }

  /// How it speaks TLS.
  public struct Door: Sendable {
    /// What it shows, and whom it trusts.
    public var identity: CertificateAuthority.Identity
    public var ca: CertificateAuthority
    /// What clients must show; nil where nobody is asked.
    public var client: CertificateAuthority.Identity?

    public init(
      _ identity: CertificateAuthority.Identity, _ ca: CertificateAuthority,
      client: CertificateAuthority.Identity? = nil
    ) {
      (self.identity, self.ca, self.client) = (identity, ca, client)
    }
  }

  /// Where it listens; 0 for a socket.
  public let port: UInt16

  /// Its address with its password, as `sluice` takes it.
  public let url: String
  /// What it logs, for the message of a failure.
  public var log: String { child?.lastWords ?? "" }
  private let folder: ScratchFolder
  private let program: String
  private let arguments: [String]
  private let endpoint: RedisEndpoint
  private var child: Child?

  /// Starts it and waits until it answers.
  ///
  /// - Parameters:
  ///   - binary: of which version it is.
  ///   - password: what clients must send by `AUTH`; nobody is asked if left out.
  ///   - extra: more of its configuration, as `--name value`.
  public init(
    _ place: Place = .port, _ binary: ServerBinary = .redis70, password: String? = nil, extra: [String] = []
  ) throws {
    program = binary.path
    folder = try ScratchFolder()
    let common =
      ["--save", "", "--appendonly", "no", "--dir", folder.path]
      + (password.map { ["--requirepass", $0] } ?? []) + extra
    switch place {
    case .port:
      // Another process may take the port before the server does; a restart on it would fail aloud.
      let port = try Ports.free()
      self.port = port
      arguments = ["--port", "\(port)", "--bind", "127.0.0.1"] + common
      endpoint = RedisEndpoint(.tcp(host: "127.0.0.1", port: port), password: password)
      url = "redis://\(password.map { ":\($0)@" } ?? "")127.0.0.1:\(port)"
    case .tls(let door):
      let port = try Ports.free()
      self.port = port
      arguments =
        [
          "--port", "0", "--tls-port", "\(port)", "--bind", "127.0.0.1", "--tls-cert-file",
          door.identity.certificate, "--tls-key-file", door.identity.key, "--tls-ca-cert-file",
          door.ca.certificate, "--tls-auth-clients", door.client == nil ? "no" : "yes",
        ] + common
      var tls = door.ca.trust(as: door.client)
      url = "rediss://\(password.map { ":\($0)@" } ?? "")127.0.0.1:\(port)\(tls.query)"
      // Whether it is the right one is for the tests to find out.
      tls.check = .none
      endpoint = RedisEndpoint(.tcp(host: "127.0.0.1", port: port), password: password, tls: tls)
    case .unixSocket:
      port = 0
      let path = "\(folder.path)/redis.sock"
      arguments = ["--port", "0", "--unixsocket", path] + common
      endpoint = RedisEndpoint(.unix(path: path), password: password)
      url = "unix://\(password.map { ":\($0)@" } ?? "")\(path)"
    }
    try start()
  }

  /// Starts it again where it was, empty, after ``kill()``.
  public func start() throws {
    let child = try Child(program, arguments, in: folder, name: "redis")
    self.child = child
    try eventually(within: .seconds(60), "redis-server answers: \(child.lastWords)") {
      guard child.isRunning else { throw TestFailure("it ended") }
      return try client().command("PING") == .status("PONG")
    }
  }

  /// Ends it as a crash does.
  public func kill() {
    child?.kill()
    child = nil
  }

  /// Keeps it from running without closing a connection: a machine that hangs. It does nothing any more when this returns.
  public func pause() { child?.pause() }

  /// Ends ``pause()``.
  public func resume() { child?.send(SIGCONT) }

  /// A connection of its own.
  public func client(database: Int = 0) throws(RedisError) -> RedisClient {
    try RedisClient(
      RedisEndpoint(
        endpoint.address, password: endpoint.password, database: database, tls: endpoint.tls))
  }
}
