import Glibc
import SluiceConfiguration

extension ServeConfiguration {
  /// What this proxy is called among others: as configured, else the machine's name, with the port of clients where that is not the usual one.
  var instanceName: String {
    if let instance { return instance }
    var bytes = [CChar](repeating: 0, count: 256)
    // One byte stays what it is, so that the text ends.
    guard gethostname(&bytes, bytes.count - 1) == 0 else { return "sluice" }
    let host = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    switch listen.first {
    case .tcp(_, let port)?, .tls(_, let port)?: return port == 6400 || port == 0 ? host : "\(host):\(port)"
    case .unix?, nil: return host
    }
  }
}
