import SluiceKeyIndexing

/// The L1 layer: the entries that were used last, near the reader; on the wire path and in the typed caches
/// alike.
///
/// A value type without a lock: whoever owns it guards it (an event loop, a `Mutex`). Keys are bytes; the
/// value is what its owner serves from memory: the bytes of a reply, a decoded value. Every operation on one
/// key is O(1).
///
/// Times are nanoseconds of one clock of the owner's choice, which passes `now`: one that goes on while the
/// machine sleeps (`ContinuousClock`, `CLOCK_BOOTTIME`), or an entry could outlive the Redis entry that it
/// was read from.
///
/// ```
///   key ── hash ──▶ index ──▶ slots[i] ── key, value, expiresAt
///                                │ newer / older: the order of use
///                                └ older: the list of free slots, when free
/// ```
public struct L1Store<Value: Sendable>: Sendable {
  /// The most entries; 0 keeps nothing.
  public let maxEntries: Int
  /// The most bytes, as ``usedBytes`` counts them; 0 keeps nothing.
  public let maxBytes: Int
  /// The entries that are held, those that have expired and were not asked for since included.
  public var count: Int { keyIndex.count }
  /// The cost of all entries: their keys, what their owner said that their values take, and ``entryOverhead``
  /// each.
  public private(set) var usedBytes = 0
  /// Entries that went because a newer one needed the room.
  public private(set) var evictions: UInt64 = 0
  /// Entries that were found expired and went.
  public private(set) var expirations: UInt64 = 0

  private var slots: [Slot] = []
  private var keyIndex = KeyIndex()
  private var firstFree: Int32 = -1
  private var newest: Int32 = -1
  private var oldest: Int32 = -1

  /// What an entry costs beyond its key and value, in bytes: its slot, its share of the index, the key's
  /// header.
  public static var entryOverhead: Int { 128 }

  struct Slot {
    var key: [UInt8]
    /// Nil marks a slot that is free.
    var value: Value?
    var cost: Int
    /// `UInt64.max` is never.
    var expiresAt: UInt64
    var hash: UInt32
    var newer: Int32
    var older: Int32

    func hasKey(_ other: Span<UInt8>) -> Bool { key.span.holdsSameBytes(as: other) }

    func isChosen(_ choice: (Span<UInt8>) -> Bool) -> Bool { value != nil && choice(key.span) }
  }

  /// An empty store. Bounds below zero count as zero; no more than 2^30 entries are kept.
  public init(maxEntries: Int, maxBytes: Int = .max) {
    self.maxEntries = min(max(0, maxEntries), 1 << 30)
    self.maxBytes = max(0, maxBytes)
  }

  // MARK: Reading

  /// The value under `key`, which becomes the one used last; nil if it is absent or has expired by `now`.
  public mutating func value(for key: Span<UInt8>, now: UInt64) -> Value? {
    guard let index = live(key, now: now) else { return nil }
    touch(index)
    return slots[index].value
  }

  /// Whether `key` is there and has not expired by `now`. The order of use stays.
  public mutating func contains(_ key: Span<UInt8>, now: UInt64) -> Bool {
    live(key, now: now) != nil
  }

  /// When the entry under `key` ends; nil if it is absent or has expired by `now`, `UInt64.max` if it never
  /// ends.
  public mutating func expiry(of key: Span<UInt8>, now: UInt64) -> UInt64? {
    live(key, now: now).map { slots[$0].expiresAt }
  }

  // MARK: Writing

