import SluiceCache
import SluiceRoutedCache

/// The sample of docs/in-process.md, line by line: the test beside it compares the two.
public func sample(_ old: any Cache, _ new: any Cache) async throws {
  let cache = try RoutedCache(legacy: old, new: new, flags: "flags/sluice.flagd.json", ledger: "sluice.db")
  await cache.set("user:1", to: ["name": "Ada"])
  try cache.move(to: .live, percentage: Percentage(percent: 25), who: "ana")
  cache.rollBack(reason: "too slow", who: "ana")
  await cache.close()
}

/// The second one.
public func walks(_ cache: RoutedCache) async throws {
  try cache.move(to: .dualwrite, who: "ana")
  let warmed = try await cache.warm(perSecond: 2000)
  let found = try await cache.verify()
  if !found.isAlike { try await cache.verify(repairs: true) }
  print(warmed.copied)
}
