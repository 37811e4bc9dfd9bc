/// A group of consumers: how far it has read, and what was delivered and not acknowledged.
final class StreamGroup {
  /// A group or a consumer, beyond its name.
  static let cost = 160

  let name: [UInt8]
  var lastID: StreamID
  /// How many entries it has read; nil is not known.
  var entriesRead: Int64?
  private(set) var pending = ChunkedArray<StreamPending>()
  var consumers: [[UInt8]: StreamConsumer] = [:]

  init(name: [UInt8], lastID: StreamID, entriesRead: Int64?) {
    self.name = name
    self.lastID = lastID
    self.entriesRead = entriesRead
  }

  func copied() -> StreamGroup {
    let copy = StreamGroup(name: name, lastID: lastID, entriesRead: entriesRead)
    for (name, consumer) in consumers {
      copy.consumers[name] = StreamConsumer(name: name, seenAt: consumer.seenAt)
    }
    pending.walk {
      guard let owner = copy.consumers[$0.owner.name] else { return }
      let pending = StreamPending(id: $0.id, owner: owner, deliveredAt: $0.deliveredAt)
      pending.deliveries = $0.deliveries
      copy.add(pending)
    }
    return copy
  }

  /// In Redis' order, which is that of the names.
  var sortedConsumers: [StreamConsumer] {
    consumers.values.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  func pending(_ id: StreamID) -> StreamPending? {
    guard let found = pending.element(pending.partition { $0.id < id }), found.id == id else { return nil }
    return found
  }

  /// There is none with this ID.
  func add(_ one: StreamPending) {
    pending.insert(one, at: pending.partition { $0.id < one.id })
    one.owner.add(one)
  }

  func remove(_ id: StreamID) -> Bool {
    let place = pending.partition { $0.id < id }
    guard let found = pending.element(place), found.id == id else { return false }
    pending.remove(at: place)
    found.owner.remove(id)
    return true
  }

  func give(_ one: StreamPending, to consumer: StreamConsumer) {
    guard one.owner !== consumer else { return }
    one.owner.remove(one.id)
    one.owner = consumer
    consumer.add(one)
  }
}

final class StreamConsumer {
  let name: [UInt8]
  /// Milliseconds since 1970.
  var seenAt: Int64
  private(set) var pending = ChunkedArray<StreamPending>()

  init(name: [UInt8], seenAt: Int64) {
    self.name = name
    self.seenAt = seenAt
  }

  func add(_ one: StreamPending) { pending.insert(one, at: pending.partition { $0.id < one.id }) }

  func remove(_ id: StreamID) {
    let place = pending.partition { $0.id < id }
    if let found = pending.element(place), found.id == id { pending.remove(at: place) }
  }
}

/// An entry that was delivered and not acknowledged.
final class StreamPending {
  static let cost = 96

  let id: StreamID
  var owner: StreamConsumer
  /// Milliseconds since 1970.
  var deliveredAt: Int64
  var deliveries: Int64 = 1

  init(id: StreamID, owner: StreamConsumer, deliveredAt: Int64) {
    self.id = id
    self.owner = owner
    self.deliveredAt = deliveredAt
  }
}
