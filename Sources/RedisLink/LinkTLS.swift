import NIOCore
import SluiceTLSSettings

/// Who speaks TLS for a link. Apart from it, so that a client without TLS needs no library for it.
public protocol LinkTLS: Sendable {
  /// Puts TLS in front of what is in a new connection's pipeline.
  func start(in channel: Channel, host: String) throws
  /// Why a connection failed, as the rest of a sentence about the server; nil for an error that is none of TLS.
  func reason(of error: any Error, in channel: Channel?) -> String?
  /// The other side left without TLS's goodbye: no more than the end of the stream.
  func isEnd(_ error: any Error) -> Bool
}

/// Makes it from files, which are read again where they have changed.
public typealias LinkTLSMaker = @Sendable (ClientTLS) throws(TLSFault) -> any LinkTLS
