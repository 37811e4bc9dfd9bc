import SluiceRouting

/// One flag of the file, checked as far as flagd's schema goes for all flags alike.
struct FlagEntry {
  let key: String
  let path: JSONPath
  let isDisabled: Bool
  let variants: [JSONNode.Member]
  /// Nil for `null` or nothing: the value that is built into Sluice.
  let defaultVariant: String?
  /// Nil for nothing or an empty object.
  let targeting: JSONNode?

  /// The flag of that name; nil if the file has none.
  ///
  /// Of a disabled flag the targeting is not read: the schema says that it counts as absent, and whoever
  /// switches a flag off must not be stopped by what is inside.
  init?(_ key: String, in flags: JSONNode) throws(FlagError) {
    guard let node = flags[key] else { return nil }
    self.key = key
    path = JSONPath.flags.member(key)
    guard case .object(let members) = node.value else {
      throw path.error(.invalid, "is \(node.summary); a flag is an object with state and variants")
    }
    let known = ["state", "variants", "defaultVariant", "targeting", "metadata"]
    for member in members where !known.contains(member.name) {
      throw path.member(member.name).error(
        .invalid, "is no part of a flag; use \(known.joined(separator: ", ")), or remove it")
    }
    isDisabled = try FlagEntry.isDisabled(node["state"], path: path.member("state"))
    guard case .object(let variants) = node["variants"]?.value, !variants.isEmpty else {
      throw path.member("variants").error(.invalid, "must be an object with at least one variant")
    }
    self.variants = variants
    defaultVariant = try FlagEntry.defaultVariant(
      node["defaultVariant"], of: variants, path: path.member("defaultVariant"))
    targeting = try FlagEntry.targeting(
      node["targeting"], path: path.member("targeting"), ignored: isDisabled)
  }

  /// The flag of that name.
  ///
  /// - Throws: also when the file has none.
  static func required(_ key: String, in flags: JSONNode) throws(FlagError) -> FlagEntry {
    guard let entry = try FlagEntry(key, in: flags) else {
      throw JSONPath.flags.member(key).error(.invalid, "is missing; add the flag, docs/flags.md shows it")
    }
    return entry
  }

  var variantsPath: JSONPath { path.member("variants") }
  var targetingPath: JSONPath { path.member("targeting") }

  /// Refuses any targeting, for flags that say one thing for all keys.
  func refuseTargeting() throws(FlagError) {
    guard let targeting else { return }
    let operation = targeting.operation.map { targetingPath.member($0.name) } ?? targetingPath
    throw operation.error(
      .unsupported, "\(key) is the same for all keys; remove the targeting and set defaultVariant")
  }

  private static func isDisabled(_ node: JSONNode?, path: JSONPath) throws(FlagError) -> Bool {
    switch node?.string {
    case "ENABLED": return false
    case "DISABLED": return true
    default:
      throw path.error(.invalid, "is \(node?.summary ?? "missing"); write \"ENABLED\" or \"DISABLED\"")
    }
  }

  private static func defaultVariant(
    _ node: JSONNode?, of variants: [JSONNode.Member], path: JSONPath
  ) throws(FlagError) -> String? {
    guard let node else { return nil }
    if case .null = node.value { return nil }
    let names = variants.map(\.name)
    guard let name = node.string, names.contains(name) else {
      throw path.error(
        .invalid, "is \(node.summary), which is no variant; use one of \(names.joined(separator: ", "))")
    }
    return name
  }

  private static func targeting(
    _ node: JSONNode?, path: JSONPath, ignored: Bool
  ) throws(FlagError) -> JSONNode? {
    guard let node, !ignored else { return nil }
    guard case .object(let members) = node.value else {
      throw path.error(
        .invalid, "is \(node.summary); targeting is an object, and a constant goes to defaultVariant")
    }
    return members.isEmpty ? nil : node
  }
}
