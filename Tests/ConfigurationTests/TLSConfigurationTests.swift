import SluiceLoadGenerator
import SluiceTLS
import Testing

@testable import SluiceConfiguration

@Suite struct TLSConfigurationTests {
  private let folder: ScratchFolder
  private let ca: CertificateAuthority
  private let own: CertificateAuthority.Identity

  init() throws {
    folder = try ScratchFolder()
    ca = try CertificateAuthority(in: folder)
    own = try ca.issue("own")
  }

  private var files: String { "cert: \(own.certificate), key: \(own.key)" }

  @Test("what the file says, the flags over it, and what is shown of it can be read again")
  func whole() throws {
    let other = try ca.issue("other")
    let yaml = """
      listen: [127.0.0.1:6400, tls:127.0.0.1:6443]
      tls:
        cert: \(other.certificate)
        key: \(other.key)
        names: [{name: "*.a.example", \(files)}]
        client_ca: \(ca.certificate)
        minimum: 1.3
        handshake: 2s
      stacks:
        new: {url: "rediss://h", tls: {ca: \(ca.certificate), name: n}}
      """
    var options = ServeOptions()
    (options.tlsCertificate, options.tlsKey) = (own.certificate, own.key)
    let configuration = try ServeConfiguration.load(yaml: yaml, options: options)
    let server = try #require(configuration.tls.server)
    #expect(server.identity.certificate == own.certificate)
    #expect(server.names.map(\.name) == ["*.a.example"])
    #expect(server.clients == .required && server.onlyTLS13)
    #expect(configuration.listen[1] == .tls(host: "127.0.0.1", port: 6443))
    #expect("\(configuration.stacks.new.endpoint)" == "rediss://h:6379?ca=\(ca.certificate)&name=n")
    let again = try ServeConfiguration.load(yaml: configuration.redacted)
    #expect(again == configuration)
  }

  @Test("a door where certificates must be shown needs no password, one where they may does")
  func doors() throws {
    func load(_ clients: String) throws -> ServeConfiguration {
      try ServeConfiguration.load(
        yaml: "{listen: 'tls:0.0.0.0:6443', tls: {\(files), client_ca: \(ca.certificate), "
          + "client_certificates: \(clients)}}")
    }
    #expect(throws: Never.self) { try load("required") }
    let error = #expect(throws: ConfigurationError.self) { try load("optional") }
    #expect(error?.description.contains("nobody is asked for a password") == true)
  }

  @Test("who checks no certificate is warned")
  func warned() throws {
    let configuration = try ServeConfiguration.load(
      yaml: "stacks: {new: 'rediss://127.0.0.1:1?check=none'}")
    #expect(configuration.warnings.contains { $0.contains("nobody checks whose certificate stack new has") })
  }
}
