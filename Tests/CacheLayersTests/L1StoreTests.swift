import SluiceCacheLayers
import SluiceLoadGenerator
import Testing

@Suite struct L1StoreTests {
  /// A store with keys as arrays, and by reference: `#expect` cannot look into a span, nor change a variable.
  private final class Store {
    static let entryOverhead = L1Store<[UInt8]>.entryOverhead
    var store: L1Store<[UInt8]>

    init(maxEntries: Int, maxBytes: Int = .max) {
      store = L1Store(maxEntries: maxEntries, maxBytes: maxBytes)
    }

    func value(for key: [UInt8], now: UInt64) -> [UInt8]? { store.value(for: key.span, now: now) }
    func contains(_ key: [UInt8], now: UInt64) -> Bool { store.contains(key.span, now: now) }
    func expiry(of key: [UInt8], now: UInt64) -> UInt64? { store.expiry(of: key.span, now: now) }
    func remove(_ key: [UInt8]) -> Bool { store.remove(key.span) }
    func removeExpired(now: UInt64) -> Int { store.removeExpired(now: now) }

    @discardableResult
    func set(_ key: [UInt8], to value: [UInt8], cost: Int, expiresAt: UInt64, now: UInt64) -> Bool {
      store.set(key.span, to: value, cost: cost, expiresAt: expiresAt, now: now)
    }
  }

  private func key(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test func theOneUsedLongestAgoGoes() {
    let store = Store(maxEntries: 3)
    for name in ["a", "b", "c"] { store.set(key(name), to: [1], cost: 1, expiresAt: .max, now: 0) }
    #expect(store.value(for: key("a"), now: 0) == [1])
    store.set(key("d"), to: [4], cost: 1, expiresAt: .max, now: 0)
    #expect(store.contains(key("a"), now: 0))
    #expect(!store.contains(key("b"), now: 0))
    #expect(store.store.count == 3)
    #expect(store.store.evictions == 1)
  }

  @Test func anUpdateAtCapacityEvictsNobody() {
    let store = Store(maxEntries: 3)
    for name in ["a", "b", "c"] { store.set(key(name), to: [1], cost: 1, expiresAt: .max, now: 0) }
    store.set(key("a"), to: [2], cost: 1, expiresAt: .max, now: 0)
    #expect(store.store.evictions == 0)
    #expect(["a", "b", "c"].allSatisfy { store.contains(key($0), now: 0) })
    #expect(store.value(for: key("a"), now: 0) == [2])
  }

  @Test func anEntryIsNotServedAtItsEndNorLater() {
    let store = Store(maxEntries: 3)
    store.set(key("a"), to: [1], cost: 1, expiresAt: 100, now: 0)
    #expect(store.expiry(of: key("a"), now: 99) == 100)
    #expect(store.value(for: key("a"), now: 99) == [1])
    #expect(store.value(for: key("a"), now: 100) == nil)
    #expect(store.store.count == 0)
    #expect(store.store.expirations == 1)
    // A life that is over before it begins takes away what was there.
    store.set(key("a"), to: [1], cost: 1, expiresAt: .max, now: 200)
    #expect(!store.set(key("a"), to: [2], cost: 1, expiresAt: 200, now: 200))
    #expect(!store.contains(key("a"), now: 200))
  }

  @Test func bytesAreABoundAsWell() {
    let store = Store(maxEntries: 100, maxBytes: 4 * (Store.entryOverhead + 11))
    for name in ["a", "b", "c", "d"] { store.set(key(name), to: [], cost: 10, expiresAt: .max, now: 0) }
    #expect(store.store.usedBytes == store.store.maxBytes)
    #expect(store.store.count == 4)
    store.set(key("e"), to: [], cost: 11, expiresAt: .max, now: 0)
    #expect(store.store.count == 3)
    // An entry that never fits is not kept, and takes away what it would have replaced.
    #expect(!store.set(key("e"), to: [], cost: store.store.maxBytes, expiresAt: .max, now: 0))
    #expect(!store.contains(key("e"), now: 0))
    #expect(!store.set(key("f"), to: [], cost: .max, expiresAt: .max, now: 0))
  }

  @Test(arguments: [0, -1, Int.min]) func aStoreWithoutRoomKeepsNothing(_ entries: Int) {
    let store = Store(maxEntries: entries)
    #expect(!store.set(key("a"), to: [1], cost: 1, expiresAt: .max, now: 0))
    #expect(store.value(for: key("a"), now: 0) == nil)
  }

  @Test func theEmptyKeyIsAKey() {
    let store = Store(maxEntries: 3)
    store.set([UInt8](), to: [1], cost: 1, expiresAt: .max, now: 0)
    #expect(store.value(for: [UInt8](), now: 0) == [1])
    #expect(store.remove([UInt8]()))
  }

  @Test func chosenKeysGo() {
    let store = Store(maxEntries: 10)
    for name in ["x1", "y1", "x2"] { store.set(key(name), to: [], cost: 1, expiresAt: .max, now: 0) }
    let removed = store.store.removeAll(where: { $0[0] == UInt8(ascii: "x") })
    #expect(removed == 2)
    #expect(store.store.keys == [key("y1")])
    store.set(key("z"), to: [], cost: 1, expiresAt: 5, now: 0)
    #expect(store.removeExpired(now: 5) == 1)
    store.store.removeAll()
    #expect(store.store.count == 0)
    #expect(store.store.usedBytes == 0)
  }

  /// A store beside a list that does the same the slow way.
  @Test func itAgreesWithASlowOne() {
    let seed = newSeed()
    var random = SplitMix64(seed: seed)
    for round in 0..<30 {
      let bound = Int.random(in: 1...40, using: &random)
      let store = Store(maxEntries: bound)
      var model: [(key: [UInt8], value: [UInt8], expiresAt: UInt64)] = []
      var now: UInt64 = 0
      for step in 0..<2000 {
        now += UInt64.random(in: 0...2, using: &random)
        let name = Array("key \(Int.random(in: 0..<60, using: &random))".utf8)
        let place = model.firstIndex { $0.key == name }
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4:
          let value = random.bytes(upTo: 8)
          let expiresAt = now + UInt64.random(in: 0...60, using: &random)
          let kept = store.set(name, to: value, cost: value.count, expiresAt: expiresAt, now: now)
          if let place { model.remove(at: place) }
          if expiresAt > now { model.append((name, value, expiresAt)) }
          if model.count > bound { model.removeFirst() }
          #expect(kept == (expiresAt > now), "seed \(seed), round \(round), step \(step)")
        case 4..<8:
          var expected: [UInt8]?
          if let place {
            let entry = model.remove(at: place)
            if entry.expiresAt > now {
              expected = entry.value
              model.append(entry)
            }
          }
          #expect(store.value(for: name, now: now) == expected, "seed \(seed), \(round), \(step)")
        case 8:
          #expect(store.remove(name) == (place != nil), "seed \(seed), \(round), \(step)")
          if let place { model.remove(at: place) }
        default:
          let removed = store.removeExpired(now: now)
          #expect(removed == model.count { $0.expiresAt <= now }, "seed \(seed), \(round), \(step)")
          model.removeAll { $0.expiresAt <= now }
        }
        #expect(store.store.count == model.count, "seed \(seed), round \(round), step \(step)")
      }
      let cost = model.reduce(0) { $0 + $1.key.count + $1.value.count + Store.entryOverhead }
      #expect(store.store.usedBytes == cost, "seed \(seed), round \(round)")
      #expect(Set(store.store.keys) == Set(model.map(\.key)), "seed \(seed), round \(round)")
    }
  }
}
