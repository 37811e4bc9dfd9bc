import SluiceRouting

/// Compiles flagd's targeting (JSON logic with flagd's own operations) into what routing evaluates.
///
/// The subset: `fractional` with two entries, constants, `if`, and on the targeting key `==`, `in` and
/// `starts_with`. Everything else is refused by its path, because serving something else silently is worse.
struct TargetingCompiler {
  let flagKey: String
  /// The variant that the percentage counts; it comes first in a `fractional`.
  let first: String
  let second: String
  /// By which generation of flagd's hash.
  var hash = FractionalHash.v2

  static let supported = "fractional, if, ==, in and starts_with"

  /// flagd's default bucketing: flag key and targeting key put together.
  var defaultHash: BucketHash {
    let flagKey = Array(flagKey.utf8)
    return hash == .v2 ? BucketHash(prefix: flagKey) : BucketHash(listOf: flagKey)
  }

  /// The hash of a text that ends with the targeting key.
  private func textHash(_ prefix: [UInt8], _ path: JSONPath) throws(FlagError) -> BucketHash {
    if hash == .v2 { return BucketHash(prefix: prefix) }
    guard prefix.count <= BucketHash.longestTextPrefix else {
      throw path.error(
        .unsupported,
        "puts \(prefix.count) bytes before the key, and with fractionalHash v3 \(BucketHash.longestTextPrefix) are supported"
      )
    }
    return BucketHash(textFrom: prefix)
  }

  /// A `fractional` with its two entries, for the loader and for the writer.
  struct Fractional {
    let bucketing: Bucketing
    let firstEntry: JSONNode
    let secondEntry: JSONNode
  }

  /// A rule that yields a variant.
  func rule(_ node: JSONNode, path: JSONPath) throws(FlagError) -> TargetingRule {
    switch node.value {
    case .null: return .defaultVariant
    case .string(let name):
      guard let stack = StackID(name: name) else {
        throw path.error(.invalid, "is \(node.summary), which is no variant; use \(first) or \(second)")
      }
      return .variant(stack)
    case .object:
      guard let operation = node.operation else {
        throw path.error(.invalid, "must hold exactly one operation, one of \(TargetingCompiler.supported)")
      }
      let here = path.member(operation.name)
      switch operation.name {
      case "fractional": return .fractional(try fractional(operation.node, path: here).bucketing)
      case "if": return try choice(operation.node, path: here)
      case "==", "in", "starts_with":
        throw here.error(.invalid, "is a condition, not a variant; put it into an if")
      default: throw unsupported(operation.name, path: here)
      }
    case .bool, .number, .array:
      throw path.error(.invalid, "is \(node.summary), which is no variant; use \(first) or \(second)")
    }
  }

  /// `[[first, weight], [second, weight]]`, with or without a bucketing value before them.
  func fractional(_ node: JSONNode, path: JSONPath) throws(FlagError) -> Fractional {
    guard let elements = node.elements, let head = elements.first else {
      throw path.error(.invalid, "must be an array: [[\"\(first)\", 25], [\"\(second)\", 75]]")
    }
    let isShorthand = head.elements != nil
    let hash = isShorthand ? defaultHash : try bucketingValue(head, path: path.element(0))
    let offset = isShorthand ? 0 : 1
    guard elements.count == offset + 2 else {
      throw path.error(
        .unsupported, "has \(elements.count - offset) entries; use two, \"\(first)\" and \"\(second)\"")
    }
    let weight = try weight(of: elements[offset], expecting: first, path: path.element(offset))
    let rest = try self.weight(of: elements[offset + 1], expecting: second, path: path.element(offset + 1))
    guard let share = Share(weight: weight, rest: rest) else {
      throw path.error(
        .outOfRange,
        "the weights must add up to 1 to \(Share.maximumWeight), and \(weight) and \(rest) do not")
    }
    return Fractional(
      bucketing: Bucketing(hash: hash, share: share), firstEntry: elements[offset],
      secondEntry: elements[offset + 1])
  }

  private func weight(
    of entry: JSONNode, expecting variant: String, path: JSONPath
  ) throws(FlagError) -> UInt64 {
    guard let parts = entry.elements, (1...2).contains(parts.count) else {
      throw path.error(.invalid, "must be [\"\(variant)\", weight]")
    }
    guard let name = parts[0].string else {
      throw path.element(0).error(.unsupported, "is \(parts[0].summary); write the variant \"\(variant)\"")
    }
    guard name == variant else {
      let reason =
        name == first || name == second
        ? "put \"\(first)\" first and \"\(second)\" second, so that keys stay while the percentage grows"
        : "use \"\(first)\" and \"\(second)\""
      throw path.element(0).error(.invalid, "is \"\(name)\"; \(reason)")
    }
    // flagd: an entry without a weight weighs 1.
    guard parts.count == 2 else { return 1 }
    guard case .number(let text) = parts[1].value, let weight = UInt64(text) else {
      throw path.element(1).error(
        .invalid, "is \(parts[1].summary); a weight is a whole number from 0 to \(Share.maximumWeight)")
    }
    return weight
  }

