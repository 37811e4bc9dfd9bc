import SluiceRESP

/// Every command as data: what real servers say (`CommandTable+generated.swift`, `CommandTable+later.swift`, and in a running proxy
/// the two servers behind it: `inForce`) joined with what we decide (`CommandRules`).
///
/// A table never changes; another one takes its place. The number of a command is the same in all of them.
///
/// Keep the value at hand instead of asking `shared` for every command: a global costs a check on each
/// access.
public struct CommandTable: Sendable {
  /// What is known without a server: the commands of Redis 7.0, and those that other versions and Valkey have beside them.
  public static let shared = CommandTable(numbered(ownRows))

  /// The same where the servers will not tell what they have beside it.
  static let sharedWithHidden = CommandTable(numbered(ownRows), isHidden: true)

  /// The id of every name that is in no table. Where both servers have told what they have, that is a name that neither has, and the
  /// primary says so; where one hides its commands it is refused, for nobody can tell its keys (design, law 8).
  public static let unknownID = 0

  /// The id of a subcommand that its container does not have; refused.
  public static let unknownSubcommandID = 1

  /// By id.
  public let specs: Immortal<CommandSpec>

  /// By id: the ACL categories, and what is needed of the keys. Apart from the specs, which every command looks at.
  public let categories: Immortal<CommandCategories>
  let keyNeeds: Immortal<KeyNeeds>
  /// Those whose needs depend on their words.
  let set: Int
  let bitfield: Int

  /// Open addressing, a power of two, at most half full.
  private let slots: Immortal<Slot>
  private let slotBits: UInt64

  private struct Slot: BitwiseCopyable {
    let name: FoldedName
    let container: UInt64
    let id: Int
  }

  /// Which of the servers that are not known have what the effects of some commands are told in.
  public let abilities: (legacy: ServerAbilities, new: ServerAbilities)

  init(
    _ rows: [(row: TableRow, id: Int)], abilities: (ServerAbilities, ServerAbilities) = (.assumed, .assumed),
    isHidden: Bool = false
  ) {
    let specs = CommandTable.join(rows, isHidden: isHidden)
    self.abilities = abilities
    var categories = [CommandCategories](repeating: [], count: specs.count)
    var needs = [KeyNeeds](repeating: KeyNeeds([.read, .write], [.read, .write]), count: specs.count)
    for (row, id) in rows where specs.indices.contains(id) {
      (categories[id], needs[id]) = (row.categories, row.needs)
    }
    self.categories = Immortal(categories)
    keyNeeds = Immortal(needs)
    set = rows.first { $0.row.name == "SET" }?.id ?? Self.unknownID
    bitfield = rows.first { $0.row.name == "BITFIELD" }?.id ?? Self.unknownID
    var bits: UInt64 = 4
    while 1 << bits < specs.count * 2 { bits += 1 }
    var table = [Slot?](repeating: nil, count: 1 << bits)
    for spec in specs.dropFirst(2) where spec.isListed {
      let word = Array((spec.name.split(separator: "|").last ?? "").utf8)
      guard let name = FoldedName(word.span) else { continue }
      let container = UInt64(spec.container ?? 0)
      var index = name.slot(container: container, bits: bits)
      while table[index] != nil { index = (index + 1) & (table.count - 1) }
      table[index] = Slot(name: name, container: container, id: spec.id)
    }
    self.specs = Immortal(specs)
    self.slots = Immortal(table.map { $0 ?? Slot(name: .none, container: 0, id: Self.unknownID) })
    self.slotBits = bits
  }

  /// The id of a command by its name, in any case of letters; `unknownID` for a name in no table. Does not
  /// allocate.
  public func lookup(_ name: Span<UInt8>) -> Int {
    find(name, container: 0)
  }

  /// The name of the command with this number; `UNKNOWN` for a number that no command has. Allocates.
  public func name(of number: UInt16) -> String {
    if specs.indices.contains(Int(number)) { return specs[Int(number)].name }
    return CommandNumbers.name(of: Int(number), from: CommandTable.firstFreeID) ?? "UNKNOWN"
  }

  /// The id of a container's subcommand; `unknownSubcommandID` if it has none of that name. Does not
  /// allocate.
  ///
  /// - Parameter container: an id whose spec says `isContainer`.
  public func lookup(subcommand name: Span<UInt8>, of container: Int) -> Int {
    let id = find(name, container: UInt64(truncatingIfNeeded: container))
    return id == Self.unknownID ? Self.unknownSubcommandID : id
  }

  /// The id of the command in a frame, its subcommand resolved. A container alone (`COMMAND`) is its own
  /// row.
  ///
  /// - Parameter arguments: ranges inside `frame`, the name first; none gives `unknownID`.
  public func resolve(in frame: Span<UInt8>, arguments: Span<ArgumentRange>) -> Int {
    guard !arguments.isEmpty else { return Self.unknownID }
    let id = lookup(frame.extracting(arguments[0].range))
    guard arguments.count > 1, specs[id].isContainer else { return id }
    return lookup(subcommand: frame.extracting(arguments[1].range), of: id)
  }

  @inline(__always)
  private func find(_ name: Span<UInt8>, container: UInt64) -> Int {
    guard let name = FoldedName(name) else { return Self.unknownID }
    let mask = slots.count &- 1
    var index = name.slot(container: container, bits: slotBits)
    while true {
      let slot = slots[index & mask]
      if slot.name == name, slot.container == container { return slot.id }
      // An empty slot has a name of length 0, and there is always one: the table is at most half full.
      if slot.name.count == 0 { return Self.unknownID }
      index = (index &+ 1) & mask
    }
  }
}
