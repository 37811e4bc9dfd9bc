import NIOCore

/// Commands that a fence keeps from going on, in the order in which they came.
struct HeldCommands {
  struct Item {
    let sink: ReplySink
    let slot: UInt32
    let length: Int
  }

  private(set) var items: [Item] = []
  private var bytes = ByteBuffer()
  private var manyKeys = 0

  var count: Int { items.count }
  var byteCount: Int { bytes.readableBytes }

  /// A command over many keys waits for some of them; what comes behind it must not overtake it on the others.
  var isOpenForSingleKeys: Bool { manyKeys == 0 }

  mutating func append(_ frame: Span<UInt8>, sink: ReplySink, slot: UInt32, keys: Int) {
    bytes.append(frame)
    items.append(Item(sink: sink, slot: slot, length: frame.count))
    if keys > 1 { manyKeys += 1 }
  }

  /// Hands out everything and is empty again.
  mutating func takeAll() -> (items: [Item], bytes: ByteBuffer) {
    defer { self = HeldCommands() }
    return (items, bytes)
  }
}
