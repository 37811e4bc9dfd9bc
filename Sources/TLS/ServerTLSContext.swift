import Foundation
import NIOCore
import NIOSSL
import SluiceLocks

/// A door's end of TLS, made of files that may change: connections have what was read last.
public final class ServerTLSContext: Sendable {
  private struct Made {
    var context: NIOSSLContext
    /// The certificate that ends first, and when.
    var firstToEnd: (file: String, at: Date)
  }

  public let settings: ServerTLS
  private let made: Mutex<Made>
  /// What came of hand-shakes.
  public let counts = DoorCounts()

  /// Reads the files: may wait for a disk.
  ///
  /// - Throws: which file cannot be used, and why.
  public init(_ settings: ServerTLS) throws(TLSFault) {
    self.settings = settings
    made = Mutex(try Self.make(settings))
  }

  /// Reads the files again; those of the last time stay in use where something is wrong. Connections that live keep theirs.
  ///
  /// - Returns: whether they hold other certificates than before.
  @discardableResult public func reload() throws(TLSFault) -> Bool {
    let new = try Self.make(settings)
    return made.withLock { made in
      defer { made = new }
      return made.context.configuration.certificateChain != new.context.configuration.certificateChain
        || made.firstToEnd.at != new.firstToEnd.at
    }
  }

  /// The certificate that ends first, and when.
  public var firstToEnd: (file: String, at: Date) { made.withLock { $0.firstToEnd } }

  /// Puts TLS into a new connection's pipeline, in front of what is there.
  public func start(in channel: Channel) throws {
    let handler = NIOSSLServerHandler(
      context: made.withLock { $0.context }, configuration: TLSWords.handlerSettings)
    try channel.pipeline.syncOperations.addHandler(handler, name: TLSWords.handlerName, position: .first)
  }

  private static func make(_ settings: ServerTLS) throws(TLSFault) -> Made {
    let now = Date()
    let own = try TLSFiles.identity(settings.identity.certificate, settings.identity.key, now: now)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: own.sources, privateKey: .privateKey(own.key))
    configuration.minimumTLSVersion = settings.onlyTLS13 ? .tlsv13 : .tlsv12
    var firstToEnd = (file: settings.identity.certificate, at: own.end)
    var names: [String] = []
    var overrides: [NIOSSLContextConfigurationOverride] = []
    for (name, files) in settings.names {
      let identity = try TLSFiles.identity(files.certificate, files.key, now: now)
      if identity.end < firstToEnd.at { firstToEnd = (files.certificate, identity.end) }
      var override = NIOSSLContextConfigurationOverride()
      override.certificateChain = identity.sources
      override.privateKey = .privateKey(identity.key)
      names.append(name)
      overrides.append(override)
    }
    if !names.isEmpty {
      let (names, overrides) = (names, overrides)
      configuration.sslContextCallback = { asked, promise in
        let place = asked.serverHostname.flatMap { ServerTLS.place(of: $0, among: names) }
        promise.succeed(place.map { overrides[$0] } ?? .noChanges)
      }
    }
    if settings.clients != .none {
      guard let ca = settings.clientCA else { throw TLSFault("names no CA of clients; add client_ca") }
      configuration.trustRoots = .certificates(try TLSFiles.certificates(ca, "CA"))
      configuration.certificateVerification =
        settings.clients == .required ? .noHostnameVerification : .optionalVerification
    }
    do {
      return Made(context: try NIOSSLContext(configuration: configuration), firstToEnd: firstToEnd)
    } catch {
      throw TLSFault("TLS cannot be set up: \(TLSWords.plain(error))")
    }
  }
}