  /// Puts `value` under `key`, as the one used last. The ones used longest ago go if the bounds ask for it,
  /// but never for a key that was there already and did not grow.
  ///
  /// - Parameters:
  ///   - cost: the bytes that the value takes; an entry too large for the store removes what was under the
  ///     key.
  ///   - expiresAt: the entry is not served at this moment nor later; `UInt64.max` is never.
  /// - Returns: whether the entry is kept.
  @discardableResult
  public mutating func set(
    _ key: Span<UInt8>, to value: Value, cost: Int, expiresAt: UInt64, now: UInt64
  ) -> Bool {
    let (sum, overflow) = max(0, cost).addingReportingOverflow(key.count + Self.entryOverhead)
    guard expiresAt > now, maxEntries > 0, !overflow, sum <= maxBytes else {
      remove(key)
      return false
    }
    let hash = KeyIndex.hash(key)
    if let index = find(key, hash: hash) {
      usedBytes += sum - slots[index].cost
      slots[index].value = value
      slots[index].cost = sum
      slots[index].expiresAt = expiresAt
      touch(index)
    } else {
      insert(
        Slot(
          key: Array(copying: key), value: value, cost: sum, expiresAt: expiresAt, hash: hash, newer: -1,
          older: -1))
    }
    // The entry just written is the newest and fits by itself, so it stays.
    while count > maxEntries || usedBytes > maxBytes, oldest >= 0, oldest != newest {
      remove(at: Int(oldest))
      evictions &+= 1
    }
    return true
  }

  /// Removes `key`. Returns whether it was there, expired or not.
  @discardableResult
  public mutating func remove(_ key: Span<UInt8>) -> Bool {
    guard let index = find(key, hash: KeyIndex.hash(key)) else { return false }
    remove(at: index)
    return true
  }

  /// Removes every entry whose key is chosen. Returns how many went.
  ///
  /// O(entries): for an invalidation by pattern.
  @discardableResult
  public mutating func removeAll(where isChosen: (Span<UInt8>) -> Bool) -> Int {
    var removed = 0
    for index in slots.indices where slots[index].isChosen(isChosen) {
      remove(at: index)
      removed += 1
    }
    return removed
  }

  /// Removes what has expired by `now`. Returns how many went. O(entries).
  @discardableResult
  public mutating func removeExpired(now: UInt64) -> Int {
    var removed = 0
    for index in slots.indices where slots[index].value != nil && slots[index].expiresAt <= now {
      remove(at: index)
      removed += 1
    }
    expirations &+= UInt64(removed)
    return removed
  }

  /// Removes everything and gives the memory back; the counters of evictions and expirations stay.
  public mutating func removeAll() {
    slots = []
    keyIndex = KeyIndex()
    (firstFree, newest, oldest) = (-1, -1, -1)
    usedBytes = 0
  }

  /// Every key, those that have expired included, in no order.
  public var keys: [[UInt8]] {
    slots.compactMap { $0.value == nil ? nil : $0.key }
  }

  // MARK: Slots

  private func find(_ key: Span<UInt8>, hash: UInt32) -> Int? {
    keyIndex.slot(hash: hash) { slots[$0].hasKey(key) }
  }

  private mutating func live(_ key: Span<UInt8>, now: UInt64) -> Int? {
    guard let index = find(key, hash: KeyIndex.hash(key)) else { return nil }
    guard slots[index].expiresAt > now else {
      remove(at: index)
      expirations &+= 1
      return nil
    }
    return index
  }

  private mutating func insert(_ slot: Slot) {
    let index: Int
    if firstFree >= 0 {
      index = Int(firstFree)
      firstFree = slots[index].older
      slots[index] = slot
    } else {
      index = slots.count
      slots.append(slot)
    }
    usedBytes += slot.cost
    keyIndex.insert(hash: slot.hash, slot: index)
    linkNewest(index)
  }

  private mutating func remove(at index: Int) {
    keyIndex.remove(hash: slots[index].hash, slot: index)
    unlink(index)
    usedBytes -= slots[index].cost
    slots[index] = Slot(
      key: [], value: nil, cost: 0, expiresAt: 0, hash: 0, newer: -1, older: firstFree)
    firstFree = Int32(truncatingIfNeeded: index)
  }

  private mutating func touch(_ index: Int) {
    if Int(newest) == index { return }
    unlink(index)
    linkNewest(index)
  }

  private mutating func linkNewest(_ index: Int) {
    let link = Int32(truncatingIfNeeded: index)
    slots[index].newer = -1
    slots[index].older = newest
    if newest >= 0 { slots[Int(newest)].newer = link } else { oldest = link }
    newest = link
  }

  private mutating func unlink(_ index: Int) {
    let newer = slots[index].newer
    let older = slots[index].older
    if newer >= 0 { slots[Int(newer)].older = older } else { newest = older }
    if older >= 0 { slots[Int(older)].newer = newer } else { oldest = newer }
  }
}
