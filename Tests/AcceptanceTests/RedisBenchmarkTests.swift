import SluiceTestSupport
import Testing

extension Acceptance {
  /// `redis-benchmark`, every test of it that is in scope.
  @Suite struct RedisBenchmarkTests {
    private static let tests =
      "ping_inline,ping_mbulk,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange,mset"
    /// The first columns of its report, in its order.
    private static let rows = [
      "PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "LPUSH", "RPUSH", "LPOP", "RPOP", "SADD", "HSET",
      "SPOP", "ZADD", "ZPOPMIN", "LPUSH (needed to benchmark LRANGE)", "LRANGE_100 (first 100 elements)",
      "LRANGE_300 (first 300 elements)", "LRANGE_500 (first 500 elements)",
      "LRANGE_600 (first 600 elements)", "MSET (10 keys)",
    ]

    @Test(
      "redis-benchmark reports every test and no error",
      arguments: [["-P", "1"], ["-P", "16", "-r", "10000"]], [1, 2])
    func everyTest(extra: [String], threads: Int) throws {
      let stacks = try TwoStacks(stage: "live", percent: 50, threads: threads)
      let ran = try Child.run(
        "redis-benchmark",
        ["-p", "\(stacks.sluice.port)", "-c", "50", "-n", "2000", "--csv", "-t", Self.tests] + extra,
        within: .seconds(60))
      #expect(ran.exit == .code(0), "\(ran.output)\(ran.errors)")
      #expect(!ran.output.lowercased().contains("error"), "\(ran.output)")
      #expect(!ran.errors.lowercased().contains("error"), "\(ran.errors)")
      let reported = ran.output.split(separator: "\n").dropFirst().compactMap { line in
        line.split(separator: "\"", omittingEmptySubsequences: false).dropFirst().first.map(String.init)
      }
      #expect(reported == Self.rows)
      #expect(try stacks.sluice.status().text("effective_stage") == "live")
    }
  }
}
