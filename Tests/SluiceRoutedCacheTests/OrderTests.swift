import SluiceCache
import SluiceRoutedCache
import Testing

@Suite struct OrderTests {
  @Test("The mirror repeats the writes of a key in the order in which they were acknowledged")
  func order() async throws {
    let bed = try Bed("dualwrite", isSlow: true)
    let cache = bed.cache
    await withTaskGroup(of: Void.self) { tasks in
      for number in 0..<300 {
        tasks.addTask { await cache.set("k\(number % 3)", to: .int(number)) }
      }
    }
    #expect(await cache.settled(within: .seconds(30)))
    for key in ["k0", "k1", "k2"] {
      #expect(bed.legacy.sets(key).count == 100)
      #expect(bed.legacy.sets(key) == bed.new.sets(key))
    }
    #expect(bed.legacy.values == bed.new.values)
  }

  @Test("Readers, writers and flips at once: no divergence, no stale read, equal at the end")
  func race() async throws {
    let bed = try Bed("live", percent: 50, isSlow: true)
    let cache = bed.cache
    await withTaskGroup(of: Int.self) { tasks in
      for writer in 0..<6 {
        tasks.addTask {
          var stale = 0
          // Each writer owns its keys, so what it wrote last is what must come back, on whatever side of a flip.
          for round in 0..<150 {
            let key = "w\(writer):\(round % 5)"
            if round % 7 == 6 {
              await cache.delete(key)
              if await cache.value(for: key) != nil { stale += 1 }
            } else {
              await cache.set(key, to: .int(round))
              if await cache.value(for: key) != .int(round) { stale += 1 }
            }
          }
          return stale
        }
      }
      for reader in 0..<4 {
        tasks.addTask {
          for round in 0..<300 { _ = await cache.value(for: "w\((reader + round) % 6):\(round % 5)") }
          return 0
        }
      }
      tasks.addTask {
        for percent in [75, 25, 100, 0, 60, 40, 90] {
          for _ in 0..<200 { await Task.yield() }
          _ = try? cache.move(percentage: .init(percent: percent), who: "test")
          if percent == 0 {
            cache.rollBack(reason: "test", who: "test")
            for _ in 0..<100 { await Task.yield() }
            _ = try? cache.rearm(resume: "test", who: "test")
          }
        }
        return 0
      }
      for await stale in tasks { #expect(stale == 0) }
    }
    #expect(await cache.settled(within: .seconds(30)))
    let status = cache.status
    #expect(status.compare.diverged == 0, "\(status.compare)")
    #expect(status.stacks["legacy"]?.suspects == 0 && status.stacks["new"]?.suspects == 0)
    #expect(bed.legacy.values == bed.new.values)
    #expect((status.stacks["new"]?.operations ?? 0) > 0)
  }
}
