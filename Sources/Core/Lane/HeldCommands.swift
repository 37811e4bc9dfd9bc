import SluiceFigures

/// Commands that something keeps from going on, in the order in which they came.
struct HeldCommands {
  struct Item {
    let sink: ReplySink
    let slot: UInt32
    let length: Int
    let since: UInt64
    /// Since when its client waits: it may have been held before.
    let from: UInt64
  }

  private(set) var items: [Item] = []
  private var bytes = Bytes()
  private var manyKeys = 0

  var count: Int { items.count }
  var byteCount: Int { bytes.count }

  /// A command over many keys waits for some of them; what comes behind it must not overtake it on the others.
  var isOpenForSingleKeys: Bool { manyKeys == 0 }

  /// - Parameter from: since when its client waits; 0 is now.
  mutating func append(
    _ frame: Span<UInt8>, sink: ReplySink, slot: UInt32, keys: Int, at now: UInt64, from: UInt64
  ) {
    bytes.append(frame)
    items.append(Item(sink: sink, slot: slot, length: frame.count, since: now, from: from == 0 ? now : from))
    if keys > 1 { manyKeys += 1 }
  }

  /// What was held elsewhere waits here from now on, behind what does so already.
  mutating func append(_ others: consuming HeldCommands) {
    manyKeys += others.manyKeys
    let all = others.all()
    items += all.items
    bytes.append(all.bytes.span)
  }

  /// Hands out everything and is empty again.
  mutating func take() -> HeldCommands {
    defer { self = HeldCommands() }
    return self
  }

  fileprivate consuming func all() -> (items: [Item], bytes: Bytes) { (items, bytes) }
}

extension Lane {
  /// Commands that were held go on, in their order.
  func goOn(with commands: consuming HeldCommands, heldFor reason: HoldFigures.Reason) {
    let (items, all) = commands.all()
    var bytes = all
    for item in items {
      let frame = bytes.take(item.length)
      figures.holds.record(reason, nanoseconds: now &- item.since)
      waitingSince = item.from
      receive(frame.span, sink: item.sink, slot: item.slot)
    }
    waitingSince = 0
  }
}
