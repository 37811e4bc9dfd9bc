import SluiceCache

/// Sessions in a cache. It asks for any cache: Redis, memory, or a `RoutedCache` in the middle of a migration.
struct SessionStore: Sendable {
  let cache: any Cache

  func name(of id: String) async -> String? {
    guard case .object(let session)? = await cache.value(for: "session:\(id)"),
      case .string(let name)? = session["name"]
    else { return nil }
    return name
  }

  func save(_ name: String, id: String) async -> Bool {
    await cache.set("session:\(id)", to: ["name": .string(name)], ttl: .seconds(1800))
  }

  func end(_ id: String) async -> Bool { await cache.delete("session:\(id)") }
}
