extension WorkloadProfile {
  private static let twitter =
    "twitter/cache-trace, 2020Mar (CC BY 4.0); Yang, Yue, Vinayak, OSDI 2020"

  private static let minute = 60
  private static let hour = 3600
  private static let day = 86_400

  /// A row of the statistics. They give means of sizes, shares of verbs and TTLs as rounded, and Zipf's alpha.
  private static func cluster(
    _ number: Int, keySize: Int, meanValueSize: Int, alpha: Double, verbs: [Weighted<Verb>],
    timesToLive: [Weighted<Int>]
  ) -> WorkloadProfile {
    WorkloadProfile(
      name: "cluster\(number)", source: twitter, keySize: keySize, meanValueSize: meanValueSize,
      valueSpread: 0.5,
      verbs: verbs, timesToLive: timesToLive, distribution: .zipf(alpha: alpha))
  }

  /// Keys of 20 bytes, all equally popular, that never expire.
  public static func uniform(valueSize: Int = 100, readShare: Double = 0.9) -> WorkloadProfile {
    let reads = min(max(readShare, 0), 1)
    return WorkloadProfile(
      name: "uniform", source: "made up", keySize: 20, meanValueSize: valueSize,
      verbs: [Weighted(.get, reads), Weighted(.set, 1 - reads)], distribution: .uniform)
  }

  /// Everything that has a name: `uniform`, and clusters of a large production fleet.
  public static let builtin: [WorkloadProfile] = [
    uniform(),
    // Write-heavy; most objects are never asked for again.
    cluster(
      12, keySize: 44, meanValueSize: 1030, alpha: 0.3048,
      verbs: [Weighted(.set, 0.80), Weighted(.get, 0.20)],
      timesToLive: [Weighted(300, 0.98), Weighted(299, 0.02)]),
    // Hot and nearly read-only.
    cluster(
      17, keySize: 19, meanValueSize: 212, alpha: 2.1106,
      verbs: [Weighted(.get, 0.99), Weighted(.set, 0.01)],
      timesToLive: [Weighted(5 * day, 1)]),
    // Small values at a high rate.
    cluster(
      18, keySize: 18, meanValueSize: 37, alpha: 2.0994,
      verbs: [Weighted(.get, 0.96), Weighted(.add, 0.01), Weighted(.gets, 0.01), Weighted(.cas, 0.01)],
      timesToLive: [Weighted(12 * hour, 1)]),
    // Counters and deletes.
    cluster(
      23, keySize: 35, meanValueSize: 224, alpha: 0.274,
      verbs: [
        Weighted(.set, 0.31), Weighted(.get, 0.36), Weighted(.incr, 0.30), Weighted(.delete, 0.02),
      ],
      timesToLive: [Weighted(2 * minute, 0.93), Weighted(45 * minute, 0.05), Weighted(5, 0.03)]),
    // Nearly all writes, no hot keys, short-lived.
    cluster(
      31, keySize: 41, meanValueSize: 15, alpha: 0,
      verbs: [Weighted(.set, 0.94), Weighted(.get, 0.06)],
      timesToLive: [Weighted(minute, 1)]),
    // Large values.
    cluster(
      50, keySize: 18, meanValueSize: 67_485, alpha: 1.2816,
      verbs: [Weighted(.get, 0.52), Weighted(.set, 0.48)],
      timesToLive: [Weighted(15 * minute, 0.73), Weighted(20 * minute, 0.24), Weighted(1199, 0.03)]),
    // Storage with mixed TTLs: the ordinary one.
    cluster(
      52, keySize: 20, meanValueSize: 273, alpha: 1.2117,
      verbs: [Weighted(.get, 0.91), Weighted(.add, 0.04), Weighted(.gets, 0.02), Weighted(.cas, 0.02)],
      timesToLive: [Weighted(day, 0.65), Weighted(14 * day, 0.27), Weighted(12 * hour, 0.07)]),
    // Storage with prepends.
    cluster(
      53, keySize: 36, meanValueSize: 9213, alpha: 1.2061,
      verbs: [Weighted(.get, 0.89), Weighted(.set, 0.03), Weighted(.prepend, 0.09)],
      timesToLive: [Weighted(30 * day, 0.66), Weighted(21 * day, 0.34)]),
  ]

  /// The built-in profile of that name; `nil` if there is none.
  public static func named(_ name: String) -> WorkloadProfile? {
    builtin.first { $0.name == name }
  }
}
