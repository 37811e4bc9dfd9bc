/// The slow path of a cohort: a tree that gives a targeting key one of the two stacks.
///
/// It holds what Sluice supports of flagd's targeting: `if`, fractional shares, constants, and `null` for
/// the default variant.
public indirect enum TargetingRule: Sendable, Equatable {
  /// Always this stack.
  case variant(StackID)
  /// `null`: the flag's default variant.
  case defaultVariant
  /// New for the keys in the share, legacy for the rest.
  case fractional(Bucketing)
  /// The rule of the first branch whose condition holds, else the last.
  case choose([Branch], otherwise: TargetingRule)

  /// A condition and the rule for the keys that meet it.
  public struct Branch: Sendable, Equatable {
    public let condition: Condition
    public let rule: TargetingRule

    public init(condition: Condition, rule: TargetingRule) {
      self.condition = condition
      self.rule = rule
    }
  }

  /// What may be asked about a targeting key. Compares bytes.
  public enum Condition: Sendable, Equatable {
    case constant(Bool)
    case equals([UInt8])
    case isOneOf([[UInt8]])
    case hasPrefix([UInt8])
    case contains([UInt8])
  }

  /// The leaf that decides for `key`: any case but `choose`.
  func leaf(for key: Span<UInt8>) -> TargetingRule {
    var rule = self
    while case .choose(let branches, let otherwise) = rule {
      rule = branches.first { $0.condition.holds(for: key) }?.rule ?? otherwise
    }
    return rule
  }
}

extension TargetingRule {
  /// The leaf that decides for every key that begins with `prefix`; nil if that depends on how they go on.
  func leaf(ofAll prefix: [UInt8]) -> TargetingRule? {
    var rule = self
    next: while case .choose(let branches, let otherwise) = rule {
      for branch in branches {
        guard let holds = branch.condition.holds(forAll: prefix) else { return nil }
        guard holds else { continue }
        rule = branch.rule
        continue next
      }
      rule = otherwise
    }
    return rule
  }
}

extension TargetingRule.Condition {
  /// Whether it holds for every key that begins so, or for none; nil if for some.
  fileprivate func holds(forAll prefix: [UInt8]) -> Bool? {
    switch self {
    case .constant(let value): value
    case .equals(let bytes): bytes.starts(with: prefix) ? nil : false
    case .isOneOf(let list): list.contains { $0.starts(with: prefix) } ? nil : false
    case .hasPrefix(let bytes): prefix.starts(with: bytes) ? true : bytes.starts(with: prefix) ? nil : false
    case .contains: holds(for: prefix.span) ? true : nil
    }
  }
}

extension TargetingRule.Condition {
  func holds(for key: Span<UInt8>) -> Bool {
    switch self {
    case .constant(let value): value
    case .equals(let bytes): bytes.count == key.count && matches(bytes, in: key, at: 0)
    case .isOneOf(let list): list.contains { $0.count == key.count && matches($0, in: key, at: 0) }
    case .hasPrefix(let bytes): bytes.count <= key.count && matches(bytes, in: key, at: 0)
    case .contains(let bytes):
      bytes.count <= key.count
        && (0...key.count - bytes.count).contains { matches(bytes, in: key, at: $0) }
    }
  }
}

/// Whether `bytes` stand in `key` at `offset`; the caller has made sure that they fit.
private func matches(_ bytes: [UInt8], in key: Span<UInt8>, at offset: Int) -> Bool {
  for index in bytes.indices where key[offset + index] != bytes[index] { return false }
  return true
}

extension TargetingRule {
  /// Every constant that a condition compares keys with: what keys to try when asking what the rules do.
  var constants: [[UInt8]] {
    guard case .choose(let branches, let otherwise) = self else { return [] }
    return branches.flatMap { $0.condition.constants + $0.rule.constants } + otherwise.constants
  }
}

extension TargetingRule.Condition {
  fileprivate var constants: [[UInt8]] {
    switch self {
    case .constant: []
    case .equals(let bytes), .hasPrefix(let bytes), .contains(let bytes): [bytes]
    case .isOneOf(let list): list
    }
  }
}
