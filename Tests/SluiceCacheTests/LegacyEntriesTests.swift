import Testing

@testable import SluiceCache

@Suite("The habits of the legacy cache in memory")
struct LegacyEntriesTests {
  private static let second: Int64 = 1_000_000_000

  /// The entries by reference: `#expect` calls nothing that mutates.
  private final class Shelf {
    private var entries: LegacyEntries
    var keys: [String] { entries.keys }

    init(ttl: Int = 3600, size: Int = 3) {
      entries = LegacyEntries(defaultTTL: .seconds(ttl), maxSize: size)
    }

    func set(_ key: String, _ value: CacheValue, ttl: Duration?, now: Int64) {
      entries.set(key, value, ttl: ttl, now: now)
    }
    func value(for key: String, now: Int64) -> CacheValue? { entries.value(for: key, now: now) }
    func contains(_ key: String, now: Int64) -> Bool { entries.contains(key, now: now) }
    func secondsLeft(_ key: String, now: Int64) -> Int? { entries.secondsLeft(key, now: now) }
  }

  @Test("an update at capacity costs the entry used longest ago")
  func updateEvicts() {
    let entries = Shelf()
    for key in ["a", "b", "c"] { entries.set(key, 1, ttl: nil, now: 0) }
    entries.set("c", 2, ttl: nil, now: 0)
    #expect(entries.keys == ["b", "c"])
    #expect(entries.value(for: "c", now: 0) == 2)
  }

  @Test("new: an update at capacity costs nothing")
  func updateOfNew() async {
    let new = MemoryCache(maxEntries: 3)
    for key in ["a", "b", "c", "c"] { await new.set(key, to: 1) }
    #expect(new.keys.sorted() == ["a", "b", "c"])
  }

  @Test("the entry used longest ago may be the one that is updated")
  func updateEvictsItself() {
    let entries = Shelf()
    for key in ["a", "b", "c"] { entries.set(key, 1, ttl: nil, now: 0) }
    entries.set("a", 2, ttl: nil, now: 0)
    #expect(entries.keys == ["b", "c", "a"])
  }

  @Test("a read is a use, asking whether a key is there is none")
  func use() {
    let entries = Shelf()
    for key in ["a", "b", "c"] { entries.set(key, 1, ttl: nil, now: 0) }
    #expect(entries.value(for: "a", now: 0) == 1)
    #expect(entries.contains("b", now: 0))
    #expect(entries.keys == ["b", "c", "a"])
  }

  @Test("keys that look alike and differ in their bytes are two keys")
  func lookAlikes() {
    let entries = Shelf()
    entries.set("\u{E9}", 1, ttl: nil, now: 0)
    #expect(entries.value(for: "e\u{301}", now: 0) == nil)
    entries.set("e\u{301}", 2, ttl: nil, now: 0)
    #expect(entries.value(for: "\u{E9}", now: 0) == 1)
    #expect(entries.keys.count == 2)
  }

  @Test("a null is a miss that is there")
  func null() {
    let entries = Shelf()
    entries.set("k", .null, ttl: nil, now: 0)
    #expect(entries.value(for: "k", now: 0) == Optional<CacheValue>.none)
    #expect(entries.contains("k", now: 0))
  }

  static let lives: [(ttl: Duration?, standard: Int, lastAt: Int64?)] = [
    (nil, 10, 10 * second), (nil, 0, nil), (nil, -1, nil), (.seconds(5), 10, 5 * second),
    (.zero, 10, 0), (.seconds(-5), 10, -5 * second), (.seconds(5), 0, 5 * second),
    (.milliseconds(1500), 10, 1_500_000_000),
  ]

  @Test("how long an entry lives: the last moment at which it is there", arguments: lives)
  func life(ttl: Duration?, standard: Int, lastAt: Int64?) {
    let entries = Shelf(ttl: standard)
    entries.set("k", 1, ttl: ttl, now: 0)
    guard let lastAt else {
      #expect(entries.value(for: "k", now: .max) == 1)
      #expect(entries.secondsLeft("k", now: 0) == nil)
      return
    }
    #expect(entries.value(for: "k", now: lastAt) == 1)
    #expect(entries.value(for: "k", now: lastAt + 1) == nil)
  }

  @Test("seconds that are left are cut off")
  func left() {
    let entries = Shelf(ttl: 10)
    entries.set("k", 1, ttl: nil, now: 0)
    #expect(entries.secondsLeft("k", now: 1) == 9)
    #expect(entries.secondsLeft("k", now: 10 * Self.second) == 0)
    #expect(entries.secondsLeft("k", now: 10 * Self.second + 1) == nil)
    #expect(entries.secondsLeft("other", now: 0) == nil)
  }

  @Test("no room is no entry, and lives without end do not overflow")
  func extremes() {
    let none = Shelf(size: 0)
    none.set("k", 1, ttl: nil, now: 0)
    #expect(none.keys == [])
    let long = Shelf()
    long.set("k", 1, ttl: .seconds(Int64.max), now: 0)
    #expect(long.value(for: "k", now: 1) == 1)
    long.set("k", 1, ttl: .seconds(Int64.min), now: 0)
    #expect(long.value(for: "k", now: 1) == nil)
  }
}
