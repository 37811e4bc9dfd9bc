import SluiceLoadGenerator

extension LocalServer {
  /// HAProxy with one thread, as it is run before a Redis.
  ///
  /// - Parameter further: what its second port binds, as its configuration has it; none where it is nil.
  static func haproxy(
    before redis: LocalServer, in folder: ScratchFolder, name: String = "haproxy", further: String? = nil
  ) throws -> LocalServer {
    try start("haproxy", in: folder, name: name) { port throws(ProcessError) in
      let file = try folder.write(
        "\(name).cfg",
        """
        global
          nbthread 1
          maxconn 4096
        defaults
          mode tcp
          timeout connect 5s
          timeout client 60s
          timeout server 60s
        frontend clients
          bind 127.0.0.1:\(port)
          \(further.map { "bind \($0)" } ?? "")
          default_backend redis
        backend redis
          server legacy 127.0.0.1:\(redis.port)

        """)
      return ["-f", file, "-db"]
    }
  }
}
