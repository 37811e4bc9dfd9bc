import SluiceLoadGenerator
import Testing

@testable import SluiceRouting

@Suite struct BucketHashTests {
  /// Prefixes of every length modulo four before keys of every length modulo four.
  @Test func prefixAndKeyHashAsOne() {
    var random = SplitMix64(seed: 0xb0c)
    for prefixLength in 0...17 {
      for keyLength in 0...33 {
        let bytes = (0..<prefixLength + keyLength).map { _ in random.byte() }
        let whole = BucketHash(prefix: []).hash(of: bytes)
        let resumed = BucketHash(prefix: Array(bytes[..<prefixLength]))
          .hash(of: Array(bytes[prefixLength...]))
        #expect(whole == resumed, "prefix \(prefixLength), key \(keyLength)")
        #expect(whole == reference(bytes), "\(bytes)")
      }
    }
  }

  /// MurmurHash3_x86_32 written down as its author did: blocks, tail, finish.
  private func reference(_ bytes: [UInt8]) -> UInt32 {
    var hash: UInt32 = 0
    var index = 0
    func scramble(_ block: UInt32) -> UInt32 {
      let product = block &* 0xcc9e_2d51
      return (product << 15 | product >> 17) &* 0x1b87_3593
    }
    while index + 4 <= bytes.count {
      let block = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[index + $1]) << UInt32($1 * 8) }
      hash ^= scramble(block)
      hash = (hash << 13 | hash >> 19) &* 5 &+ 0xe654_6b64
      index += 4
    }
    var tail: UInt32 = 0
    for (place, byte) in bytes[index...].enumerated() { tail |= UInt32(byte) << UInt32(place * 8) }
    hash ^= scramble(tail) ^ UInt32(bytes.count)
    hash = (hash ^ hash >> 16) &* 0x85eb_ca6b
    hash = (hash ^ hash >> 13) &* 0xc2b2_ae35
    return hash ^ hash >> 16
  }
}
