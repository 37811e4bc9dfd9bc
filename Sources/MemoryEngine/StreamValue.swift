/// A stream: entries in the order of their IDs, and the groups that read it. It stays when it is empty.
final class StreamValue: Collection {
  /// What an entry costs beyond its fields, and what each of those costs beyond its bytes.
  static let entryCost = 64
  static let fieldCost = 48

  struct Entry {
    let id: StreamID
    let fields: [[UInt8]]

    var cost: Int { fields.reduce(StreamValue.entryCost) { $0 + $1.count + StreamValue.fieldCost } }
  }

  private(set) var entries = ChunkedArray<Entry>()
  var lastID = StreamID.least
  var greatestRemoved = StreamID.least
  var added: UInt64 = 0
  private(set) var groups: [[UInt8]: StreamGroup] = [:]

  override var kind: Kind { .stream }
  override var encoding: StaticString { "stream" }
  override var isEmpty: Bool { false }
  var count: Int { entries.count }

  override init() {
    super.init()
    cost = StreamValue.entryCost
  }

  override func copied() -> Collection {
    let copy = StreamValue()
    copy.entries = entries
    copy.lastID = lastID
    copy.greatestRemoved = greatestRemoved
    copy.added = added
    copy.groups = groups.mapValues { $0.copied() }
    copy.cost = cost
    return copy
  }

  /// The ID is greater than the last one.
  func append(_ id: StreamID, _ fields: [[UInt8]]) {
    let entry = Entry(id: id, fields: fields)
    entries.append(entry)
    cost += entry.cost
    lastID = id
    added &+= 1
  }

  /// The number of the first entry at or behind an ID.
  func number(_ id: StreamID) -> Int { entries.number(entries.partition { $0.id < id }) }

  func entry(_ id: StreamID) -> Entry? {
    guard let entry = entries.element(entries.partition { $0.id < id }), entry.id == id else { return nil }
    return entry
  }

  /// At most `limit` entries from `start` to `end`; zero is no limit.
  func range(_ start: StreamID, _ end: StreamID, limit: Int, backwards: Bool = false) -> [Entry] {
    guard start <= end else { return [] }
    var found: [Entry] = []
    let first = backwards ? (end.next.map { number($0) } ?? count) - 1 : number(start)
    entries.walk(from: first, backwards: backwards) {
      guard backwards ? $0.id >= start : $0.id <= end else { return false }
      found.append($0)
      return limit == 0 || found.count < limit
    }
    return found
  }

  func remove(_ id: StreamID) -> Bool {
    let place = entries.partition { $0.id < id }
    guard let entry = entries.element(place), entry.id == id else { return false }
    entries.remove(at: place)
    cost -= entry.cost
    greatestRemoved = max(greatestRemoved, id)
    return true
  }

  /// Removes so many of the oldest. Redis does not count what is trimmed as deleted.
  func removeFirst(_ number: Int) {
    guard number > 0 else { return }
    var left = number
    entries.walk(from: 0) {
      cost -= $0.cost
      left -= 1
      return left > 0
    }
    entries.remove(0..<number)
  }

  // MARK: Groups

  func add(_ group: StreamGroup) {
    groups[group.name] = group
    cost += group.name.count + StreamGroup.cost
  }

  func removeGroup(_ name: [UInt8]) -> Bool {
    guard let group = groups.removeValue(forKey: name) else { return false }
    cost -= group.name.count + StreamGroup.cost
    for consumer in group.consumers.values { forget(consumer, of: group) }
    return true
  }

  /// The consumer with a name, a new one if there is none.
  func consumer(_ name: [UInt8], in group: StreamGroup, now: Int64) -> StreamConsumer {
    if let consumer = group.consumers[name] {
      consumer.seenAt = now
      return consumer
    }
    let consumer = StreamConsumer(name: name, seenAt: now)
    group.consumers[name] = consumer
    cost += name.count + StreamGroup.cost
    return consumer
  }

  func forget(_ consumer: StreamConsumer, of group: StreamGroup) {
    cost -= consumer.name.count + StreamGroup.cost
    var owned: [StreamID] = []
    consumer.pending.walk { owned.append($0.id) }
    for id in owned { acknowledge(id, in: group) }
    group.consumers[consumer.name] = nil
  }

  func deliver(_ id: StreamID, to consumer: StreamConsumer, of group: StreamGroup, now: Int64) {
    if let pending = group.pending(id) {
      group.give(pending, to: consumer)
      pending.deliveredAt = now
      pending.deliveries = 1
      return
    }
    group.add(StreamPending(id: id, owner: consumer, deliveredAt: now))
    cost += StreamPending.cost
  }

  @discardableResult
  func acknowledge(_ id: StreamID, in group: StreamGroup) -> Bool {
    guard group.remove(id) else { return false }
    cost -= StreamPending.cost
    return true
  }
}
