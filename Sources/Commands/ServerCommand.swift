import SluiceRESP

/// What a server says of one of its commands (`COMMAND`).
public struct ServerCommand: Sendable, Equatable {
  /// Upper case; a subcommand stands behind its container: `CLIENT|LIST`.
  public let name: String
  public let arity: Int
  public let flags: CommandFlags
  /// Where its keys are; nil if that cannot be told from what the server says.
  public let keys: KeyLayout?
  public let categories: CommandCategories
  /// What it needs of its keys; nil where the server does not tell: Redis 6.2, and modules that do not say.
  public let needs: KeyNeeds?
  /// Two equal servers answer it differently, or in another order.
  public let isRandom: Bool
  public let isUnordered: Bool

  /// Commands and subcommands of one server; a module may bring many, a server gone mad any number.
  static let limit = 8192
  /// A longer name than any command's of a server that has its wits.
  private static let longestName = 64

  /// Reads the reply to `COMMAND`; nil if it is none. Rows that nobody can read are left out.
  ///
  /// Redis 7.0 and later say subcommands and key specifications; 6.2 says neither.
  public static func all(in reply: Span<UInt8>) -> [ServerCommand]? {
    guard let rows = ReplyReader.elements(of: reply), !rows.isEmpty else { return nil }
    var commands: [ServerCommand] = []
    for place in rows where commands.count < limit {
      let row = reply.extracting(place)
      guard let parts = ReplyReader.elements(of: row) else { continue }
      if let command = ServerCommand(row, parts) { commands.append(command) }
      guard parts.count > 9 else { continue }
      let subcommands = row.extracting(parts[9])
      for place in ReplyReader.elements(of: subcommands) ?? [] where commands.count < limit {
        let row = subcommands.extracting(place)
        guard let parts = ReplyReader.elements(of: row) else { continue }
        if let command = ServerCommand(row, parts) { commands.append(command) }
      }
    }
    return commands.isEmpty ? nil : commands
  }

  private init?(_ row: Span<UInt8>, _ parts: [Range<Int>]) {
    guard parts.count >= 6, let name = Self.text(row.extracting(parts[0])),
      (1...Self.longestName).contains(name.utf8.count), name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
      let arity = ReplyReader.integer(row.extracting(parts[1])), abs(arity) < 1 << 15,
      let flags = Self.texts(row.extracting(parts[2]))
    else { return nil }
    let numbers = parts[3...5].compactMap { ReplyReader.integer(row.extracting($0)) }
    guard numbers.count == 3 else { return nil }
    self.name = name.uppercased()
    self.arity = arity
    self.flags = CommandFlags(names: flags)
    categories = CommandCategories(words: parts.count > 6 ? Self.texts(row.extracting(parts[6])) ?? [] : [])
    needs = parts.count > 8 ? Self.needs(row.extracting(parts[8])) : nil
    let tips = parts.count > 7 ? Self.texts(row.extracting(parts[7])) ?? [] : []
    isRandom = tips.contains("nondeterministic_output") || flags.contains("random")
    isUnordered = tips.contains("nondeterministic_output_order") || flags.contains("sort_for_script")
    let range: KeyLayout =
      numbers[0] == 0 ? .none : .range(first: numbers[0], last: numbers[1], step: max(1, numbers[2]))
    if parts.count > 8 {
      keys = Self.layout(row.extracting(parts[8]), range, isMovable: self.flags.contains(.movablekeys))
    } else {
      keys = self.flags.contains(.movablekeys) ? nil : range
    }
  }

