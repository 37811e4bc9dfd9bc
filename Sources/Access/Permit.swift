import SluiceCommands
import SluiceRESP

/// The rules of one user as a command needs them: one bit for each command of one table, and the patterns of its keys.
///
/// Asked for every command of a user who may not do everything; nobody else has one.
public final class Permit: Sendable {
  /// Why a command may not be.
  public enum Denial: Sendable, Equatable {
    case command
    /// The argument at this place is a key that is not the user's.
    case key(Int)
  }

  private let bits: [UInt64]
  /// Empty where `hasAllKeys`.
  private let patterns: [KeyRule]
  public let hasAllKeys: Bool

  /// Nil for who may do everything, and then nobody asks.
  ///
  /// - Parameters:
  ///   - denied: what nobody may do.
  ///   - table: the commands in force; another table wants another permit.
  public init?(_ rules: AccessRules, denied: [CommandRule.Subject], in table: CommandTable) {
    // Who may do everything is the common case, and a table of commands is long.
    if denied.isEmpty, rules == .everything { return nil }
    let book = CommandBits(table)
    var allowed = book.none
    for rule in rules.commands { book.apply(rule, to: &allowed) }
    for subject in denied { book.apply(CommandRule(subject, isGiven: false), to: &allowed) }
    for (id, spec) in table.specs.enumerated() where spec.flags.contains(.noAuth) { allowed[id] = true }
    let isEverything = denied.isEmpty && allowed.allSatisfy { $0 } && rules.hasAllKeys
    if isEverything { return nil }
    var bits = [UInt64](repeating: 0, count: (allowed.count + 63) / 64)
    for (id, isAllowed) in allowed.enumerated() where isAllowed { bits[id / 64] |= 1 << UInt64(id % 64) }
    self.bits = bits
    hasAllKeys = rules.hasAllKeys
    patterns = rules.keys
  }

  /// Whether the command may be at all.
  public func allows(command id: Int) -> Bool {
    let word = id &>> 6
    guard bits.indices.contains(word) else { return false }
    return bits[word] & (1 &<< UInt64(truncatingIfNeeded: id & 63)) != 0
  }

  /// Whether one key may be touched so.
  public func allows(key: Span<UInt8>, _ needed: KeyRights) -> Bool {
    if hasAllKeys { return true }
    for pattern in patterns where pattern.allows(key, needed) { return true }
    return false
  }

  /// Why one whole command may not be; nil if it may. A command whose keys contradict themselves passes: whoever carries it out says so.
  ///
  /// - Parameter indices: for the places of its keys; owned by the caller and reused.
  public func denial(
    of id: Int, in table: CommandTable, _ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>,
    _ indices: inout [Int]
  ) -> Denial? {
    guard allows(command: id) else { return .command }
    let spec = table.specs[id]
    if hasAllKeys || spec.keys == .none || spec.flags.contains(.noAuth) { return nil }
    guard case .found = spec.keyIndices(in: frame, arguments: arguments, into: &indices) else { return nil }
    let needs = table.needs(of: id, in: frame, arguments)
    var isFirst = true
    for index in indices {
      let needed = isFirst ? needs.first : needs.rest
      if !allows(key: frame.extracting(arguments[index].range), needed) { return .key(index) }
      isFirst = false
    }
    return nil
  }
}

/// The commands of a table, as rules speak of them.
private struct CommandBits {
  private let table: CommandTable
  private let subcommands: [Int: [Int]]
  private let ids: [String: Int]

  init(_ table: CommandTable) {
    self.table = table
    var subcommands: [Int: [Int]] = [:]
    var ids: [String: Int] = [:]
    for spec in table.specs where spec.isListed {
      ids[spec.name] = spec.id
      if let container = spec.container { subcommands[container, default: []].append(spec.id) }
    }
    (self.subcommands, self.ids) = (subcommands, ids)
  }

  var none: [Bool] { [Bool](repeating: false, count: table.specs.count) }

  func apply(_ rule: CommandRule, to allowed: inout [Bool]) {
    switch rule.subject {
    case .all: allowed = [Bool](repeating: rule.isGiven, count: allowed.count)
    case .category(let category):
      for (id, categories) in table.categories.enumerated() where !categories.isDisjoint(with: category) {
        set(id, rule.isGiven, &allowed)
      }
    case .command(let name):
      // A command that no server here has told of cannot be asked for.
      if let id = ids[name] { set(id, rule.isGiven, &allowed) }
    }
  }

  /// A container takes its subcommands along (Redis's `ACLChangeSelectorPerm`).
  private func set(_ id: Int, _ isGiven: Bool, _ allowed: inout [Bool]) {
    guard allowed.indices.contains(id) else { return }
    allowed[id] = isGiven
    for subcommand in subcommands[id] ?? [] where allowed.indices.contains(subcommand) {
      allowed[subcommand] = isGiven
    }
  }
}
