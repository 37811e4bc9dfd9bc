import SluiceKeyIndexing
import SluiceRESP

/// The entries of the memory engine: a slab of slots, a hash index over it and an exact LRU list through it.
///
/// A slot never moves while its key lives. That makes the slab order a stable order for `SCAN`: neither
/// growth of the index nor other keys coming and going can hide a key from a scan or return it twice.
///
/// ```
///   key ── hash ──▶ index ──▶ slots[i] ── bytes (key ‖ value)
///                                │ newer / older: the LRU list
///                                └ older: the list of free slots, when free
/// ```
struct Store {
  /// What an entry costs beyond its key and value: the slot (48), its share of the index at 3/8 to 3/4 load
  /// and of spare slots (about 40), the header of its bytes (32) and the allocator's rounding (about 16).
  static let entryOverhead = 128

  let maxBytes: Int
  let maxEntries: Int

  var slots: [Slot] = []
  private var keyIndex = KeyIndex()
  var firstFree: Int32 = -1
  var newest: Int32 = -1
  var oldest: Int32 = -1

  var count: Int { keyIndex.count }
  /// The entries that carry an expiry.
  var volatileCount = 0
  /// The cost of all entries, in bytes: keys, values and `entryOverhead` each.
  private(set) var usedBytes = 0
  private(set) var peakBytes = 0
  var evictedKeys: UInt64 = 0
  var expiredKeys: UInt64 = 0
  /// Where the active sweep goes on.
  var sweepHand = 0

  init(maxBytes: Int, maxEntries: Int) {
    self.maxBytes = maxBytes
    self.maxEntries = maxEntries
  }

  /// Whether an entry of these lengths can be kept at all.
  func fits(keyCount: Int, valueCount: Int) -> Bool {
    // Both come from a frame or from a checked string length, so the sum is far from overflow.
    keyCount + valueCount + Store.entryOverhead <= maxBytes
  }

  /// The slot of a key, expired or not.
  func find(_ key: Span<UInt8>, hash: UInt32) -> Int? {
    keyIndex.slot(hash: hash) { slots[$0].hasKey(key) }
  }

  // MARK: Writing

