import SluiceLoadGenerator
import SluiceLocks

@testable import SluiceCache

/// A clock that goes when it is told to.
final class FakeClock: Sendable {
  private let now = Mutex<UInt64>(1_000_000_000)

  /// What a cache takes.
  var clock: CacheClock { CacheClock { self.now.withLock { $0 } } }

  func advance(by duration: Duration) {
    now.withLock { $0 += duration.wholeNanoseconds }
  }
}

/// A number that many tasks add to.
final class Tally: Sendable {
  private let count = Mutex(0)
  var value: Int { count.withLock { $0 } }

  /// Adds one. Returns what it is now.
  @discardableResult
  func add() -> Int {
    count.withLock { count in
      count += 1
      return count
    }
  }
}

extension SplitMix64 {
  /// Any value, of at most three levels.
  mutating func value(depth: Int = 0) -> CacheValue {
    switch Int.random(in: 0..<(depth < 3 ? 7 : 5), using: &self) {
    case 0: .null
    case 1: .bool(Bool.random(using: &self))
    case 2: .int(Int(truncatingIfNeeded: next()) >> Int.random(in: 0..<64, using: &self))
    case 3: .double(finiteDouble())
    case 4: .string(text())
    case 5: .array((0..<Int.random(in: 0...4, using: &self)).map { _ in value(depth: depth + 1) })
    default:
      .object(
        Dictionary(
          (0..<Int.random(in: 0...4, using: &self)).map { _ in (text(), value(depth: depth + 1)) },
          uniquingKeysWith: { $1 }))
    }
  }

  /// Any bits that are a number, and often one that people write.
  mutating func finiteDouble() -> Double {
    let any = Double(bitPattern: next())
    if Bool.random(using: &self), any.isFinite { return any }
    let whole = Double(Int64(truncatingIfNeeded: next()) >> Int64.random(in: 0..<64, using: &self))
    let powers = [1e-7, 1e-5, 1e-4, 1e-3, 1, 1e3, 1e10]
    return whole * (powers.randomElement(using: &self) ?? 1)
  }

  mutating func text() -> String {
    var scalars = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...8, using: &self) {
      let limit: UInt32 = [0x20, 0x7F, 0x180, 0x2100, 0xFFFF, 0x1FFFF].randomElement(using: &self) ?? 0x7F
      guard let scalar = Unicode.Scalar(UInt32.random(in: 0...limit, using: &self)) else { continue }
      // What is printable depends on the version of Unicode; Python may know an older one.
      if let age = scalar.properties.age, age.major > 12 { continue }
      scalars.append(scalar)
    }
    return String(scalars)
  }
}
