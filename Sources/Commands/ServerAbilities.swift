/// What a server can be told in, beyond what all servers since Redis 6.2 can: some effects have another form where it cannot.
public struct ServerAbilities: OptionSet, Sendable, BitwiseCopyable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Fields of a hash expire (`HPEXPIREAT`, `HPERSIST`).
  public static let fieldTimes = ServerAbilities(rawValue: 1)
  /// A field is set and keeps its time (`HSETEX … KEEPTTL`).
  public static let fieldSets = ServerAbilities(rawValue: 2)
  /// Several keys are set with one time (`MSETEX`).
  public static let multipleSets = ServerAbilities(rawValue: 4)

  /// A consumer group gets its consumer also from `XAUTOCLAIM`, `XCLAIM` and `XREADGROUP` that find nothing (since Redis 7.2), or it does
  /// not. Neither: nobody knows.
  public static let emptyClaimsMakeConsumers = ServerAbilities(rawValue: 8)
  public static let emptyClaimsMakeNone = ServerAbilities(rawValue: 16)

  /// Of a server that does not tell its commands: none. What would be told so is copied, or told as ever.
  public static let assumed: ServerAbilities = []
  /// Of Redis 7.0.
  public static let redis70: ServerAbilities = .emptyClaimsMakeNone

  /// - Parameter has: whether the server has a command. One of 7.2 stands for what has no command of its own.
  init(has: (String) -> Bool) {
    self = has("CLIENT|NO-TOUCH") ? .emptyClaimsMakeConsumers : .emptyClaimsMakeNone
    if has("HPEXPIREAT"), has("HPERSIST") { insert(.fieldTimes) }
    if has("HSETEX") { insert(.fieldSets) }
    if has("MSETEX") { insert(.multipleSets) }
  }
}
