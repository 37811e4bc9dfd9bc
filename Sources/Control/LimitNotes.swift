import Foundation
import Logging
import SluiceLocks
import SluiceProxy
import SluiceTLS

/// Says in the log when the proxy has met a limit of its own or of the machine: the first time at once, then at most every ten seconds
/// with how often it was meanwhile, for a flood of clients must not become a flood of lines.
final class LimitNotes: Sendable {
  private struct Told {
    var at: Date?
    var untold = 0
  }

  private let logger: Logger
  private let told = Mutex<[String: Told]>([:])

  init(_ logger: Logger) { self.logger = logger }

  func memoryIsShort(client: String, held: Int, limit: Int) {
    say("memory") { more in
      "clients hold more than limits.memory (\(Self.size(limit))): closed the greediest, \(client), for which \(Self.size(held)) waited\(more)"
    }
  }

  func turnedAway(maximum: Int) {
    say("clients") { more in
      "max number of clients reached (limits.max_clients is \(maximum)): one more was turned away\(more)"
    }
  }

  func turnedAway(address: String, maximum: Int) {
    say("clients of an address") { more in
      "\(address) has as many clients as it may have (limits.clients_per_address is \(maximum)): one more was turned away\(more)"
    }
  }

  func notAccepted(errno: Int32) {
    say("accept") { more in
      "a connection waits in the kernel, the system gives no socket for it: \(String(cString: strerror(errno)))\(more)"
    }
  }

  /// Who leaves before the hand-shake is through is counted and not told: health checks do.
  func refusedByTLS(_ reason: TLSRefusal, _ words: String, door: String, client: String) {
    guard reason != .left else { return }
    say("tls \(door) \(reason.rawValue)") { more in
      "\(door): the TLS hand-shake of \(client) came to nothing: \(Self.words(reason) ?? "it broke off (\(words))")\(more)"
    }
  }

  private static func words(_ reason: TLSRefusal) -> String? {
    switch reason {
    case .notTLS: "it speaks no TLS; let it connect by TLS, or to a listener without"
    case .silent: "it was silent until the deadline (tls.handshake)"
    case .clientCertificate: "its certificate is missing, or is not signed by tls.client_ca, or has expired"
    case .untrusted: "it does not trust our certificate; give it the CA"
    case .nothingInCommon: "it speaks no version or cipher of TLS that is spoken here (tls.minimum)"
    case .left: "it left"
    case .other: nil
    }
  }

  private func say(_ subject: String, _ text: (_ more: String) -> String) {
    let untold: Int? = told.withLock { told in
      var last = told[subject] ?? Told()
      defer { told[subject] = last }
      if let at = last.at, abs(at.timeIntervalSinceNow) < Self.pause {
        last.untold += 1
        return nil
      }
      defer { last = Told(at: Date()) }
      return last.untold
    }
    guard let untold else { return }
    logger.warning("\(text(untold > 0 ? "; \(untold) times more since the last line about it" : ""))")
  }

  private static func size(_ bytes: Int) -> String {
    bytes >= 1 << 20 ? "\(bytes >> 20)mb" : "\(bytes >> 10)kb"
  }

  private static let pause: TimeInterval = 10
}
