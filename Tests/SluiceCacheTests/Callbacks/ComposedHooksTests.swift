import SluiceLocks
import Testing

@testable import SluiceCache

/// The callbacks that the original shows as examples, side by side around one cache: audit, alerts, a
/// transformation, a business rule. The fifth, performance, is the ``CachePerformanceMonitor``.
@Suite struct ComposedHooksTests {
  /// Who did what.
  private final class Audit: CacheHook {
    let trail = Mutex<[String]>([])

    func onHit(_ key: String, value: CacheValue) async throws -> CacheValue? {
      trail.withLock { $0.append("read \(key)") }
      return nil
    }
    func onStore(_ key: String, value: CacheValue, ttl: Duration?) async throws {
      trail.withLock { $0.append("wrote \(key)") }
    }
    func onDelete(_ key: String) async throws { trail.withLock { $0.append("deleted \(key)") } }
  }

  /// Speaks up when too many reads miss.
  private final class Alerts: CacheHook {
    private let reads = Mutex((hits: 0, misses: 0))
    let raised = Mutex<[String]>([])

    func onHit(_ key: String, value: CacheValue) async throws -> CacheValue? {
      reads.withLock { $0.hits += 1 }
      return nil
    }
    func onMiss(_ key: String, reason: CacheMiss) async throws {
      let (hits, misses) = reads.withLock { reads in
        reads.misses += 1
        return reads
      }
      guard hits + misses >= 5, Double(misses) > 0.8 * Double(hits + misses) else { return }
      raised.withLock { $0.append("\(misses) of \(hits + misses) reads missed") }
    }
  }

  @Test func fourOfThemAtOnce() async {
    let audit = Audit()
    let alerts = Alerts()
    let store = MemoryCache()
    let addsCurrency = CacheHooks(onHit: { key, value in
      guard key.hasPrefix("price:"), case .int(let cents) = value else { return nil }
      return ["cents": .int(cents), "currency": "EUR"]
    })
    // A new price makes the page that shows it stale.
    let dropsPages = CacheHooks(onStore: { key, _, _ in
      if key.hasPrefix("price:") { await store.delete("page:\(key.dropFirst(6))") }
    })
    let cache = HookedCache(store, hooks: [audit, alerts, addsCurrency, dropsPages])
    await cache.set("page:7", to: "<h1>")
    await cache.set("price:7", to: 995)
    #expect(await store.value(for: "page:7") == nil)
    #expect(await cache.value(for: "price:7") == ["cents": 995, "currency": "EUR"])
    #expect(await store.value(for: "price:7") == 995)
    for number in 0..<5 { _ = await cache.value(for: "absent:\(number)") }
    await cache.delete("price:7")
    #expect(
      audit.trail.withLock { $0 } == ["wrote page:7", "wrote price:7", "read price:7", "deleted price:7"])
    #expect(alerts.raised.withLock { $0 } == ["5 of 6 reads missed"])
  }
}
