import SluiceAdmin

/// What `/api/fleet` answers, and the page is sent.
// The names of the properties are those of the JSON.
// swift-format-ignore: AlwaysUseLowerCamelCase
struct FleetReport: Encodable, Sendable {
  var is_one: Bool
  var notes: [String]
  var proxies: [Proxy]

  struct Proxy: Encodable, Sendable {
    var name: String
    var instance: String?
    var service: String?
    var stage: String?
    var in_force: String?
    var rolled_back: Bool?
    var flags: String?
    var hash: String?
    var verdict: String?
    var down: [String]?
    var version: String?
    var up_seconds: Double?
    /// In what it is not where most are.
    var drifts: [String]
    /// Why it did not answer; null if it did.
    var failure: String?
  }

  init(_ view: FleetView) {
    (is_one, notes) = (view.isOne, view.notes.map(Self.short))
    proxies = view.members.map { member in
      let place = member.place
      return Proxy(
        name: member.name, instance: place?.instance.map(Self.short), service: place?.service.map(Self.short),
        stage: place.map { Self.short($0.place) }, in_force: place?.inForce.map(Self.short),
        rolled_back: place?.isRolledBack, flags: place.map { Self.short($0[.flags]) },
        hash: place?.hash.map(Self.short), verdict: place?.verdict.map(Self.short), down: place?.down,
        version: place?.version.map(Self.short), up_seconds: place?.upSeconds,
        drifts: FleetColumn.allCases.filter { member.drifts.contains($0) }.map(\.rawValue),
        failure: member.failure.map(Self.short))
    }
  }

  var json: String { StatusReport.compact(self) }

  /// Others may say what they like.
  private static func short(_ text: String) -> String { String(text.prefix(200)) }
}
