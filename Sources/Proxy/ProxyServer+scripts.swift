extension ProxyServer {
  /// Scripts that may touch keys which they do not declare, with no rule for them: SHA-1, and why.
  public var suspectedScripts: [String] {
    scripts.suspected.map { "\(String(decoding: $0.digest, as: UTF8.self)): \($0.suspicion.rawValue)" }
  }
}
