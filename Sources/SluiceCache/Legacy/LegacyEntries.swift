/// The entries of the legacy cache in memory, as they behave: a list of keys, oldest use first, and a room
/// that is made before it is known whether it is needed.
struct LegacyEntries {
  private struct Entry {
    var value: CacheValue
    /// Nil is never.
    let expiresAt: Int64?
  }

  let defaultTTL: Duration
  let maxSize: Int
  /// As bytes: Swift takes two texts that look alike for one, and a cache does not.
  private var entries: [[UInt8]: Entry] = [:]
  private var order: [[UInt8]] = []

  init(defaultTTL: Duration, maxSize: Int) {
    self.defaultTTL = defaultTTL
    self.maxSize = maxSize
  }

  /// All keys, in the order of their use.
  var keys: [String] { order.map { String(decoding: $0, as: UTF8.self) } }

  /// Stores a value.
  ///
  /// A time to live of zero or less is an entry that has expired already. At capacity the entry used longest
  /// ago goes, also where the key is there and needs no room: it may be the key itself.
  mutating func set(_ key: String, _ value: CacheValue, ttl: Duration?, now: Int64) {
    let key = Array(key.utf8)
    purge(now)
    while entries.count >= maxSize {
      guard let oldest = order.first else { return }
      remove(oldest)
    }
    let life = ttl ?? (defaultTTL > .zero ? defaultTTL : nil)
    entries[key] = Entry(value: value, expiresAt: life.map { Self.sum(now, $0) })
    touch(key)
  }

  /// The value; nil on a miss, and for a null that is there.
  mutating func value(for key: String, now: Int64) -> CacheValue? {
    let key = Array(key.utf8)
    purge(now)
    guard let entry = entries[key] else { return nil }
    touch(key)
    guard entry.value != .null else { return nil }
    return entry.value
  }

  /// Changes a value where it lies: readers of the original share one object.
  mutating func change(_ key: String, _ change: (inout CacheValue) -> Void) {
    let key = Array(key.utf8)
    guard var entry = entries[key] else { return }
    change(&entry.value)
    entries[key] = entry
  }

  /// Whether the key is there; its use is not noted.
  mutating func contains(_ key: String, now: Int64) -> Bool {
    let key = Array(key.utf8)
    guard let entry = entries[key] else { return false }
    guard !Self.isOver(entry, now) else {
      remove(key)
      return false
    }
    return true
  }

  /// Whole seconds that are left; nil if the key is absent or never expires.
  mutating func secondsLeft(_ key: String, now: Int64) -> Int? {
    guard contains(key, now: now), let end = entries[Array(key.utf8)]?.expiresAt else { return nil }
    return Int(max(0, end - now) / 1_000_000_000)
  }

  @discardableResult
  mutating func remove(_ key: String) -> Bool { remove(Array(key.utf8)) }

  @discardableResult
  private mutating func remove(_ key: [UInt8]) -> Bool {
    guard entries.removeValue(forKey: key) != nil else { return false }
    if let index = order.firstIndex(of: key) { order.remove(at: index) }
    return true
  }

  /// Removes the keys that a rule names, and returns them.
  mutating func removeAll(where matches: (String) -> Bool) -> [[UInt8]] {
    let found = order.filter { matches(String(decoding: $0, as: UTF8.self)) }
    for key in found { entries[key] = nil }
    order = order.filter { entries[$0] != nil }
    return found
  }

  private mutating func purge(_ now: Int64) {
    for (key, entry) in entries where Self.isOver(entry, now) { remove(key) }
  }

  private mutating func touch(_ key: [UInt8]) {
    if let index = order.firstIndex(of: key) { order.remove(at: index) }
    order.append(key)
  }

  private static func isOver(_ entry: Entry, _ now: Int64) -> Bool {
    entry.expiresAt.map { now > $0 } ?? false
  }

  /// Nanoseconds of the clock; lives beyond its end are cut.
  private static func sum(_ now: Int64, _ life: Duration) -> Int64 {
    let century: Duration = .seconds(3_153_600_000)
    let (seconds, attoseconds) = max(.zero - century, min(life, century)).components
    return now &+ seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
  }
}
