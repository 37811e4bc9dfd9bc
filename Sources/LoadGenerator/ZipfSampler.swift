import Glibc

/// Draws ranks 0..<count with probability proportional to 1 / (rank + 1)^alpha, in constant time and memory.
///
/// Rejection-inversion after Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone
/// discrete distributions", ACM TOMACS 6(3), 1996. Any alpha from 0 (uniform) upwards, 1 included.
public struct ZipfSampler: Sendable {
  /// The number of ranks; at least 1.
  public let count: Int
  /// The exponent; 0 means that all ranks are equally likely.
  public let alpha: Double

  private let integralAtStart: Double
  private let integralAtEnd: Double
  private let acceptance: Double

  /// A sampler; `count` below 1 counts as 1 and a negative or non-finite `alpha` as 0.
  public init(count: Int, alpha: Double) {
    let alpha = alpha.isFinite ? max(0, alpha) : 0
    let count = max(1, count)
    self.count = count
    self.alpha = alpha
    integralAtStart = Self.integral(1.5, alpha) - 1
    integralAtEnd = Self.integral(Double(count) + 0.5, alpha)
    acceptance = 2 - Self.inverse(Self.integral(2.5, alpha) - Self.height(2, alpha), alpha)
  }

  /// One rank; 0 is the most popular.
  public func next(_ generator: inout SplitMix64) -> Int {
    while true {
      let u = integralAtEnd + generator.unit() * (integralAtStart - integralAtEnd)
      let x = Self.inverse(u, alpha)
      let rank = min(max(x.rounded(), 1), Double(count))
      if rank - x <= acceptance || u >= Self.integral(rank + 0.5, alpha) - Self.height(rank, alpha) {
        return Int(rank) - 1
      }
    }
  }

  private static func height(_ x: Double, _ alpha: Double) -> Double {
    exp(-alpha * log(x))
  }

  /// The integral of `height` from 1 to x, written so that alpha = 1 is no special case.
  private static func integral(_ x: Double, _ alpha: Double) -> Double {
    let logarithm = log(x)
    return expm1OverX((1 - alpha) * logarithm) * logarithm
  }

  private static func inverse(_ x: Double, _ alpha: Double) -> Double {
    let t = max(-1, x * (1 - alpha))
    return exp(log1pOverX(t) * x)
  }

  private static func log1pOverX(_ x: Double) -> Double {
    abs(x) > 1e-8 ? log1p(x) / x : 1 - x * (0.5 - x * (1.0 / 3 - 0.25 * x))
  }

  private static func expm1OverX(_ x: Double) -> Double {
    abs(x) > 1e-8 ? expm1(x) / x : 1 + x * 0.5 * (1 + x * 1.0 / 3 * (1 + 0.25 * x))
  }
}