  /// - Parameter range: what first, last and step say.
  private static func layout(_ list: Span<UInt8>, _ range: KeyLayout, isMovable: Bool) -> KeyLayout? {
    guard let places = ReplyReader.elements(of: list) else { return nil }
    var specs: [KeySpec] = []
    for place in places {
      let spec = map(list.extracting(place))
      let flags = spec["flags"].flatMap { texts($0.span) } ?? []
      // A channel, an index: it decides about the slot, and is no key.
      if flags.contains("not_key") { continue }
      // A key specification that says itself that it does not say everything.
      if flags.contains("incomplete") { return nil }
      guard let begin = spec["begin_search"].flatMap(begin), let find = spec["find_keys"].flatMap(find) else {
        return nil
      }
      specs.append(KeySpec(begin: begin, find: find))
    }
    // A module may say first, last and step alone.
    if specs.isEmpty { return places.isEmpty ? range : KeyLayout.none }
    let layout = KeyLayout(specs)
    guard case .specs = layout, case .range = range, !isMovable else { return layout }
    return isOneRange(specs) ? range : layout
  }

  /// Of several specifications the first speaks of the first key, and the others of all that follow.
  private static func needs(_ list: Span<UInt8>) -> KeyNeeds? {
    guard let places = ReplyReader.elements(of: list) else { return nil }
    let rights = places.compactMap { place -> KeyRights? in
      let flags = map(list.extracting(place))["flags"].flatMap { texts($0.span) } ?? []
      return flags.contains("not_key") ? nil : KeyRights(words: flags)
    }
    guard let first = rights.first else { return nil }
    return KeyNeeds(first, rights.count > 1 ? rights.dropFirst().reduce([]) { $0.union($1) } : first)
  }

  /// `RENAME a b` has two specifications, of one key each, that first, last and step say as well.
  private static func isOneRange(_ specs: [KeySpec]) -> Bool {
    specs.allSatisfy {
      guard case .index = $0.begin, case .range(_, 1, let limit) = $0.find else { return false }
      return limit < 2
    }
  }

  private static func begin(_ bytes: [UInt8]) -> KeySpec.Begin? {
    let fields = map(bytes.span)
    let inner = fields["spec"] ?? []
    let spec = map(inner.span)
    switch fields["type"].flatMap({ text($0.span) }) {
    case "index": return number(spec["index"]).map { .index($0) }
    case "keyword":
      guard let word = spec["keyword"].flatMap({ text($0.span) }),
        let name = FoldedName(Array(word.utf8).span)
      else { return nil }
      return number(spec["startfrom"]).map { .keyword(name, from: $0) }
    default: return nil
    }
  }

  private static func find(_ bytes: [UInt8]) -> KeySpec.Find? {
    let fields = map(bytes.span)
    let inner = fields["spec"] ?? []
    let spec = map(inner.span)
    switch fields["type"].flatMap({ text($0.span) }) {
    case "range":
      guard let last = number(spec["lastkey"]), let step = number(spec["keystep"]),
        let limit = number(spec["limit"])
      else { return nil }
      return .range(last: last, step: step, limit: limit)
    case "keynum":
      guard let count = number(spec["keynumidx"]), let first = number(spec["firstkey"]),
        let step = number(spec["keystep"])
      else { return nil }
      return .counted(count: count, first: first, step: step)
    default: return nil
    }
  }

  // MARK: Replies

  /// Names and whole values of an array that alternates them.
  private static func map(_ reply: Span<UInt8>) -> [String: [UInt8]] {
    guard let parts = ReplyReader.elements(of: reply) else { return [:] }
    var fields: [String: [UInt8]] = [:]
    for index in stride(from: 0, to: parts.count - 1, by: 2) {
      guard let name = text(reply.extracting(parts[index])) else { continue }
      fields[name] = reply.extracting(parts[index + 1]).withUnsafeBufferPointer { Array($0) }
    }
    return fields
  }

  /// Numbers that no place in a command can be are none.
  private static func number(_ reply: [UInt8]?) -> Int? {
    guard let number = reply.flatMap({ ReplyReader.integer($0.span) }), abs(number) < 1 << 20 else {
      return nil
    }
    return number
  }

  private static func text(_ reply: Span<UInt8>) -> String? {
    ReplyReader.string(reply).map { place in
      reply.extracting(place).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
  }

  private static func texts(_ reply: Span<UInt8>) -> [String]? {
    ReplyReader.elements(of: reply)?.compactMap { text(reply.extracting($0))?.lowercased() }
  }
}
