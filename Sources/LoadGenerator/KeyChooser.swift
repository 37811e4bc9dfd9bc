/// How often which key is asked for.
public enum KeyDistribution: Equatable, Sendable {
  /// Every key equally often.
  case uniform
  /// Popularity falls with the rank to the power of `alpha`; the ranks are scattered over the key numbers.
  case zipf(alpha: Double)
  /// One after the other, from 0, over and over: for filling.
  case sequential
}

/// Chooses key numbers for one thread.
struct KeyChooser {
  private let count: Int
  private let sampler: ZipfSampler?
  private var cursor: Int?
  private let stride: Int

  /// With `threads` threads the sequential choosers share the keys out among them: each key comes up once.
  init(_ distribution: KeyDistribution, count: Int, thread: Int, threads: Int) {
    self.count = max(1, count)
    stride = max(1, threads)
    switch distribution {
    case .uniform:
      sampler = nil
    case .zipf(let alpha):
      sampler = ZipfSampler(count: count, alpha: alpha)
    case .sequential:
      sampler = nil
      cursor = thread
    }
  }

  mutating func next(_ generator: inout SplitMix64) -> Int {
    if let position = cursor {
      cursor = position % count + stride
      return position % count
    }
    guard let sampler else { return Int.random(in: 0..<count, using: &generator) }
    let rank = sampler.next(&generator)
    // The hottest keys should not be neighbours. The multiplier is a prime above any sensible count, so this is
    // a permutation and every rank keeps a key of its own.
    return Int((UInt64(rank) &* 2_654_435_761) % UInt64(count))
  }
}
