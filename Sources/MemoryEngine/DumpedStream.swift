import SluiceRESP

/// The form in which the engine dumps a stream: its own, for the engine alone.
///
/// `length, (ID, fields, field...)..., last ID, greatest removed ID, added, groups, (name, ID, read,
/// consumers, (name, seen)..., pending, (ID, owner's number, delivered, deliveries)...)...`; numbers are
/// eight bytes, low first.
enum DumpedStream {
  static func append(_ stream: StreamValue, to payload: inout [UInt8]) {
    DumpedString.append(length: stream.count, to: &payload)
    stream.entries.walk { entry in
      append(entry.id, to: &payload)
      DumpedString.append(length: entry.fields.count, to: &payload)
      for field in entry.fields { DumpedString.append(field.span, to: &payload) }
    }
    append(stream.lastID, to: &payload)
    append(stream.greatestRemoved, to: &payload)
    append(stream.added, to: &payload)
    let groups = stream.groups.values.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    DumpedString.append(length: groups.count, to: &payload)
    for group in groups { append(group, to: &payload) }
  }

  private static func append(_ group: StreamGroup, to payload: inout [UInt8]) {
    let name = group.name
    DumpedString.append(name.span, to: &payload)
    append(group.lastID, to: &payload)
    append(UInt64(bitPattern: group.entriesRead ?? -1), to: &payload)
    let consumers = group.sortedConsumers
    var numbers: [[UInt8]: Int] = [:]
    DumpedString.append(length: consumers.count, to: &payload)
    for (number, consumer) in consumers.enumerated() {
      numbers[consumer.name] = number
      let name = consumer.name
      DumpedString.append(name.span, to: &payload)
      append(UInt64(bitPattern: consumer.seenAt), to: &payload)
    }
    DumpedString.append(length: group.pending.count, to: &payload)
    group.pending.walk {
      append($0.id, to: &payload)
      DumpedString.append(length: numbers[$0.owner.name] ?? 0, to: &payload)
      append(UInt64(bitPattern: $0.deliveredAt), to: &payload)
      append(UInt64(bitPattern: $0.deliveries), to: &payload)
    }
  }

  private static func append(_ number: UInt64, to payload: inout [UInt8]) {
    for shift in 0..<8 { payload.append(UInt8(truncatingIfNeeded: number >> UInt64(8 * shift))) }
  }

  private static func append(_ id: StreamID, to payload: inout [UInt8]) {
    append(id.milliseconds, to: &payload)
    append(id.sequence, to: &payload)
  }

  // MARK: Reading

  static func stream(
    _ content: Span<UInt8>, _ reader: inout DumpReader, _ longest: Int
  ) throws(DumpedString.Trouble) -> StreamValue {
    let stream = StreamValue()
    for _ in 0..<(try reader.length(content)) {
      let id = try id(content, &reader)
      guard id > stream.lastID else { throw .badFormat }
      var fields: [[UInt8]] = []
      var cost = stream.cost
      for _ in 0..<(try reader.length(content)) {
        let field = try reader.string(content)
        cost += field.count + StreamValue.fieldCost
        guard cost <= longest else { throw .tooLong }
        fields.append(field)
      }
      guard !fields.isEmpty, fields.count % 2 == 0 else { throw .badFormat }
      stream.append(id, fields)
      guard stream.cost <= longest else { throw .tooLong }
    }
    let lastID = try id(content, &reader)
    guard lastID >= stream.lastID else { throw .badFormat }
    stream.lastID = lastID
    stream.greatestRemoved = try id(content, &reader)
    let added = try number(content, &reader)
    guard added >= UInt64(stream.count), added <= UInt64(Int64.max) else { throw .badFormat }
    stream.added = added
    for _ in 0..<(try reader.length(content)) {
      try readGroup(of: stream, content, &reader)
      guard stream.cost <= longest else { throw .tooLong }
    }
    return stream
  }

  private static func readGroup(
    of stream: StreamValue, _ content: Span<UInt8>, _ reader: inout DumpReader
  ) throws(DumpedString.Trouble) {
    let name = try reader.string(content)
    let lastID = try id(content, &reader)
    let read = Int64(bitPattern: try number(content, &reader))
    guard read >= -1, stream.groups[name] == nil else { throw .badFormat }
    let group = StreamGroup(name: name, lastID: lastID, entriesRead: read < 0 ? nil : read)
    stream.add(group)
    var consumers: [StreamConsumer] = []
    for _ in 0..<(try reader.length(content)) {
      let name = try reader.string(content)
      guard group.consumers[name] == nil else { throw .badFormat }
      consumers.append(stream.consumer(name, in: group, now: try time(content, &reader)))
    }
    for _ in 0..<(try reader.length(content)) {
      let id = try id(content, &reader)
      let owner = try reader.length(content)
      let deliveredAt = try time(content, &reader)
      let deliveries = try time(content, &reader)
      guard consumers.indices.contains(owner), group.pending(id) == nil else { throw .badFormat }
      stream.deliver(id, to: consumers[owner], of: group, now: deliveredAt)
      group.pending(id)?.deliveries = deliveries
    }
  }

  private static func number(
    _ content: Span<UInt8>, _ reader: inout DumpReader
  ) throws(DumpedString.Trouble) -> UInt64 {
    var value: UInt64 = 0
    for shift in 0..<8 { value |= UInt64(try reader.byte(content)) << UInt64(8 * shift) }
    return value
  }

  /// Zero or more, as what is counted from it must not overflow.
  private static func time(
    _ content: Span<UInt8>, _ reader: inout DumpReader
  ) throws(DumpedString.Trouble) -> Int64 {
    let value = Int64(bitPattern: try number(content, &reader))
    guard value >= 0 else { throw .badFormat }
    return value
  }

  private static func id(
    _ content: Span<UInt8>, _ reader: inout DumpReader
  ) throws(DumpedString.Trouble) -> StreamID {
    StreamID(milliseconds: try number(content, &reader), sequence: try number(content, &reader))
  }
}
