import Foundation
import Logging
import NIOCore
import SluiceConfiguration
import SluiceLocks
import SluiceProxy
import SluiceRouting
import SluiceTLS

/// TLS at our doors and towards the stacks, as its files said last; the last good ones while they cannot be used.
final class TLSKeepers: Sendable {
  /// How the doors of clients, the control port and the admin door speak TLS; nil where none does.
  let clients: ServerTLSContext?
  let control: ServerTLSContext?
  let admin: ServerTLSContext?
  /// How long a hand-shake at a door may take.
  let patience: TimeAmount
  private let stacks: [StackID: ClientTLSContext]
  private let logger: Logger
  /// Why what is in the files is not in use.
  private let error = Mutex<String?>(nil)

  /// - Throws: which file cannot be used, and why.
  init(_ configuration: ServeConfiguration, logger: Logger) throws(ServeError) {
    self.logger = logger
    patience = .nanoseconds(configuration.tls.handshake.nanoseconds)
    do throws(TLSFault) {
      let server = configuration.tls.server
      func door(_ addresses: [Address]) throws(TLSFault) -> ServerTLSContext? {
        guard let server, addresses.contains(where: \.isTLS) else { return nil }
        return try ServerTLSContext(server)
      }
      clients = try door(configuration.listen)
      control = try door(configuration.control)
      admin = try door(configuration.admin.listen)
      var stacks: [StackID: ClientTLSContext] = [:]
      for (id, stack) in [(StackID.legacy, configuration.stacks.legacy), (.new, configuration.stacks.new)] {
        if let tls = stack.endpoint.tls { stacks[id] = try ClientTLSContext(tls) }
      }
      self.stacks = stacks
    } catch {
      throw ServeError.cannotSpeakTLS(error)
    }
  }

  /// How TLS is spoken to a stack; nil where none is.
  subscript(stack: StackID) -> ClientTLSContext? { stacks[stack] }

  /// Reads all files again; connections that live keep what they have.
  ///
  /// - Returns: what cannot be used, one sentence each.
  func read() -> [String] {
    var problems: [String] = []
    for (name, door) in [("clients", clients), ("the control port", control), ("the admin door", admin)] {
      guard let door else { continue }
      do throws(TLSFault) {
        if try door.reload() {
          logger.notice(
            "TLS of \(name): other certificates are in use from now on, the first ends on \(day(door))")
        }
      } catch {
        problems.append("TLS of \(name) keeps its last good certificate: \(error)")
      }
    }
    for (id, stack) in stacks.sorted(by: { $0.key.name < $1.key.name }) {
      do throws(TLSFault) { try stack.reload() } catch {
        problems.append("TLS towards stack \(id.name) keeps its last good files: \(error)")
      }
    }
    for problem in problems { logger.error("\(problem)") }
    error.withLock { $0 = problems.isEmpty ? nil : problems.joined(separator: "; ") }
    return problems
  }

  private func day(_ door: ServerTLSContext) -> String {
    String(door.firstToEnd.at.formatted(.iso8601).prefix(10))
  }

  /// A sentence while the certificate of a door ends within two weeks, or has ended.
  func outlook(_ now: Date = Date()) -> String? {
    guard let door = clients ?? control ?? admin else { return nil }
    let (file, end) = door.firstToEnd
    let days = Int((end.timeIntervalSince(now) / 86_400).rounded(.down))
    guard days < 14 else { return nil }
    let when =
      days < 0
      ? "has expired on \(day(door)): clients turn away"
      : "expires on \(day(door)), in \(days) day\(days == 1 ? "" : "s")"
    return "the certificate in \"\(file)\" \(when); put a new one there and say \"sluice reload\""
  }

  /// For `STATUS`; nil where no door speaks TLS.
  var status: StatusReport.TLS? {
    guard let door = clients ?? control ?? admin else { return nil }
    return StatusReport.TLS(
      certificate: door.firstToEnd.file, expires_at: door.firstToEnd.at, error: error.withLock { $0 },
      clients: .init(clients?.counts.now), control: .init(control?.counts.now),
      admin: .init(admin?.counts.now))
  }
}

extension StatusReport {
  // The names of the properties are those of the JSON.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  struct TLS: Encodable, Sendable {
    /// The certificate that ends first.
    var certificate: String
    var expires_at: Date
    /// Why what is in the files is not in use; null if it is.
    var error: String?
    var clients: Door
    var control: Door
    var admin: Door

    /// Hand-shakes since the start, and those that came to nothing, by reason.
    struct Door: Encodable, Sendable {
      var handshakes: UInt64
      var refused: [String: UInt64]

      init(_ figures: DoorCounts.Figures?) {
        handshakes = figures?.handshakes ?? 0
        refused = Dictionary(
          (figures?.refused ?? [:]).map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: +)
      }
    }
  }
}
