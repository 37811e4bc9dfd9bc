import Testing

@testable import SluiceCache

@Suite struct CacheBenchmarkTests {
  @Test("Percentiles are interpolated at (n - 1) p")
  func percentiles() {
    #expect(BenchmarkResult.percentile(0.95, of: []) == 0)
    #expect(BenchmarkResult.percentile(0.95, of: [7]) == 7)
    #expect(BenchmarkResult.percentile(0.5, of: [1, 2]) == 1.5)
    #expect(abs(BenchmarkResult.percentile(0.95, of: [1, 2, 3, 4, 5]) - 4.8) < 1e-12)
    #expect(BenchmarkResult.percentile(1, of: [1, 2, 3]) == 3)
    #expect(BenchmarkResult.percentile(7, of: [1, 2, 3]) == 3)
  }

  @Test("The figures of given times")
  func figures() {
    let result = BenchmarkResult(
      subject: "given", times: [0.003, 0.001, 0.002, .nan, -1, .infinity], succeeded: 9)
    #expect(result.pairs == 3)
    #expect(result.succeeded == 3)
    #expect(abs(result.totalSeconds - 0.006) < 1e-12)
    #expect(abs(result.operationsPerSecond - 1000) < 1e-6)
    #expect(abs(result.averageOperationSeconds - 0.001) < 1e-12)
    #expect(result.medianSeconds == 0.002)
    #expect(abs(result.deviationSeconds - 0.001) < 1e-12)
    let nothing = BenchmarkResult(subject: "nothing", times: [], succeeded: 0)
    #expect(nothing.operationsPerSecond == 0)
    #expect(nothing.successRate == 0)
  }

  @Test("It measures pairs, knows what came back, and leaves nothing behind")
  func run() async {
    let cache = DictionaryCache()
    await cache.set("kept", to: 1)
    let result = await CacheBenchmark(pairs: 20, warmUp: 3).run(on: cache, subject: "a dictionary")
    #expect(result.pairs == 20)
    #expect(result.successRate == 1)
    #expect(result.operationsPerSecond > 0)
    #expect(cache.keys == ["kept"])
    cache.isDown = true
    let broken = await CacheBenchmark(pairs: 5, warmUp: 0).run(on: cache, subject: "broken")
    #expect(broken.successRate == 0)
  }

  /// Runs whose pairs all took the same time, in milliseconds.
  private func compare(
    _ before: [Double], _ after: [Double], succeeded: Int? = nil
  ) -> BenchmarkComparison {
    BenchmarkComparison(
      before: BenchmarkResult(
        subject: "before", times: before.map { $0 / 1000 }, succeeded: before.count),
      after: BenchmarkResult(
        subject: "after", times: after.map { $0 / 1000 }, succeeded: succeeded ?? after.count))
  }

  @Test(
    "The verdict by how much slower every pair became",
    arguments: [
      (10.0, 10.0, BenchmarkComparison.Verdict.pass, false), (10, 5, .pass, false),
      (10, 10.9, .pass, false),
      // 11 % slower is 9.9 % less throughput: the guide still takes it.
      (10, 11.1, .warning, false),
      // 20 % slower is 16.7 % less throughput, more than the guide's tenth.
      (10, 12, .warning, true), (10, 12.4, .warning, true), (10, 13, .critical, true),
      (10, 100, .critical, true),
    ])
  func verdicts(
    _ before: Double, _ after: Double, _ verdict: BenchmarkComparison.Verdict, _ isRegression: Bool
  ) {
    let comparison = compare([Double](repeating: before, count: 50), [Double](repeating: after, count: 50))
    #expect(comparison.verdict == verdict)
    #expect(comparison.isRegression == isRegression)
  }

  @Test("A slow tail alone is found")
  func tail() {
    let before = [Double](repeating: 10, count: 100)
    let after = [Double](repeating: 10, count: 94) + [Double](repeating: 13, count: 6)
    let comparison = compare(before, after)
    #expect(comparison.verdict == .critical)
    #expect(comparison.keepsBaseline)
    #expect(comparison.isRegression)
    #expect(comparison.findings.filter { $0.verdict == .critical }.map(\.name).count == 1)
  }

  @Test(
    "Fast and wrong is no pass",
    arguments: [(100, BenchmarkComparison.Verdict.pass), (94, .warning), (89, .critical)])
  func wrong(_ succeeded: Int, _ verdict: BenchmarkComparison.Verdict) {
    let times = [Double](repeating: 10, count: 100)
    #expect(compare(times, times.map { $0 / 2 }, succeeded: succeeded).verdict == verdict)
  }

  @Test(
    "A process that grows more than it did is told from one that grew a little",
    arguments: [
      (0, 50 << 20, BenchmarkComparison.Verdict.pass), (4096, 40 << 20, .pass),
      (0, (50 << 20) + 1, .warning),
      (-(60 << 20), 50 << 20, .critical), (60 << 20, 150 << 20, .warning), (1 << 20, 102 << 20, .critical),
      (nil, 200 << 20, .pass), (Int.min, Int.max, .critical), (Int.max, Int.min, .pass),
    ] as [(Int?, Int, BenchmarkComparison.Verdict)])
  func memory(_ before: Int?, _ after: Int, _ verdict: BenchmarkComparison.Verdict) {
    let times = [Double](repeating: 10, count: 50)
    let result = { (growth: Int?) in
      BenchmarkResult(subject: "c", times: times, succeeded: times.count, memoryGrowthBytes: growth)
    }
    let comparison = BenchmarkComparison(before: result(before), after: result(after))
    #expect(comparison.verdict == verdict)
    #expect(comparison.findings.count == (before == nil ? 4 : 5))
  }

  @Test("Nothing measured is hold, and a script stops")
  func hold() {
    for comparison in [compare([], [1]), compare([1], []), compare([], [])] {
      #expect(comparison.verdict == .hold)
      #expect(comparison.isRegression)
      #expect(!comparison.keepsBaseline)
    }
  }
}
