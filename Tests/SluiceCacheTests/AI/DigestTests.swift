import Crypto
import SluiceDigests
import SluiceLoadGenerator
import Testing

/// Our own digests are those of everybody else: keys must be the same in every language.
@Suite struct DigestTests {
  @Test("the vectors of the RFC and of FIPS 180")
  func vectors() {
    func hex(_ bytes: [UInt8]) -> String {
      bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    #expect(hex(SluiceDigests.MD5.hash([])) == "d41d8cd98f00b204e9800998ecf8427e")
    #expect(hex(SluiceDigests.MD5.hash(Array("abc".utf8))) == "900150983cd24fb0d6963f7d28e17f72")
    #expect(
      hex(SluiceDigests.SHA256.hash(Array("abc".utf8)))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  @Test("every length around a block, and any bytes")
  func anyBytes() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix64(seed: seed)
    for count in Array(0..<200) + [1000, 4096, 65_537] {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      #expect(SluiceDigests.MD5.hash(bytes) == Array(Insecure.MD5.hash(data: bytes)), "seed \(seed)")
      #expect(SluiceDigests.SHA256.hash(bytes) == Array(Crypto.SHA256.hash(data: bytes)), "seed \(seed)")
    }
  }
}
