import Foundation
import SluiceConfiguration
import SluiceControl
import SluiceRedisClient

/// The control port of a running proxy, for orders about keys; one connection per call, and a patient one.
struct ProxyLanes {
  private let client: ControlClient

  init(_ client: ControlClient) {
    var patient = client
    // A lane that is busy lets an order wait ten seconds before it refuses it.
    patient.commandTimeout = .seconds(120)
    self.client = patient
  }

  /// Connections for many orders.
  var links: LaneLinks { LaneLinks(client) }

  func status() throws(Failure) -> JSONValue {
    let text = try client.text(["STATUS"])
    guard let status = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) else {
      throw Failure(
        .software,
        "\(client.address) answered STATUS with something that is no JSON; is it a Sluice control port?")
    }
    return status
  }

  /// What became of each key: a word, and for `refused` a reason behind it.
  func carryOut(_ order: String, _ keys: [[UInt8]]) throws(Failure) -> [String] {
    var outcomes: [String] = []
    var rest = keys[...]
    while !rest.isEmpty {
      let some = rest.prefix(ProxyLanes.share(of: rest))
      rest = rest[some.endIndex...]
      guard case .array(let lines) = try client.call([Array(order.utf8)] + some), lines.count == some.count
      else {
        throw Failure(.software, "\(client.address) answered \(order) with something unknown")
      }
      outcomes += lines.map { $0.text ?? "" }
    }
    return outcomes
  }

  /// Tells the proxy what a walk has found out (`WALKED`); its answer, or nil if there is no number to tell.
  ///
  /// - Throws: if the proxy does not hear of it, because a stack was emptied meanwhile.
  func tell(_ what: String, since losses: Double?) throws(Failure) -> String? {
    guard let losses, let number = UInt64(exactly: losses) else { return nil }
    return try client.text(["WALKED", what, "\(number)"])
  }

  static let keysAtOnce = 256

  /// How many of the keys one order may name: at least one, and no more bytes than half of what a command may
  /// have.
  static func share(of keys: ArraySlice<[UInt8]>, atMost limit: Int = keysAtOnce) -> Int {
    var bytes = 0
    for (count, key) in keys.enumerated() {
      bytes += key.count
      if count == limit || (count > 0 && bytes > ControlLimits.commandBytes / 2) { return count }
    }
    return keys.count
  }
}
