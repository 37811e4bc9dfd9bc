/// What the flags of `sluice serve` say; nil and empty mean "not given". A flag wins over the file.
public struct ServeOptions: Sendable {
  public var service: String?
  public var instance: String?
  public var listen: [String] = []
  public var control: [String] = []
  public var admin: [String] = []
  public var adminTokens: String?
  public var threads: String?
  public var fallback: String?
  public var legacy: String?
  public var new: String?
  public var flags: String?
  public var ledger: String?
  /// nil is "not given"; there is no flag for "no".
  public var warmOnMiss: Bool?
  public var passwordFile: String?
  public var controlPasswordFile: String?
  /// nil is "not given"; there is no flag for "no".
  public var noAuth: Bool?
  public var tlsCertificate: String?
  public var tlsKey: String?
  public var tlsClientCA: String?
  public var logLevel: String?
  public var logFormat: String?
  /// False where the configuration is only read: whether a door may be open, and by which password, was for
  /// `serve` to decide.
  public var checksDoors = true

  public init() {}
}