  /// Adds a key that is not there. The entry becomes the newest; the oldest ones go if the bounds ask for it.
  /// The caller has asked `fits`.
  mutating func insert(
    _ key: Span<UInt8>, hash: UInt32, value: Span<UInt8>, expiresAt: Int64, encoding: Slot.Encoding,
    seconds: UInt32
  ) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(key.count + value.count)
    bytes.append(contentsOf: key)
    bytes.append(contentsOf: value)
    insert(
      bytes: bytes, keyCount: key.count, hash: hash, expiresAt: expiresAt, encoding: encoding,
      seconds: seconds)
  }

  mutating func insert(
    bytes: consuming [UInt8], keyCount: Int, hash: UInt32, expiresAt: Int64, encoding: Slot.Encoding,
    collection: Collection? = nil, seconds: UInt32
  ) {
    collection?.counted = collection?.cost ?? 0
    usedBytes += bytes.count + (collection?.counted ?? 0) + Store.entryOverhead
    let fresh = Slot(
      bytes: bytes, expiresAt: expiresAt, keyLength: Int32(truncatingIfNeeded: keyCount), hash: hash,
      newer: -1, older: -1, usedAt: seconds, encoding: encoding, collection: collection)
    let index: Int
    if firstFree >= 0 {
      index = Int(firstFree)
      firstFree = slots[index].older
      slots[index] = fresh
    } else {
      index = slots.count
      slots.append(fresh)
    }
    if expiresAt >= 0 { volatileCount += 1 }
    keyIndex.insert(hash: hash, slot: index)
    linkNewest(index)
    makeRoom()
  }

  /// Replaces the value of a slot, in place where its allocation is of a fitting size. The caller has asked
  /// `fits`.
  mutating func replaceValue(_ index: Int, with value: Span<UInt8>, encoding: Slot.Encoding) {
    if let collection = slots[index].collection {
      usedBytes -= collection.counted
      slots[index].collection = nil
    }
    let start = slots[index].valueStart
    let old = slots[index].bytes.count
    let total = start + value.count
    let capacity = slots[index].bytes.capacity
    slots[index].encoding = encoding
    if total == old {
      slots[index].bytes.overwrite(from: start, with: value)
    } else if total <= capacity, capacity <= 2 * total {
      slots[index].bytes.removeLast(old - start)
      slots[index].bytes.append(contentsOf: value)
    } else {
      var fresh: [UInt8] = []
      fresh.reserveCapacity(total)
      slots[index].withKey { fresh.append(contentsOf: $0) }
      fresh.append(contentsOf: value)
      slots[index].bytes = fresh
    }
    resized(from: old, to: total)
  }

  /// Appends to the value of a slot. Spare room is a quarter, so that many small appends stay linear.
  /// The caller has asked `fits`.
  mutating func appendValue(_ index: Int, _ tail: Span<UInt8>) {
    let old = slots[index].bytes.count
    let total = old + tail.count
    if slots[index].bytes.capacity < total { slots[index].bytes.reserveCapacity(total + total / 4) }
    slots[index].bytes.append(contentsOf: tail)
    slots[index].encoding = .raw
    resized(from: old, to: total)
  }

  /// Writes into the value of a slot at an offset, with zero bytes before it where it was shorter.
  /// The caller has asked `fits`.
  mutating func overwriteValue(_ index: Int, at offset: Int, with part: Span<UInt8>) {
    let old = slots[index].bytes.count
    let start = slots[index].valueStart + offset
    let total = max(old, start + part.count)
    if total > old {
      if slots[index].bytes.capacity < total { slots[index].bytes.reserveCapacity(total) }
      slots[index].bytes.append(contentsOf: repeatElement(0, count: total - old))
    }
    slots[index].bytes.overwrite(from: start, with: part)
    slots[index].encoding = .raw
    resized(from: old, to: total)
  }

  mutating func insert(
    _ key: Span<UInt8>, hash: UInt32, collection: Collection, expiresAt: Int64, seconds: UInt32
  ) {
    insert(
      bytes: [UInt8](key), keyCount: key.count, hash: hash, expiresAt: expiresAt, encoding: .stored,
      collection: collection, seconds: seconds)
  }

  /// Counts what a collection has become. The caller has asked `fits` if it grew.
  mutating func recount(_ index: Int) {
    guard let collection = slots[index].collection else { return }
    let old = collection.counted
    collection.counted = collection.cost
    resized(from: old, to: collection.cost)
  }

  mutating func setExpiry(_ index: Int, at expiresAt: Int64) {
    if slots[index].expiresAt >= 0 { volatileCount -= 1 }
    if expiresAt >= 0 { volatileCount += 1 }
    slots[index].expiresAt = expiresAt
  }

  mutating func remove(_ index: Int) {
    keyIndex.remove(hash: slots[index].hash, slot: index)
    unlink(index)
    usedBytes -= slots[index].weight + Store.entryOverhead
    // A free slot must look unexpired to the sweep.
    setExpiry(index, at: Slot.noExpiry)
    slots[index].bytes = []
    slots[index].collection = nil
    slots[index].keyLength = -1
    slots[index].older = firstFree
    firstFree = Int32(truncatingIfNeeded: index)
  }

  /// Forgets everything and gives the memory back. Counters stay.
  mutating func removeAll() {
    slots = []
    keyIndex = KeyIndex()
    firstFree = -1
    newest = -1
    oldest = -1
    volatileCount = 0
    usedBytes = 0
    sweepHand = 0
  }

  // MARK: Bounds

  private mutating func resized(from old: Int, to new: Int) {
    usedBytes += new - old
    if new > old { makeRoom() }
  }

  /// Evicts from the old end. The entry just written is the newest and fits by itself, so it stays.
  private mutating func makeRoom() {
    while usedBytes > maxBytes || count > maxEntries {
      guard oldest >= 0, oldest != newest else { break }
      remove(Int(oldest))
      evictedKeys &+= 1
    }
    if usedBytes > peakBytes { peakBytes = usedBytes }
  }
}
