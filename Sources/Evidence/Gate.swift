/// One condition for going a step up: what there is, what is needed, and what would have to happen.
public struct Gate: Sendable, Equatable {
  public var name: String
  public var now: String
  public var needed: String
  /// What would meet it; empty where it is met.
  public var missing: String
  /// Whether evidence speaks against the step, plan or no plan; else something that the plan asks for is not there yet.
  public var isAgainst: Bool
  /// In how many seconds time alone will have met it, as things go; nil where nobody can say.
  public var about: UInt64?

  public init(
    _ name: String, now: String, needed: String, missing: String = "", isAgainst: Bool = false,
    about: UInt64? = nil
  ) {
    (self.name, self.now, self.needed) = (name, now, needed)
    (self.missing, self.isAgainst, self.about) = (missing, isAgainst, missing.isEmpty ? nil : about)
  }

  public var isMet: Bool { missing.isEmpty }

  /// For one line: `differs: now 20 open, needed 0, missing …`.
  public var text: String { "\(name): now \(now), needed \(needed), missing \(missing)" }
}

/// What the gates must know beside the evidence.
public struct Surroundings: Sendable, Equatable {
  /// Why new cannot be used; nil if it can.
  public var newTrouble: String?
  /// Keys on which a stack may be wrong, and which are on their way to be repaired.
  public var legacySuspects = 0
  public var newSuspects = 0
  /// Keys that no way could carry from one stack to the other.
  public var uncarried = 0
  /// How the servers stand with their memory; nil where one does not tell.
  public var memory: MemoryOutlook?
  /// Why evidence is not written down; nil if it is, or if nobody wants it to be.
  public var ledgerTrouble: String?

  /// All is well.
  public init() {}
}
