import Foundation
import NIOCore
import NIOSSL

/// What the errors of TLS mean, in words.
public enum TLSWords {
  /// Under which name TLS stands in a pipeline.
  public static let handlerName = "tls"

  /// One huge reply must not leave its connection with as huge a buffer.
  static let handlerSettings: NIOSSLHandler.Configuration = {
    var settings = NIOSSLHandler.Configuration()
    settings.maximumPreservedOutboundBufferCapacity = 64 << 10
    return settings
  }()

  /// The other side has closed its socket without the goodbye of TLS, as most Redis clients do: no more than an end of the stream,
  /// because RESP itself tells whether a reply is whole.
  public static func isEnd(_ error: any Error) -> Bool { error as? NIOSSLError == .uncleanShutdown }

  /// Why a connection of ours to a server failed, as a part of a sentence about that server; nil for an error that is none of TLS.
  ///
  /// - Parameter channel: the connection, whose certificate tells more than the error.
  public static func reason(of error: any Error, _ settings: ClientTLS, in channel: Channel?) -> String? {
    switch error {
    case NIOSSLError.uncleanShutdown: return "closed the connection"
    case NIOSSLError.handshakeFailed(let error): return handshake(error, settings, channel)
    case let error as BoringSSLError: return handshake(error, settings, channel)
    case NIOSSLError.unableToValidateCertificate, NIOSSLError.noCertificateToValidate,
      NIOSSLError.cannotFindPeerIP:
      return "has no certificate that could be checked"
    case let error as NIOSSLExtraError:
      if error == .failedToValidateHostname || error == .serverHostnameImpossibleToMatch {
        let name = settings.name.map { " \($0)" } ?? ""
        return
          "has a certificate for another name than the one asked for\(name); connect to the name it is for, "
          + "or say that by name"
      }
      return "cannot be asked for by that name (\(error))"
    case let error as NIOSSLError: return "broke off TLS (\(error))"
    default: return nil
    }
  }

  private static func handshake(_ error: BoringSSLError, _ settings: ClientTLS, _ channel: Channel?) -> String
  {
    let words = words(of: error)
    func has(_ parts: String...) -> Bool { parts.contains { words.contains($0) } }
    if has("CERTIFICATE_VERIFY_FAILED") {
      let certificate = channel.flatMap { try? $0.pipeline.syncOperations.nioSSL_peerCertificate() }
      if let end = certificate.map({ Date(timeIntervalSince1970: Double($0.notValidAfter)) }), end < Date() {
        return "has a certificate that has expired on \(TLSFiles.day(end)); renew it there"
      }
      if let begin = certificate.map({ Date(timeIntervalSince1970: Double($0.notValidBefore)) }),
        begin > Date()
      {
        return "has a certificate that is not valid before \(TLSFiles.day(begin)); set the clocks right"
      }
      return
        "has a certificate that nobody in \(settings.ca ?? "the CAs of this machine") has signed; name its CA by ca"
    }
    if has("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_RECORD", "RECORD_TOO_LARGE") {
      return "does not speak TLS there; write redis://, or name its TLS port"
    }
    if has("ALERT_CERTIFICATE_REQUIRED") { return wantsCertificate }
    if has("ALERT_HANDSHAKE_FAILURE", "ALERT_BAD_CERTIFICATE"), settings.certificate == nil {
      return wantsCertificate
    }
    if has("ALERT_UNKNOWN_CA", "ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE", "ALERT_UNSUPPORTED_CERTIFICATE")
    {
      return "does not accept our certificate; name one that its CA has signed by cert and key"
    }
    if has("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL") { return "speaks no TLS 1.2 or newer; let it" }
    if has("EOF during") {
      return "closed the connection during the TLS hand-shake; see its log, and whether it is its TLS port"
    }
    return "broke off TLS (\(words))"
  }

  private static let wantsCertificate = "wants a certificate of ours; name one by cert and key"

  /// Why a client's hand-shake at a door of ours failed.
  static func refusal(of error: any Error) -> TLSRefusal {
    let words: String
    switch error {
    case NIOSSLError.handshakeFailed(let error): words = self.words(of: error)
    case let error as BoringSSLError: words = self.words(of: error)
    case let error as IOError: return error.errnoCode == 0 ? .other : .left
    default: return .other
    }
    func has(_ parts: String...) -> Bool { parts.contains { words.contains($0) } }
    if has("EOF during") { return .left }
    if has("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY", "UNEXPECTED_RECORD", "UNEXPECTED_MESSAGE") {
      return .notTLS
    }
    // What a client of OpenSSL 3 says of a certificate that it does not take, by TLS 1.3, comes in the clear where what is enciphered
    // should come.
    if has("INVALID_OUTER_RECORD_TYPE", "DECRYPTION_FAILED_OR_BAD_RECORD_MAC") { return .untrusted }
    if has("DID_NOT_RETURN_A_CERTIFICATE", "CERTIFICATE_VERIFY_FAILED") { return .clientCertificate }
    if has("ALERT_UNKNOWN_CA", "ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE", "ALERT_UNSUPPORTED_CERTIFICATE")
    {
      return .untrusted
    }
    if has(
      "UNSUPPORTED_PROTOCOL", "NO_SHARED_CIPHER", "NO_SHARED_GROUP", "NO_COMMON_SIGNATURE", "PROTOCOL_VERSION"
    ) {
      return .nothingInCommon
    }
    return .other
  }

  /// BoringSSL's own words, or the system's, without numbers and places of a source.
  public static func plain(_ error: any Error) -> String {
    switch error {
    case let error as IOError where error.errnoCode != 0: String(cString: strerror(error.errnoCode))
    case let error as BoringSSLError: words(of: error)
    case NIOSSLError.handshakeFailed(let error): words(of: error)
    default: "\(error)"
    }
  }

  private static func words(of error: BoringSSLError) -> String {
    switch error {
    case .sslError(let stack), .unknownError(let stack), .invalidSNIName(let stack),
      .failedToSetALPN(let stack):
      let words = stack.map { entry in
        let text = entry.description
        // `Error: 268435703 error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER at /…/tls_record.cc:127`
        guard let start = text.range(of: "OPENSSL_internal:") else {
          return String(text.drop { $0 != " " }.drop { $0 == " " })
        }
        return String(text[start.upperBound...].prefix { $0 != " " })
      }
      return words.isEmpty ? "no reason given" : words.joined(separator: ", ")
    default: return "\(error)"
    }
  }
}
