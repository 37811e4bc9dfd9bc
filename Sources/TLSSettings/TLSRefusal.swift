/// Why a hand-shake at a door of ours came to nothing.
public enum TLSRefusal: String, Sendable, Hashable, CaseIterable {
  /// The client speaks another protocol: plain RESP, mostly.
  case notTLS = "not_tls"
  /// The client was silent, or too slow, until the deadline.
  case silent
  /// The client's certificate is missing or is not one that we trust.
  case clientCertificate = "client_certificate"
  /// The client does not trust our certificate.
  case untrusted
  /// The two ends have no version or cipher in common.
  case nothingInCommon = "nothing_in_common"
  /// The client left before the hand-shake was through: port scans, health checks.
  case left
  case other
}
