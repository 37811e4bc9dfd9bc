import SluiceCacheLayers
import SluiceLoadGenerator
import Testing

@Suite struct CompressionCodecTests {
  private let text = Array(String(repeating: "What is read often is worth keeping near. ", count: 100).utf8)

  private func stored(_ value: [UInt8], by codec: CompressionCodec) -> [UInt8] {
    codec.encode(value) ?? value
  }

  private func value(of stored: [UInt8], by codec: CompressionCodec) throws -> [UInt8] {
    try codec.decode(stored) ?? stored
  }

  @Test func whatWasEncodedDecodesToItself() throws {
    let seed = newSeed()
    var random = SplitMix64(seed: seed)
    for round in 0..<5000 {
      let codec = CompressionCodec(
        threshold: Int.random(in: 0...300, using: &random), level: Int.random(in: 1...9, using: &random))
      var bytes = random.bytes(upTo: 600)
      // Half of them begin with the marker or a part of it, some with a whole stored form.
      switch Int.random(in: 0..<6, using: &random) {
      case 0: bytes = CompressionCodec.marker + bytes
      case 1: bytes = CompressionCodec.marker.prefix(Int.random(in: 0...4, using: &random)) + bytes
      case 2: bytes = stored(bytes, by: codec)
      default: break
      }
      let kept = stored(bytes, by: codec)
      #expect(kept.count <= bytes.count + CompressionCodec.markerCount, "seed \(seed), round \(round)")
      #expect(try value(of: kept, by: codec) == bytes, "seed \(seed), round \(round)")
    }
  }

  @Test func aReusedDeflaterStoresTheSame() throws {
    let codec = CompressionCodec(threshold: 10, level: 6)
    let deflater = try #require(Deflater(level: codec.level))
    let seed = newSeed()
    var random = SplitMix64(seed: seed)
    var compressed = 0
    for round in 0..<500 {
      var bytes = random.bytes(upTo: 600)
      if round % 2 == 0 { bytes = Array(text.prefix(Int.random(in: 0...text.count, using: &random))) + bytes }
      let stored = codec.encode(bytes.span, reusing: deflater)
      let fresh = codec.encode(bytes.span)
      #expect(stored == fresh, "seed \(seed), round \(round)")
      compressed += stored == nil ? 0 : 1
    }
    #expect(compressed > 100)
  }

  @Test func bytesThatWeDidNotWriteNeverCrash() {
    let seed = newSeed()
    var random = SplitMix64(seed: seed)
    let codec = CompressionCodec(threshold: 0, maxValueBytes: 100_000)
    let good = stored(text, by: codec)
    var refused = 0
    for _ in 0..<20_000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 5..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 1...40, using: &random)) }
      do throws(CompressionError) {
        // Only a change that was none, or one in bits that zlib ignores, may pass; then it must be the value.
        #expect(try codec.decode(bytes) == text, "seed \(seed)")
      } catch {
        refused += 1
      }
    }
    #expect(refused > 19_000, "seed \(seed)")
  }

  @Test func theThresholdIsTheLargestValueThatStaysPlain() {
    let codec = CompressionCodec(threshold: 1000)
    let atThreshold = [UInt8](repeating: 7, count: 1000)
    let overThreshold = [UInt8](repeating: 7, count: 1001)
    #expect(codec.encode(atThreshold) == nil)
    let stored = codec.encode(overThreshold)
    #expect(stored.map { CompressionCodec.form(of: $0) } == .compressed(count: 1001))
    #expect((stored?.count ?? .max) < 100)
  }

  @Test func whatDoesNotGetShorterStaysAsItIs() {
    var random = SplitMix64(seed: 1)
    let noise = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
    #expect(CompressionCodec(threshold: 10).encode(noise) == nil)
  }

  @Test func theStreamIsWhatAnyZlibReads() throws {
    let codec = CompressionCodec(threshold: 10, level: 9)
    let stored = try #require(codec.encode(text))
    // 0x78 is the first byte of every RFC 1950 stream with the usual window.
    #expect(stored[9] == 0x78)
    #expect(Array(stored[..<9]) == [0, 0x53, 0x4C, 0x43, 0x7A, 0, 0, 0x10, 0x68])
  }

  @Test func aBombIsRefusedBeforeItIsRead() throws {
    let zeros = [UInt8](repeating: 0, count: 1_000_000)
    let stored = try #require(CompressionCodec(threshold: 10).encode(zeros))
    let careful = CompressionCodec(threshold: 10, maxValueBytes: 999_999)
    let error = #expect(throws: CompressionError.self) { try careful.decode(stored) }
    #expect(error?.code == .tooLarge)
    // One that lies about its length ends where it said that it would.
    var liar = stored
    liar[7] = 0
    let lie = #expect(throws: CompressionError.self) { try careful.decode(liar) }
    #expect(lie?.code == .corrupt)
  }

  @Test(
    arguments: [
      [0, 0x53, 0x4C, 0x43],
      [0, 0x53, 0x4C, 0x43, 0x7A],
      [0, 0x53, 0x4C, 0x43, 0x7A, 0, 0, 0],
      [0, 0x53, 0x4C, 0x43, 0x41, 1, 2, 3, 4, 5, 6],
      [0, 0x53, 0x4C],
      [],
      Array("rawj:{}".utf8),
      Array("raw:\u{80}\u{4}".utf8),
    ] as [[UInt8]])
  func whatIsNotOurFormIsItsOwnValue(_ bytes: [UInt8]) throws {
    #expect(CompressionCodec.form(of: bytes) == .plain)
    #expect(try CompressionCodec(threshold: 0).decode(bytes) == nil)
  }

  @Test(
    arguments: [
      [0, 0x53, 0x4C, 0x43, 0x7A, 0, 0, 0, 0],
      [0, 0x53, 0x4C, 0x43, 0x7A, 0, 0, 0, 5],
      [0, 0x53, 0x4C, 0x43, 0x7A, 0, 0, 0, 5, 0x78, 0x9C],
      [0, 0x53, 0x4C, 0x43, 0x7A, 0, 0, 0, 5, 1, 2, 3, 4, 5, 6],
    ] as [[UInt8]])
  func aDamagedFormIsAnError(_ bytes: [UInt8]) {
    let error = #expect(throws: CompressionError.self) {
      try CompressionCodec(threshold: 0).decode(bytes)
    }
    #expect(error?.code == .corrupt)
  }

  @Test func bytesBehindTheStreamAreAnError() throws {
    let codec = CompressionCodec(threshold: 10)
    let stored = try #require(codec.encode(text)) + [1]
    let error = #expect(throws: CompressionError.self) { try codec.decode(stored) }
    #expect(error?.code == .corrupt)
  }
}
