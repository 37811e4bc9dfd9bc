import Glibc
import SluiceLoadGenerator
import Testing

@Suite struct DistributionTests {
  @Test(arguments: [0, 0.3048, 0.99, 1, 1.2117, 2.1106])
  func drawsRanksAsZipfSays(_ alpha: Double) {
    let count = 1000
    let draws = 200_000
    let sampler = ZipfSampler(count: count, alpha: alpha)
    var generator = SplitMix64(seed: 42)
    var seen = [Int](repeating: 0, count: count)
    for _ in 0..<draws { seen[sampler.next(&generator)] += 1 }
    let weights = (1...count).map { pow(Double($0), -alpha) }
    let sum = weights.reduce(0, +)
    // Five standard deviations of a binomial; the seed is fixed, so this either holds or does not.
    for rank in [0, 1, 2, 9, 99, 999] {
      let share = weights[rank] / sum
      let expected = Double(draws) * share
      let allowed = 5 * (expected * (1 - share)).squareRoot() + 1
      #expect(abs(Double(seen[rank]) - expected) <= allowed, "rank \(rank): \(seen[rank]), not \(expected)")
    }
  }

  @Test func bearsOddArguments() {
    var generator = SplitMix64(seed: 1)
    for sampler in [
      ZipfSampler(count: 0, alpha: 1), ZipfSampler(count: 1, alpha: 3), ZipfSampler(count: -5, alpha: .nan),
      ZipfSampler(count: 2, alpha: 40), ZipfSampler(count: 1 << 40, alpha: 0.5),
    ] {
      for _ in 0..<1000 { #expect((0..<sampler.count).contains(sampler.next(&generator))) }
    }
  }

  @Test func repeatsItselfFromASeed() {
    var first = SplitMix64(seed: 9)
    var second = SplitMix64(seed: 9)
    var other = SplitMix64(seed: 10)
    let numbers = (0..<100).map { _ in first.next() }
    #expect(numbers == (0..<100).map { _ in second.next() })
    #expect(numbers != (0..<100).map { _ in other.next() })
    // The reference implementation's first output from seed 0.
    var zero = SplitMix64(seed: 0)
    #expect(zero.next() == 0xE220_A839_7B1D_CDAF)
  }
}
