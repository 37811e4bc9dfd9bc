import SluiceFigures

/// What an operator may ask of the lanes about single keys, so that it is ordered with the traffic (law 2).
public enum KeyOrder: String, Sendable, CaseIterable {
  /// Bring the key to the new stack if legacy has it and new lacks it.
  case fill
  /// Make the mirror's key what the primary's is.
  case repair
  /// Ask both stacks at one place in the log whether they hold the same.
  case check
}

/// How an order about one key ended.
public enum KeyOutcome: Sendable, Equatable {
  /// The stack that was to get it has it now.
  case copied
  /// Nothing to fill: new has the key.
  case present
  /// The stack that it would come from has no such key. A repair has deleted it on the mirror.
  case absent
  /// A write to the key, or a flip, came in between, and is what counts. Nothing was done; worth asking again.
  case overtaken
  /// The key is a suspect, and on its way to be repaired or deleted (law 7).
  case doubtful
  /// Both stacks answer the same.
  case equal
  /// They do not.
  case different(DivergenceKind)
  /// They do not, and are meant not to.
  case closed(DivergenceKind)
  /// No way can carry it; the sentence says why.
  case uncarried(String)
  /// It could not be done; the sentence says why.
  case refused(String)

  /// One word for programs; behind a refusal its reason.
  public var text: String {
    switch self {
    case .copied: "copied"
    case .present: "present"
    case .absent: "absent"
    case .overtaken: "overtaken"
    case .doubtful: "doubtful"
    case .equal: "equal"
    case .different(let kind): kind.name
    case .closed(let kind): "closed \(kind.name)"
    case .uncarried(let reason): "uncarried \(reason)"
    case .refused(let reason): "refused \(reason)"
    }
  }
}
