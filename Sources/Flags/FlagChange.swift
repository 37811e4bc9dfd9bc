import SluiceRouting

/// A flag file with another stage or percentage: validated, in memory, not yet written.
///
/// Two steps, because a flip is in force before the file says so: publish `definition`, then let
/// `FlagWriter` write.
public struct FlagChange: Sendable {
  /// What the new file says.
  public let definition: FlagDefinition
  /// The new file.
  public let bytes: [UInt8]
  /// What the file that was edited says, and its version.
  public let before: FlagDefinition
  public var base: String { before.version }

  /// Edits the text: only the default variant of `cache-stage` and the two weights of `cache-stack` are
  /// replaced, everything else stays byte for byte.
  ///
  /// - Parameters:
  ///   - bytes: a flag file.
  ///   - stage: nil leaves it.
  ///   - percentage: nil leaves it.
  /// - Throws: what is wrong with the file, or `uneditable` when what is asked for cannot be put into it.
  public init(editing bytes: [UInt8], stage: Stage?, percentage: Percentage?) throws(FlagError) {
    let flags = try FlagDefinition.flags(in: JSONParser.parse(bytes))
    // A file that would be refused is not edited either: the rest of it would come into force with the edit.
    before = try FlagDefinition(bytes: bytes)
    var edits: [(range: Range<Int>, text: String)] = []
    if let stage { edits.append(try FlagChange.edit(flags, stage)) }
    if let percentage { edits += try FlagChange.edit(flags, percentage) }
    var result = bytes
    for edit in edits.sorted(by: { $0.range.lowerBound > $1.range.lowerBound }) {
      result.replaceSubrange(edit.range, with: Array(edit.text.utf8))
    }
    let definition = try FlagDefinition(bytes: result)
    let wanted = percentage.flatMap {
      Share(weight: UInt64($0.hundredths), rest: UInt64(10_000 - $0.hundredths))
    }
    guard stage.map({ $0 == definition.stage }) ?? true,
      wanted.map({ $0 == definition.cohort.plainBucketing?.share }) ?? true
    else {
      throw FlagError(
        .uneditable, "the edited file does not say what was asked for; edit it by hand and reload")
    }
    self.bytes = result
    self.definition = definition
  }

  private static func edit(_ flags: JSONNode, _ stage: Stage) throws(FlagError) -> (Range<Int>, String) {
    let entry = try FlagEntry.required("cache-stage", in: flags)
    try refuseDisabled(entry)
    guard entry.variants.contains(where: { $0.name == stage.name }) else {
      throw entry.variantsPath.member(stage.name).error(
        .uneditable, "is missing, so the stage cannot be \(stage.name); add the variant to the file")
    }
    guard let node = flags["cache-stage"]?["defaultVariant"] else {
      throw entry.path.member("defaultVariant").error(.uneditable, "is missing; add it to the file")
    }
    return (node.range, "\"\(stage.name)\"")
  }

  private static func edit(
    _ flags: JSONNode, _ percentage: Percentage
  ) throws(FlagError) -> [(Range<Int>, String)] {
    let entry = try FlagEntry.required("cache-stack", in: flags)
    try refuseDisabled(entry)
    guard let operation = entry.targeting?.operation, operation.name == "fractional" else {
      throw entry.targetingPath.error(
        .uneditable,
        "is not a plain fractional, so a percentage has no one place; edit the file by hand, or make it "
          + "{\"fractional\": [[\"new\", 0], [\"legacy\", 100]]}")
    }
    let compiler = TargetingCompiler.stack
    let old = try compiler.fractional(operation.node, path: entry.targetingPath.member("fractional"))
    let weights = percentage.weights
    return [
      (old.firstEntry.range, "[\"\(compiler.first)\", \(weights.first)]"),
      (old.secondEntry.range, "[\"\(compiler.second)\", \(weights.second)]"),
    ]
  }

  private static func refuseDisabled(_ entry: FlagEntry) throws(FlagError) {
    guard entry.isDisabled else { return }
    throw entry.path.member("state").error(
      .uneditable, "is \"DISABLED\"; set it to \"ENABLED\" in the file first")
  }
}
