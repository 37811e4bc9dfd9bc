import NIOCore
import NIOPosix

#if canImport(Glibc)
  import Glibc
#endif

/// Why no connection came about, in words.
enum LinkWords {
  static func reason(of error: any Error, _ patience: Duration) -> String {
    switch error {
    case let error as NIOConnectionError:
      if let first = error.connectionErrors.first { return reason(of: first.error, patience) }
      return "no address is known for \(error.host)"
    case ChannelError.connectTimeout: return "no answer within \(patience)"
    case let error as IOError:
      return error.errnoCode == 0 ? "\(error)" : String(cString: strerror(error.errnoCode))
    default: return "\(error)"
    }
  }
}
