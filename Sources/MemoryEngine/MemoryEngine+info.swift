import SluiceRESP

/// `INFO`, in Redis' format and with its field names, so that dashboards read it.
extension MemoryEngine {
  mutating func info(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ output: inout [UInt8]) {
    var text = ""
    for section in InfoSection.allCases {
      let isWanted =
        arguments.count == 1
        || arguments.dropFirst().contains {
          let word = frame.extracting($0.range)
          return word.isWord(section.word) || word.isWord("ALL") || word.isWord("DEFAULT")
            || word.isWord("EVERYTHING")
        }
      guard isWanted else { continue }
      if !text.isEmpty { text += "\r\n" }
      text += "# \(section.title)\r\n"
      for (name, value) in fields(of: section) { text += "\(name):\(value)\r\n" }
    }
    output.appendBulk(text)
  }

  private func fields(of section: InfoSection) -> [(String, String)] {
    switch section {
    case .server:
      let uptime = max(0, now - startedAt) / 1000
      return [
        ("redis_version", "7.0.15"), ("redis_mode", "standalone"), ("sluice_engine", "memory"),
        ("arch_bits", "64"), ("uptime_in_seconds", "\(uptime)"), ("uptime_in_days", "\(uptime / 86400)"),
      ]
    case .clients:
      return [("connected_clients", "\(connectedClients)"), ("blocked_clients", "0")]
    case .memory:
      return [
        ("used_memory", "\(store.usedBytes)"), ("used_memory_human", human(store.usedBytes)),
        ("used_memory_peak", "\(store.peakBytes)"), ("used_memory_peak_human", human(store.peakBytes)),
        ("maxmemory", "\(store.maxBytes)"), ("maxmemory_human", human(store.maxBytes)),
        ("maxmemory_policy", "allkeys-lru"),
      ]
    case .stats:
      return [
        ("total_commands_processed", "\(commandsProcessed)"), ("expired_keys", "\(store.expiredKeys)"),
        ("evicted_keys", "\(store.evictedKeys)"), ("keyspace_hits", "\(hits)"),
        ("keyspace_misses", "\(misses)"),
      ]
    case .keyspace:
      guard store.count > 0 else { return [] }
      return [("db0", "keys=\(store.count),expires=\(store.volatileCount),avg_ttl=0")]
    }
  }

  /// `1.15M`, as Redis' `bytesToHuman`.
  private func human(_ bytes: Int) -> String {
    let units = ["K", "M", "G", "T", "P", "E"]
    if bytes < 1024 { return "\(bytes)B" }
    var unit = 0
    var size = Double(bytes) / 1024
    while size >= 1024, unit < units.count - 1 {
      size /= 1024
      unit += 1
    }
    let hundredths = Int((size * 100).rounded())
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)\(units[unit])"
  }
}

private enum InfoSection: CaseIterable {
  case server, clients, memory, stats, keyspace

  var word: StaticString {
    switch self {
    case .server: "SERVER"
    case .clients: "CLIENTS"
    case .memory: "MEMORY"
    case .stats: "STATS"
    case .keyspace: "KEYSPACE"
    }
  }

  var title: String {
    switch self {
    case .server: "Server"
    case .clients: "Clients"
    case .memory: "Memory"
    case .stats: "Stats"
    case .keyspace: "Keyspace"
    }
  }
}
