import SluiceLoadGenerator

extension SplitMix64 {
  /// Bytes from a small alphabet, so that some compress, some repeat and some begin with each other.
  mutating func bytes(upTo limit: Int) -> [UInt8] {
    let letters = UInt8.random(in: 1...255, using: &self)
    return (0..<Int.random(in: 0...limit, using: &self)).map { _ in
      UInt8.random(in: 0..<letters, using: &self)
    }
  }
}

/// A new seed for every run; it is in the message of a failure.
func newSeed() -> UInt64 { UInt64.random(in: 0...UInt64.max) }
