import SluiceTLS

/// A CA that somebody made a moment ago, and what it signs: PEM files in a folder, made by `openssl`.
public struct CertificateAuthority: Sendable {
  /// A certificate and its key.
  public struct Identity: Sendable {
    public let certificate: String
    public let key: String
  }

  /// Which keys are made: those of elliptic curves take no time, those of RSA are what most servers have.
  public enum Algorithm: Sendable {
    case ec, rsa
  }

  /// Its own certificate, which whoever trusts it has.
  public let certificate: String
  private let key: String
  private let folder: ScratchFolder

  public init(in folder: ScratchFolder, name: String = "ca") throws(ProcessError) {
    self.folder = folder
    certificate = "\(folder.path)/\(name).pem"
    key = "\(folder.path)/\(name).key"
    try Self.openssl(
      ["req", "-x509", "-newkey"] + Self.arguments(.ec)
        + ["-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=\(name)"], in: folder)
  }

  /// Signs a certificate for some names.
  ///
  /// - Parameters:
  ///   - file: what its files are called.
  ///   - names: as `DNS:localhost` or `IP:127.0.0.1`.
  ///   - days: how long it is valid; -1 has ended yesterday.
  public func issue(
    _ file: String, names: [String] = ["DNS:localhost", "IP:127.0.0.1"], days: Int = 2,
    _ algorithm: Algorithm = .ec
  ) throws(ProcessError) -> Identity {
    let path = "\(folder.path)/\(file)"
    try Self.openssl(
      ["req", "-newkey"] + Self.arguments(algorithm)
        + ["-nodes", "-keyout", "\(path).key", "-out", "\(path).csr", "-subj", "/CN=\(file)"], in: folder)
    let extensions = try folder.write("\(file).cnf", "subjectAltName=\(names.joined(separator: ","))\n")
    try Self.openssl(
      [
        "x509", "-req", "-in", "\(path).csr", "-CA", certificate, "-CAkey", key, "-CAcreateserial", "-days",
        "\(days)", "-extfile", extensions, "-out", "\(path).pem",
      ], in: folder)
    return Identity(certificate: "\(path).pem", key: "\(path).key")
  }

  /// How a client trusts it, and who the client is.
  public func trust(as identity: Identity? = nil) -> ClientTLS {
    var tls = ClientTLS()
    (tls.ca, tls.certificate, tls.key) = (certificate, identity?.certificate, identity?.key)
    return tls
  }

  private static func arguments(_ algorithm: Algorithm) -> [String] {
    switch algorithm {
    case .ec: ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    case .rsa: ["rsa:2048"]
    }
  }

  private static func openssl(_ arguments: [String], in folder: ScratchFolder) throws(ProcessError) {
    let process = try ChildProcess("openssl", arguments, log: "\(folder.path)/openssl.log")
    guard process.end() == 0 else {
      throw ProcessError("openssl \(arguments.first ?? "") failed: \(process.lastWords)")
    }
  }
}
