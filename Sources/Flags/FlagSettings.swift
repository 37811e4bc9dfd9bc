/// The object of a flag whose variants are objects, read field by field.
struct FlagSettings {
  private let members: [JSONNode.Member]
  let path: JSONPath
  private var known: [String] = []

  /// The object that the flag's default variant names; nil when the flag is absent, disabled or has no
  /// default variant, so that what is built in counts.
  init?(_ key: String, in flags: JSONNode) throws(FlagError) {
    guard let entry = try FlagEntry(key, in: flags) else { return nil }
    for variant in entry.variants {
      guard case .object = variant.node.value else {
        throw entry.variantsPath.member(variant.name).error(
          .invalid, "is \(variant.node.summary); the variants of \(key) are objects")
      }
    }
    try entry.refuseTargeting()
    guard !entry.isDisabled, let name = entry.defaultVariant,
      case .object(let members) = entry.variants.first(where: { $0.name == name })?.node.value
    else { return nil }
    self.members = members
    path = entry.variantsPath.member(name)
  }

  /// An object inside of one.
  init(_ members: [JSONNode.Member], at path: JSONPath) { (self.members, self.path) = (members, path) }

  /// Nil if the field is not there.
  mutating func optionalNumber(
    _ name: String, in range: ClosedRange<Double>
  ) throws(FlagError) -> Double? {
    guard let node = take(name) else { return nil }
    guard case .number(let text) = node.value, let number = Double(text) else {
      throw path.member(name).error(.invalid, "is \(node.summary); write a number")
    }
    guard range.contains(number) else {
      throw path.member(name).error(
        .outOfRange, "is \(text); it goes from \(Int(range.lowerBound)) to \(Int(range.upperBound))")
    }
    return number
  }

  mutating func count(
    _ name: String, in range: ClosedRange<UInt64>, default value: UInt64
  ) throws(FlagError) -> UInt64 {
    guard let node = take(name) else { return value }
    guard case .number(let text) = node.value else {
      throw path.member(name).error(.invalid, "is \(node.summary); write a whole number")
    }
    guard let count = UInt64(text), range.contains(count) else {
      throw path.member(name).error(
        .outOfRange, "is \(text); write a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return count
  }

  mutating func percentages(
    _ name: String, default value: [Percentage]
  ) throws(FlagError) -> [Percentage] {
    guard let node = take(name) else { return value }
    let here = path.member(name)
    guard let elements = node.elements, !elements.isEmpty else {
      throw here.error(.invalid, "must be an array of percentages, such as [25, 50, 100]")
    }
    var steps: [Percentage] = []
    for (index, element) in elements.enumerated() {
      guard case .number(let text) = element.value, let step = Percentage(text), step.hundredths > 0 else {
        throw here.element(index).error(
          .outOfRange, "is \(element.summary); a step is above 0, at most 100, with at most two decimals")
      }
      if let last = steps.last, last >= step {
        throw here.element(index).error(.invalid, "is \(text) after \(last); steps must grow")
      }
      steps.append(step)
    }
    return steps
  }

  /// Refuses fields that nobody asked for: a mistyped limit must not be taken for no limit.
  func finish() throws(FlagError) {
    for member in members where !known.contains(member.name) {
      throw path.member(member.name).error(
        .invalid, "is unknown; the fields are \(known.joined(separator: ", "))")
    }
  }

  /// Nil if the field is not there.
  mutating func text(_ name: String) throws(FlagError) -> String? {
    guard let node = take(name) else { return nil }
    guard let text = node.string else {
      throw path.member(name).error(.invalid, "is \(node.summary); write a text")
    }
    return text
  }

  mutating func truth(_ name: String, default value: Bool) throws(FlagError) -> Bool {
    guard let node = take(name) else { return value }
    switch node.summary {
    case "true": return true
    case "false": return false
    default: throw path.member(name).error(.invalid, "is \(node.summary); write true or false")
    }
  }

  mutating func take(_ name: String) -> JSONNode? {
    known.append(name)
    return members.first { $0.name == name }?.node
  }
}
