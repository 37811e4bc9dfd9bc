extension Assessment {
  var memoryRows: [AssessmentRow] { [policyRow, evictionRow, warmRow, spaceRow].compactMap(\.self) }

  private var policyRow: AssessmentRow? {
    guard let policy = legacy.facts.evictionPolicy else { return nil }
    let limit =
      legacy.facts.maximumMemory.map { $0 == 0 ? "no maxmemory" : "maxmemory \(Quantity.bytes($0))" } ?? ""
    let used = legacy.usedMemory.map { ", \(Quantity.bytes($0)) in use" } ?? ""
    let found = "legacy: \(policy), \(limit)\(used)"
    guard let new, let other = new.facts.evictionPolicy else {
      return AssessmentRow(.memory, "eviction policy", .fine, found)
    }
    guard policy != other else {
      return AssessmentRow(.memory, "eviction policy", .fine, "\(found); new has the same policy")
    }
    let isWorse = other == "noeviction" && policy != "noeviction"
    return AssessmentRow(
      .memory, "eviction policy", .look, "\(found); new: \(other)",
      do: isWorse
        ? "new would refuse writes where legacy makes room: CONFIG SET maxmemory-policy \(policy) on new"
        : "see that it is meant so")
  }

  private var evictionRow: AssessmentRow? {
    guard let evicted = legacy.evicted, evicted > 0 else { return nil }
    let time = legacy.uptime.map { " in \(Quantity.time(seconds: Double(max(0, $0))))" } ?? ""
    return AssessmentRow(
      .memory, "evictions", .look, "legacy has evicted \(Quantity.count(evicted, "key"))\(time)",
      do:
        "each stack evicts by itself, so reads of keys that one has evicted differ as misses; give new more room"
    )
  }

  private var warmRow: AssessmentRow? {
    guard let sample = legacy.sample, sample.count > 0 else { return nil }
    let keys = sample.isComplete ? sample.count : max(0, sample.size ?? sample.count)
    // By value it takes several questions.
    let slow = sample.kinds.reduce(0) { sum, kind in
      guard let new else { return sum }
      let way = CopyOutlook(kind.key, from: legacy, to: new)
      return way == .value || way == .either ? Quantity.sum(sum, sample.extrapolated(kind.value.count)) : sum
    }
    let bytes = Double(neededMemory ?? 0) / Self.bytesPerSecond
    let alone = Double(max(0, keys - slow)) / Self.keysPerSecond + Double(slow) / Self.valuesPerSecond + bytes
    let beside = max(alone, Double(keys) / Self.keysBesideClients + bytes)
    return AssessmentRow(
      .memory, "warm-up", .fine,
      "\(Quantity.count(keys, "key")), \(slow > 0 ? "\(Quantity.count(slow)) of them by value, " : "")"
        + "about \(Quantity.time(seconds: alone)), or \(Quantity.time(seconds: beside)) while the proxy serves clients",
      do: "sluice warm --rate bounds what it takes from legacy")
  }

  /// Keys, and bytes, a second of a warm-up on two shared processors, as measured; see docs/assess.md.
  private static let keysPerSecond = 100_000.0
  private static let valuesPerSecond = 40_000.0
  private static let bytesPerSecond = 125e6
  /// While the lanes make room for clients.
  private static let keysBesideClients = 12_000.0

  private var spaceRow: AssessmentRow? {
    guard let new, let need = neededMemory else { return nil }
    let held = new.usedMemory ?? 0
    let sum = Quantity.sum(need, held)
    let found = "about \(Quantity.bytes(need)) come to the \(Quantity.bytes(held)) that it has"
    let limit = new.facts.maximumMemory ?? 0
    guard limit > 0 else {
      guard let system = new.systemMemory, system > 0 else {
        return AssessmentRow(
          .memory, "room on new", .look, "\(found); it does not say its maxmemory",
          do: "see that there is room")
      }
      let isTooMuch = Double(sum) > 0.8 * Double(system)
      return AssessmentRow(
        .memory, "room on new", isTooMuch ? .stops : .look,
        "\(found), without maxmemory, on a machine of \(Quantity.bytes(system))",
        do: isTooMuch
          ? "choose a larger machine"
          : "set maxmemory: without it the system ends a server that grows too large")
    }
    let share = "\(found): \(Quantity.percent(sum, of: limit)) of its maxmemory, \(Quantity.bytes(limit))"
    if sum > limit {
      let refuses = new.facts.evictionPolicy == "noeviction"
      return AssessmentRow(
        .memory, "room on new", refuses ? .stops : .look, share,
        do: refuses
          ? "give new more room: it would refuse writes" : "give new more room: it would evict what it gets")
    }
    if Double(sum) > 0.8 * Double(limit) {
      return AssessmentRow(
        .memory, "room on new", .look, share, do: "give new more room before the ramp ends")
    }
    return AssessmentRow(.memory, "room on new", .fine, share)
  }

  /// What the database that was walked takes: of all that is in use its share of the keys, or what the sample says, if that is more.
  private var neededMemory: Int? {
    guard let sample = legacy.sample else { return nil }
    let sampled = sample.hasBytes ? sample.extrapolated(sample.bytes) : 0
    guard let share = shareOfMemory(sample) else { return sample.hasBytes ? sampled : nil }
    return max(sampled, share)
  }

  /// Of all that is in use on legacy the share of the database that was walked, by its keys; nil where it does not tell.
  func shareOfMemory(_ sample: KeySample) -> Int? {
    guard let used = legacy.usedMemory, let all = legacy.keys, all > 0 else { return nil }
    let keys = sample.isComplete ? sample.count : max(0, sample.size ?? 0)
    return Quantity.whole(Double(used) * min(1, Double(keys) / Double(all)))
  }
}