  /// What a `fractional` hashes: the targeting key behind a constant prefix.
  private func bucketingValue(_ node: JSONNode, path: JSONPath) throws(FlagError) -> BucketHash {
    let advice =
      "use {\"cat\": [\"a salt\", {\"var\": \"targetingKey\"}]}, or leave it out for flagd's default"
    guard let operation = node.operation else {
      throw path.error(.unsupported, "is \(node.summary), which buckets nothing by the key; \(advice)")
    }
    if operation.name == "var" {
      guard variable(node) == "targetingKey" else {
        throw path.member("var").error(.unsupported, "only targetingKey can be bucketed by; \(advice)")
      }
      return try textHash([], path)
    }
    let here = path.member(operation.name)
    guard operation.name == "cat" else {
      throw here.error(.unsupported, "\(operation.name) is not supported here; \(advice)")
    }
    guard let parts = operation.node.elements, let last = parts.last, variable(last) == "targetingKey" else {
      throw here.error(.unsupported, "must end with {\"var\": \"targetingKey\"}; \(advice)")
    }
    var prefix: [UInt8] = []
    for (index, part) in parts.dropLast().enumerated() {
      if let constant = part.string {
        prefix += Array(constant.utf8)
      } else if variable(part) == "$flagd.flagKey" {
        prefix += Array(flagKey.utf8)
      } else {
        throw here.element(index).error(
          .unsupported, "is neither a constant string nor {\"var\": \"$flagd.flagKey\"}; \(advice)")
      }
    }
    return try textHash(prefix, here)
  }

  private func choice(_ node: JSONNode, path: JSONPath) throws(FlagError) -> TargetingRule {
    guard let parts = node.elements, !parts.isEmpty else {
      throw path.error(.invalid, "must be an array: condition, variant, …, else variant")
    }
    var branches: [TargetingRule.Branch] = []
    for index in stride(from: 0, to: parts.count - 1, by: 2) {
      branches.append(
        TargetingRule.Branch(
          condition: try condition(parts[index], path: path.element(index)),
          rule: try rule(parts[index + 1], path: path.element(index + 1))))
    }
    // JSON logic: without an else the result is null, which is the default variant.
    let otherwise =
      parts.count.isMultiple(of: 2)
      ? TargetingRule.defaultVariant
      : try rule(parts[parts.count - 1], path: path.element(parts.count - 1))
    return .choose(branches, otherwise: otherwise)
  }

  private func condition(_ node: JSONNode, path: JSONPath) throws(FlagError) -> TargetingRule.Condition {
    if case .bool(let value) = node.value { return .constant(value) }
    guard let operation = node.operation else {
      throw path.error(
        .unsupported, "is \(node.summary); a condition is true, false, or one of ==, in and starts_with")
    }
    let here = path.member(operation.name)
    guard ["==", "in", "starts_with"].contains(operation.name) else {
      throw unsupported(operation.name, path: here)
    }
    guard let operands = operation.node.elements, operands.count == 2 else {
      throw here.error(.invalid, "takes two operands: {\"var\": \"targetingKey\"} and a constant")
    }
    switch operation.name {
    case "==":
      let swap = operands[0].operation == nil
      try requireTargetingKey(operands[swap ? 1 : 0], path: here.element(swap ? 1 : 0))
      return .equals(try constant(operands[swap ? 0 : 1], path: here.element(swap ? 0 : 1)))
    case "in":
      if operands[0].operation == nil {
        try requireTargetingKey(operands[1], path: here.element(1))
        return .contains(try constant(operands[0], path: here.element(0)))
      }
      try requireTargetingKey(operands[0], path: here.element(0))
      guard let list = operands[1].elements else {
        throw here.element(1).error(.unsupported, "is \(operands[1].summary); write an array of strings")
      }
      var constants: [[UInt8]] = []
      for (index, element) in list.enumerated() {
        constants.append(try constant(element, path: here.element(1).element(index)))
      }
      return .isOneOf(constants)
    default:
      try requireTargetingKey(operands[0], path: here.element(0))
      return .hasPrefix(try constant(operands[1], path: here.element(1)))
    }
  }

  private func constant(_ node: JSONNode, path: JSONPath) throws(FlagError) -> [UInt8] {
    guard let string = node.string else {
      throw path.error(.unsupported, "is \(node.summary); keys are compared with strings in quotes")
    }
    return Array(string.utf8)
  }

  private func requireTargetingKey(_ node: JSONNode, path: JSONPath) throws(FlagError) {
    guard variable(node) != "targetingKey" else { return }
    let detail =
      variable(node) == nil
      ? "is \(node.summary)"
      : "the only variable is targetingKey (the hash tag or the whole key: keys of one tag stay together)"
    throw path.error(.unsupported, "\(detail); write {\"var\": \"targetingKey\"}")
  }

  /// The name in `{"var": name}` or `{"var": [name]}`.
  private func variable(_ node: JSONNode) -> String? {
    guard let operation = node.operation, operation.name == "var" else { return nil }
    if let elements = operation.node.elements { return elements.count == 1 ? elements[0].string : nil }
    return operation.node.string
  }

  private func unsupported(_ name: String, path: JSONPath) -> FlagError {
    let advice =
      name == "$ref" ? "write the rule out here" : "use \(TargetingCompiler.supported)"
    return path.error(.unsupported, "\(name) is not supported; \(advice)")
  }
}
