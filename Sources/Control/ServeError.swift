import NIOCore
import SluiceAdmin
import SluiceConfiguration
import SluiceTLS

#if canImport(Glibc)
  import Glibc
#endif

/// Why the proxy could not start: what, where, and what to do about it.
public struct ServeError: Error, CustomStringConvertible, Sendable {
  public let description: String

  static func cannotListen(_ address: Address, option: String, _ error: Error) -> ServeError {
    let reason = (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
    let advice =
      switch (error as? IOError)?.errnoCode {
      case EADDRINUSE: "stop what is there or choose another address by \(option)"
      case EADDRNOTAVAIL: "this machine has no such address; choose one of its own by \(option)"
      default: "choose another address by \(option)"
      }
    return ServeError(description: "cannot listen on \(address): \(reason); \(advice)")
  }

  /// - Parameter how: it shows, a sentence about the ledger.
  static func ledgerInUse(_ path: String, _ how: String) -> ServeError {
    ServeError(description: "cannot use the ledger \(path): \(how)")
  }

  static func cannotStartLayers(_ stack: String, _ error: Error) -> ServeError {
    ServeError(
      description:
        "the layers of stack \(stack) cannot start: \(error); set TMPDIR to a directory for sockets")
  }

  static func cannotSpeakTLS(_ fault: TLSFault) -> ServeError {
    ServeError(description: "cannot speak TLS: \(fault)")
  }

  static func cannotUseTokens(_ path: String, _ problem: AdminProblem) -> ServeError {
    ServeError(description: "cannot use the tokens of \(path): \(problem)")
  }

  static func tooFewFiles(limit: Int, needed: Int) -> ServeError {
    ServeError(
      description:
        "the system allows this process \(limit) open files, and the proxy needs \(needed) before it serves one client; raise \"ulimit -n\""
    )
  }

  static func cannotFetchFlags(_ place: String, _ why: String) -> ServeError {
    ServeError(
      description:
        "the flags at \(place) cannot be fetched, and there is no flag file from before: \(why); mend that, or put the file there by hand"
    )
  }

  static func cannotStartMemory(_ error: Error) -> ServeError {
    ServeError(
      description: "the embedded memory engine cannot start: \(error); name a Redis by --legacy and --new")
  }
}
