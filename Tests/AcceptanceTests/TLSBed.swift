import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTLS
import SluiceTestSupport

/// A CA, and what it has signed, for the tests of TLS.
struct Certificates {
  let folder: ScratchFolder
  let ca: CertificateAuthority
  let server: CertificateAuthority.Identity
  let client: CertificateAuthority.Identity

  init() throws {
    folder = try ScratchFolder()
    ca = try CertificateAuthority(in: folder)
    server = try ca.issue("server")
    client = try ca.issue("client", names: ["DNS:client"])
  }

  /// The `tls:` section of `sluice.yaml`, with whatever goes behind.
  func yaml(_ more: String...) -> String {
    (["tls:", "  cert: \(server.certificate)", "  key: \(server.key)"] + more.map { "  \($0)" })
      .joined(separator: "\n") + "\n"
  }

  /// A proxy with a door for TLS beside the plain one, on both ports.
  func options(_ more: String..., stage: String = "live", percent: Int = 50) -> SluiceProcess.Options {
    var options = SluiceProcess.Options(stage: stage, percent: percent)
    options.yaml = yaml() + more.map { "  \($0)\n" }.joined()
    (options.listen, options.control) = (["tls:127.0.0.1:0"], ["tls:127.0.0.1:0"])
    return options
  }
}

extension SluiceProcess {
  /// Where clients connect by TLS.
  func tlsEndpoint(_ tls: ClientTLS) -> RedisEndpoint {
    RedisEndpoint(.tcp(host: "127.0.0.1", port: tlsPort), tls: tls)
  }
}
