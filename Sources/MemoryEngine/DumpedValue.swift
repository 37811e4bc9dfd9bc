import SluiceRESP

/// What `DUMP` writes and `RESTORE` reads of a value of any type.
///
/// Lists, sets, hashes and sorted sets are written in Redis' plain forms, one string after the other, which
/// every Redis reads; of the forms that Redis writes the packed ones are read too. A stream has a form of the
/// engine's own, under a type that no Redis knows and each refuses.
///
/// Source: `rdb.c` (`rdbSaveObject`, `rdbLoadObject`), `listpack.c` and `intset.c` of Redis 7.0.
enum DumpedValue {
  case string([UInt8])
  case collection(Collection)

  enum Form: UInt8 {
    case string = 0
    case list = 1
    case set = 2
    case hash = 4
    case sortedSet = 5
    case integers = 11
    case packedHash = 16
    case packedSortedSet = 17
    case quicklist = 18
    case stream = 200
  }

  static func payload(of value: Collection) -> [UInt8] {
    var payload: [UInt8] = []
    switch value {
    case let list as ListValue:
      payload.append(Form.list.rawValue)
      DumpedString.append(length: list.count, to: &payload)
      list.elements.walk { DumpedString.append($0.span, to: &payload) }
    case let set as SetValue:
      payload.append(Form.set.rawValue)
      DumpedString.append(length: set.count, to: &payload)
      for member in set.members { DumpedString.append(member.span, to: &payload) }
    case let hash as HashValue:
      payload.append(Form.hash.rawValue)
      DumpedString.append(length: hash.count, to: &payload)
      for (field, value) in zip(hash.fields, hash.values) {
        DumpedString.append(field.span, to: &payload)
        DumpedString.append(value.span, to: &payload)
      }
    case let set as SortedSetValue:
      payload.append(Form.sortedSet.rawValue)
      DumpedString.append(length: set.count, to: &payload)
      // From the highest down, as Redis: so each is inserted in front when it is read.
      for element in set.elements(0..<set.count, backwards: true) {
        DumpedString.append(element.member.span, to: &payload)
        let bits = element.score.bitPattern
        for shift in 0..<8 { payload.append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * shift))) }
      }
    case let stream as StreamValue:
      payload.append(Form.stream.rawValue)
      DumpedStream.append(stream, to: &payload)
    default: break
    }
    DumpedString.seal(&payload)
    return payload
  }

  /// - Parameter longest: the most bytes that the value may cost.
  init(_ payload: Span<UInt8>, longest: Int) throws(DumpedString.Trouble) {
    let count = try DumpedString.contentCount(of: payload, newest: DumpedString.version)
    let content = payload.extracting(0..<count)
    guard let form = Form(rawValue: content[0]) else { throw .otherType }
    var reader = DumpReader(longest: min(longest, 512 << 20))
    switch form {
    case .string: self = .string(try reader.string(content))
    case .list: self = .collection(try DumpedValue.list(content, &reader, longest))
    case .set: self = .collection(try DumpedValue.set(content, &reader, longest))
    case .hash: self = .collection(try DumpedValue.hash(content, &reader, longest))
    case .sortedSet: self = .collection(try DumpedValue.sortedSet(content, &reader, longest))
    case .integers: self = .collection(try DumpedValue.integers(content, &reader))
    case .packedHash: self = .collection(try DumpedValue.packedHash(content, &reader))
    case .packedSortedSet: self = .collection(try DumpedValue.packedSortedSet(content, &reader))
    case .quicklist: self = .collection(try DumpedValue.quicklist(content, &reader, longest))
    case .stream: self = .collection(try DumpedStream.stream(content, &reader, longest))
    }
    guard reader.position == content.count else { throw .badFormat }
    if case .collection(let value) = self {
      guard !value.isEmpty else { throw .badFormat }
      guard value.cost <= longest else { throw .tooLong }
    }
  }

  // MARK: Plain forms

  private static func list(
    _ content: Span<UInt8>, _ reader: inout DumpReader, _ longest: Int
  ) throws(DumpedString.Trouble) -> ListValue {
    let list = ListValue()
    for _ in 0..<(try reader.length(content)) {
      list.push(try reader.string(content), atHead: false)
      guard list.cost <= longest else { throw .tooLong }
    }
    return list
  }

  private static func set(
    _ content: Span<UInt8>, _ reader: inout DumpReader, _ longest: Int
  ) throws(DumpedString.Trouble) -> SetValue {
    let set = SetValue()
    for _ in 0..<(try reader.length(content)) {
      guard set.insert(try reader.string(content)) else { throw .badFormat }
      guard set.cost <= longest else { throw .tooLong }
    }
    return set
  }

  private static func hash(
    _ content: Span<UInt8>, _ reader: inout DumpReader, _ longest: Int
  ) throws(DumpedString.Trouble) -> HashValue {
    let hash = HashValue()
    for _ in 0..<(try reader.length(content)) {
      let field = try reader.string(content)
      guard hash.set(field, try reader.string(content)) else { throw .badFormat }
      guard hash.cost <= longest else { throw .tooLong }
    }
    return hash
  }

  private static func sortedSet(
    _ content: Span<UInt8>, _ reader: inout DumpReader, _ longest: Int
  ) throws(DumpedString.Trouble) -> SortedSetValue {
    let set = SortedSetValue(packed: false)
    for _ in 0..<(try reader.length(content)) {
      let member = try reader.string(content)
      var bits: UInt64 = 0
      for shift in 0..<8 { bits |= UInt64(try reader.byte(content)) << UInt64(8 * shift) }
      try add(member, Double(bitPattern: bits), to: set)
      guard set.cost <= longest else { throw .tooLong }
    }
    return set.packIfSmall()
  }

  private static func add(
    _ member: [UInt8], _ score: Double, to set: SortedSetValue
  ) throws(DumpedString.Trouble) {
    guard !score.isNaN, set.score(of: member) == nil else { throw .badFormat }
    set.set(member, score)
  }

  // MARK: Packed forms

  private static func integers(
    _ content: Span<UInt8>, _ reader: inout DumpReader
  ) throws(DumpedString.Trouble) -> SetValue {
    let bytes = try reader.string(content)
    guard bytes.count >= 8 else { throw .badFormat }
    let width = Int(bytes[0])
    guard [2, 4, 8].contains(width), bytes[1...3].allSatisfy({ $0 == 0 }) else { throw .badFormat }
    let count = (4..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * ($1 - 4)) }
    guard bytes.count - 8 == count * width else { throw .badFormat }
    let set = SetValue()
    for number in 0..<count {
      var text: [UInt8] = []
      text.append(decimal: Listpack.integer(bytes[(8 + number * width)..<(8 + (number + 1) * width)]))
      guard set.insert(text) else { throw .badFormat }
    }
    return set
  }

  private static func packedHash(
    _ content: Span<UInt8>, _ reader: inout DumpReader
  ) throws(DumpedString.Trouble) -> HashValue {
    let words = try Listpack.words(try reader.string(content))
    guard words.count % 2 == 0 else { throw .badFormat }
    let hash = HashValue()
    for index in stride(from: 0, to: words.count, by: 2) {
      guard hash.set(words[index], words[index + 1]) else { throw .badFormat }
    }
    return hash
  }

  private static func packedSortedSet(
    _ content: Span<UInt8>, _ reader: inout DumpReader
  ) throws(DumpedString.Trouble) -> SortedSetValue {
    let words = try Listpack.words(try reader.string(content))
    guard words.count % 2 == 0 else { throw .badFormat }
    let set = SortedSetValue()
    for index in stride(from: 0, to: words.count, by: 2) {
      let text = words[index + 1]
      guard let score = FloatText.parseDouble(text.span) else { throw .badFormat }
      try add(words[index], score, to: set)
    }
    return set
  }

  private static func quicklist(
    _ content: Span<UInt8>, _ reader: inout DumpReader, _ longest: Int
  ) throws(DumpedString.Trouble) -> ListValue {
    let list = ListValue()
    for _ in 0..<(try reader.length(content)) {
      switch try reader.length(content) {
      case 1: list.push(try reader.string(content), atHead: false)
      case 2:
        for word in try Listpack.words(try reader.string(content)) { list.push(word, atHead: false) }
      default: throw .badFormat
      }
      guard list.cost <= longest else { throw .tooLong }
    }
    return list
  }
}
