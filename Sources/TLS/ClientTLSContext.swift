import Foundation
import NIOCore
import NIOSSL
import SluiceLocks

/// The client's end of TLS, made of files that may change: connections have what was read last.
public final class ClientTLSContext: Sendable {
  public let settings: ClientTLS
  private let context: Mutex<NIOSSLContext>

  /// Reads the files: may wait for a disk.
  ///
  /// - Throws: which file cannot be used, and why.
  public init(_ settings: ClientTLS) throws(TLSFault) {
    self.settings = settings
    context = Mutex(try Self.make(settings))
  }

  /// Reads the files again; those of the last time stay in use where something is wrong.
  public func reload() throws(TLSFault) {
    let made = try Self.make(settings)
    context.withLock { $0 = made }
  }

  /// Puts TLS into a new connection's pipeline, in front of what is there.
  ///
  /// - Parameter host: what the connection goes to: a name or an address.
  public func start(in channel: Channel, host: String) throws {
    let asked = settings.name ?? host
    // An address is not told; the certificate is compared with the one that the connection has.
    let isAddress = (try? SocketAddress(ipAddress: asked, port: 0)) != nil
    let handler = try NIOSSLClientHandler(
      context: context.withLock { $0 }, serverHostname: isAddress ? nil : asked,
      configuration: TLSWords.handlerSettings)
    try channel.pipeline.syncOperations.addHandler(handler, name: TLSWords.handlerName, position: .first)
  }

  private static func make(_ settings: ClientTLS) throws(TLSFault) -> NIOSSLContext {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    switch settings.check {
    case .full: configuration.certificateVerification = .fullVerification
    case .chain: configuration.certificateVerification = .noHostnameVerification
    case .none: configuration.certificateVerification = .none
    }
    if let ca = settings.ca {
      configuration.trustRoots = .certificates(try TLSFiles.certificates(ca, "CA"))
    }
    if let half = settings.halfIdentity { throw TLSFault(half) }
    if let certificate = settings.certificate, let key = settings.key {
      let identity = try TLSFiles.identity(certificate, key, now: Date())
      configuration.certificateChain = identity.sources
      configuration.privateKey = .privateKey(identity.key)
    }
    do { return try NIOSSLContext(configuration: configuration) } catch {
      throw TLSFault("TLS cannot be set up: \(TLSWords.plain(error))")
    }
  }
}

extension ClientTLSContext: Equatable {
  public static func == (one: ClientTLSContext, other: ClientTLSContext) -> Bool { one === other }
}
