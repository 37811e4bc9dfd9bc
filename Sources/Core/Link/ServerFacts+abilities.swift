import SluiceCommands
import SluiceServers

extension ServerFacts {
  /// What is known of the server's manners by its version, where it does not tell its commands.
  var abilities: ServerAbilities {
    guard let version else { return [] }
    switch kind {
    case .valkey: return .emptyClaimsMakeConsumers
    case .redis: return version < ServerVersion(7, 2) ? .emptyClaimsMakeNone : .emptyClaimsMakeConsumers
    case .other: return []
    }
  }
}
