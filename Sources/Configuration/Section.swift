import Yams

/// One mapping of the file while it is read: remembers which keys are known, so that the others can be
/// refused, and collects what is wrong instead of stopping at it.
struct Section {
  /// Where it is in the file; empty at the top.
  let path: String
  private(set) var problems: [ConfigurationProblem] = []
  private let pairs: [(key: Node, value: Node)]
  private var known: [String] = []

  /// An absent or empty node is an empty section; anything but a mapping is a problem.
  init(_ node: Node?, path: String) {
    self.path = path
    if let mapping = node?.mapping {
      pairs = mapping.map { ($0.key, $0.value) }
    } else {
      pairs = []
      if let node, !node.isUnset {
        let name = path.isEmpty ? "the file" : path
        let expected = "is not a mapping; write its settings as indented \"key: value\" lines"
        problems.append(ConfigurationProblem(path: name, reason: expected, line: node.mark?.line))
      }
    }
  }

  /// The node under a key, nil if it is absent or null. The key counts as known from now on.
  mutating func node(_ key: String) -> Node? {
    known.append(key)
    guard let node = pairs.first(where: { $0.key.scalar?.string == key })?.value, !node.isUnset else {
      return nil
    }
    return node
  }

  /// The section under a key; hand it back to `finish` when it is read.
  mutating func section(_ key: String) -> Section { Section(node(key), path: join(key)) }

  /// One value, or nil if it is absent or wrong; what is wrong is noted.
  mutating func value<T>(_ key: String, _ parse: (String) throws(ValueError) -> T) -> T? {
    guard let node = node(key) else { return nil }
    return value(of: node, at: join(key), parse)
  }

  /// A list of values, or one value alone; nil if it is absent. Wrong entries are noted and left out.
  mutating func values<T>(_ key: String, _ parse: (String) throws(ValueError) -> T) -> [T]? {
    guard let node = node(key) else { return nil }
    guard let sequence = node.sequence else {
      return value(of: node, at: join(key), parse).map { [$0] } ?? []
    }
    if sequence.isEmpty { note(key, "is an empty list; name at least one or leave the key out") }
    return sequence.enumerated().compactMap { index, entry in
      value(of: entry, at: "\(join(key))[\(index)]", parse)
    }
  }

  /// The mappings of a list under a key, each read by `read`; empty if it is absent.
  mutating func list<T>(_ key: String, _ read: (inout Section) -> T?) -> [T] {
    guard let node = node(key) else { return [] }
    guard let sequence = node.sequence else {
      note(key, "is not a list; write its entries as \"- name: …\" lines")
      return []
    }
    return sequence.enumerated().compactMap { index, entry in
      var section = Section(entry, path: "\(join(key))[\(index)]")
      defer { finish(section) }
      return read(&section)
    }
  }

  /// Notes a problem with a key of this section.
  mutating func note(_ key: String, _ reason: String, line: Int? = nil) {
    let known = pairs.first { $0.key.scalar?.string == key }?.key.mark?.line
    problems.append(ConfigurationProblem(path: join(key), reason: reason, line: line ?? known))
  }

  /// Where it begins.
  var line: Int? { pairs.first?.key.mark?.line }

  func isWithout(_ key: String) -> Bool {
    !pairs.contains { $0.key.scalar?.string == key && !$0.value.isUnset }
  }

  /// Takes over what a section under this one found, unknown keys included.
  mutating func finish(_ child: Section) {
    var child = child
    child.refuseUnknownKeys()
    problems += child.problems
  }

  /// Notes every key that nobody asked for, with the nearest one that somebody did.
  mutating func refuseUnknownKeys() {
    for (key, _) in pairs {
      guard let name = key.scalar?.string else {
        let reason = "has a key that is not text; write plain names as keys"
        let place = path.isEmpty ? "the file" : path
        problems.append(ConfigurationProblem(path: place, reason: reason, line: key.mark?.line))
        continue
      }
      guard !known.contains(name) else { continue }
      let advice =
        NearestName.of(name, among: known).map { "did you mean \($0)?" }
        ?? "known here: \(known.sorted().joined(separator: ", "))"
      problems.append(
        ConfigurationProblem(path: join(name), reason: "is an unknown key; \(advice)", line: key.mark?.line))
    }
  }

  func join(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  private mutating func value<T>(
    of node: Node, at path: String, _ parse: (String) throws(ValueError) -> T
  ) -> T? {
    let line = node.mark?.line
    guard let scalar = node.scalar else {
      problems.append(
        ConfigurationProblem(path: path, reason: "is not a single value; write one", line: line))
      return nil
    }
    do {
      return try parse(scalar.string)
    } catch {
      problems.append(ConfigurationProblem(path: path, reason: error.reason, line: line))
      return nil
    }
  }
}

extension Node {
  /// `key:` with nothing behind it, `~` and `null` mean "not set".
  var isUnset: Bool {
    guard let scalar else { return false }
    return scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }
}
