import SluiceDefaultFlags
import SluiceRouting

/// A flag file, validated as a whole: what the operators want, in types.
///
/// The file is a flagd definition (https://flagd.dev/schema/v0/flags.json). Flags that Sluice does not know
/// are none of its business and are skipped.
public struct FlagDefinition: Sendable {
  /// The bytes of the file.
  public let source: [UInt8]
  /// A digest of the file's bytes, 16 hexadecimal digits: equal files have equal versions on every instance.
  public let version: String
  /// `cache-stage`; `off` when the flag is disabled.
  public let stage: Stage
  /// `cache-stack`; empty when the flag is disabled.
  public let cohort: Cohort
  /// `shadow-sample`: the share of keys whose reads are compared; nothing when the flag is disabled or
  /// absent.
  public let sample: Bucketing
  /// `cache-guardrails`; the defaults when the flag is disabled or absent.
  public let guardrails: Guardrails
  /// How keys are bucketed: `metadata.fractionalHash`.
  public let hash: FractionalHash
  /// `cache-plan`; nil when the flag is disabled or absent.
  public let plan: Plan?

  /// The definition in the bytes of a flag file.
  ///
  /// - Throws: the first thing that is wrong with it. Nothing of a refused file is used.
  public init(bytes: [UInt8]) throws(FlagError) {
    guard !bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0a || $0 == 0x0d || $0 == 0x09 }) else {
      throw FlagError(
        .unreadable, "the file is empty; put a flagd definition into it, docs/flags.md shows one")
    }
    let document = try JSONParser.parse(bytes)
    let flags = try FlagDefinition.flags(in: document)
    let hash = try FractionalHash(in: document)
    source = bytes
    self.hash = hash
    version = FlagDefinition.digest(of: bytes)
    stage = try FlagDefinition.stage(in: flags)
    cohort = try FlagDefinition.cohort(in: flags, hash)
    sample = try FlagDefinition.sample(in: flags, hash)
    guardrails = try Guardrails(in: flags)
    plan = try Plan(in: flags)
  }

  /// The definition that is compiled into the binary.
  public static func builtIn() throws(FlagError) -> FlagDefinition {
    try FlagDefinition(bytes: DefaultFlags.definition)
  }

  /// The percentage of `cache-stack`, to the nearest hundredth; nil when it depends on rules.
  public var percentage: Percentage? {
    cohort.percent.flatMap { Percentage(hundredths: Int(($0 * 100).rounded())) }
  }

  /// What the lanes get.
  ///
  /// - Parameters:
  ///   - version: the caller's count of publications, not the file's version.
  ///   - isRolledBack: whether the latch is set; it wins over everything in the file.
  ///   - fallback: what legacy does for new's cohort, if new cannot be reached.
  public func makeSnapshot(
    version: UInt64, isRolledBack: Bool, fallback: Fallback = .off
  ) -> RoutingSnapshot {
    RoutingSnapshot(
      version: version, stage: stage, isRolledBack: isRolledBack, cohort: cohort, sample: sample,
      fallback: fallback)
  }

  /// The object that holds the flags.
  static func flags(in document: JSONNode) throws(FlagError) -> JSONNode {
    guard case .object = document.value else {
      throw JSONPath.root.error(
        .invalid, "is \(document.summary); a flag file is an object with the member flags")
    }
    guard let flags = document["flags"] else {
      throw JSONPath.flags.error(.invalid, "is missing; put the flags there")
    }
    guard case .object = flags.value else {
      throw JSONPath.flags.error(
        .unsupported, "is \(flags.summary); write the flags as an object, name by name")
    }
    return flags
  }

  private static func stage(in flags: JSONNode) throws(FlagError) -> Stage {
    let entry = try FlagEntry.required("cache-stage", in: flags)
    for variant in entry.variants {
      let path = entry.variantsPath.member(variant.name)
      guard Stage(name: variant.name) != nil else {
        let names = Stage.allCases.map(\.name).joined(separator: ", ")
        throw path.error(.invalid, "is no stage; the stages are \(names)")
      }
      guard variant.node.string == variant.name else {
        throw path.error(.invalid, "is \(variant.node.summary); write \"\(variant.name)\", the name itself")
      }
    }
    try entry.refuseTargeting()
    if entry.isDisabled { return .off }
    guard let stage = entry.defaultVariant.flatMap(Stage.init(name:)) else {
      throw entry.path.member("defaultVariant").error(
        .invalid, "is missing; name the stage, \"off\" for none")
    }
    return stage
  }

  private static func cohort(in flags: JSONNode, _ hash: FractionalHash) throws(FlagError) -> Cohort {
    let entry = try FlagEntry.required("cache-stack", in: flags)
    try requireVariants(entry, ["new": "\"new\"", "legacy": "\"legacy\""])
    var compiler = TargetingCompiler.stack
    compiler.hash = hash
    if entry.isDisabled { return Cohort(.legacy, reason: .disabled, hash: compiler.defaultHash) }
    let defaultVariant = entry.defaultVariant.flatMap(StackID.init(name:)) ?? .legacy
    guard let targeting = entry.targeting else {
      return Cohort(defaultVariant, reason: .defaultVariant, hash: compiler.defaultHash)
    }
    switch try compiler.rule(targeting, path: entry.targetingPath) {
    case .fractional(let bucketing): return Cohort(bucketing)
    case let rules: return Cohort(rules: rules, defaultVariant: defaultVariant, hash: compiler.defaultHash)
    }
  }

  private static func sample(in flags: JSONNode, _ hash: FractionalHash) throws(FlagError) -> Bucketing {
    let compiler = TargetingCompiler(
      flagKey: "shadow-sample", first: "compare", second: "skip", hash: hash)
    let nothing = Bucketing(hash: compiler.defaultHash, share: .nothing)
    guard let entry = try FlagEntry("shadow-sample", in: flags) else { return nothing }
    try requireVariants(entry, ["compare": "true", "skip": "false"])
    if entry.isDisabled { return nothing }
    guard let targeting = entry.targeting else {
      let isEverything = entry.defaultVariant == "compare"
      return Bucketing(hash: compiler.defaultHash, share: isEverything ? .everything : .nothing)
    }
    guard let operation = targeting.operation, operation.name == "fractional" else {
      let path = targeting.operation.map { entry.targetingPath.member($0.name) } ?? entry.targetingPath
      throw path.error(
        .unsupported, "shadow-sample takes a plain fractional: [[\"compare\", 10], [\"skip\", 90]]")
    }
    return try compiler.fractional(operation.node, path: entry.targetingPath.member("fractional")).bucketing
  }

  /// Refuses other variants than these, and others than these values of them, given as they stand in JSON.
  private static func requireVariants(
    _ entry: FlagEntry, _ expected: KeyValuePairs<String, String>
  ) throws(FlagError) {
    let names = expected.map(\.key).joined(separator: " and ")
    for variant in entry.variants {
      let path = entry.variantsPath.member(variant.name)
      guard let wanted = expected.first(where: { $0.key == variant.name })?.value else {
        throw path.error(.invalid, "is unknown; \(entry.key) has the variants \(names)")
      }
      guard variant.node.summary == wanted else {
        throw path.error(.invalid, "is \(variant.node.summary); write \(wanted)")
      }
    }
    for (name, _) in expected where !entry.variants.contains(where: { $0.name == name }) {
      throw entry.variantsPath.member(name).error(
        .invalid, "is missing; \(entry.key) has the variants \(names)")
    }
  }

  /// FNV-1a over 64 bits: it tells versions apart, it proves nothing.
  static func digest(of bytes: [UInt8]) -> String {
    let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension TargetingCompiler {
  /// The compiler for `cache-stack`.
  static let stack = TargetingCompiler(flagKey: "cache-stack", first: "new", second: "legacy")
}
