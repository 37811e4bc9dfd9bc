import SluiceLoadGenerator
import Testing

@testable import SluiceRESP

/// The payloads are what Redis 7.0.15 answers to `DUMP`.
@Suite struct DumpedStringTests {
  static let strings: [(value: String, payload: String)] = [
    ("", "00000a005d9b5c400f7fa2da"),
    ("a", "0001610a00bffeef9b8f367db4"),
    ("hello", "000568656c6c6f0a006372df766534200a"),
    ("0", "00c0000a009840a778f8500308"),
    ("-1", "00c0ff0a000c937e2485089dc5"),
    ("127", "00c07f0a000db5eb315254c514"),
    ("-129", "00c17fff0a001760822854808480"),
    ("32768", "00c2008000000a0045d82eedd5bda910"),
    ("-2147483649", "000b2d323134373438333634390a00c261377908f2028c"),
    ("007", "00033030370a007258e27b4c69bad9"),
    (String(repeating: "a", count: 30), "00c3091e016161e011000161610a0045737cbb2b647bbb"),
    (
      "abcabcabcabcabcabcabcabc-abcabcabc",
      "00c30f220361626361e00b02002da0150162630a00e2760cf4a4b4598b"
    ),
  ]
  static let otherTypes = [
    "1201020b0b000000020001010201ff0a00dde71a28ae391b98",
    "100d0d0000000200816602817602ff0a0020f13d442354089d",
  ]

  @Test(arguments: strings.indices) func whatRedisDumpsIsRead(_ number: Int) {
    let (value, payload) = Self.strings[number]
    #expect(Self.read(Self.bytes(payload)) == .success(Array(value.utf8)))
  }

  @Test(arguments: otherTypes) func anotherTypeIsSaidToBeOne(_ payload: String) {
    #expect(Self.read(Self.bytes(payload)) == .failure(.otherType))
  }

  @Test(arguments: [0, 1, 63, 64, 65, 16383, 16384, 16385, 100_000]) func whatIsWrittenIsRead(_ count: Int) {
    let value = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    for version: UInt16 in [0, 10, 11, 0xABCD] {
      let payload = DumpedString.payload(of: value.span, version: version)
      #expect(DumpedString.version(of: payload.span) == version)
      #expect(Self.read(payload) == .success(value))
      #expect(Self.read(payload, longest: count) == .success(value))
      if count > 0 { #expect(Self.read(payload, longest: count - 1) == .failure(.tooLong)) }
    }
  }

  @Test func aNewerVersionIsRefusedWhereAsked() {
    let payload = DumpedString.payload(of: [1, 2].span, version: 11)
    #expect(Self.read(payload, newest: 11) == .success([1, 2]))
    #expect(Self.read(payload, newest: 10) == .failure(.versionOrChecksum))
  }

  @Test(arguments: strings.indices) func everyChangedByteAndEveryCutIsFound(_ number: Int) {
    let payload = Self.bytes(Self.strings[number].payload)
    for index in payload.indices {
      for bit in 0..<8 {
        var damaged = payload
        damaged[index] ^= 1 << bit
        #expect(Self.read(damaged) == .failure(.versionOrChecksum))
      }
      #expect(Self.read(Array(payload[..<index])) == .failure(.versionOrChecksum))
    }
  }

  /// Contents that lie, under a right checksum.
  static let lies: [(content: [UInt8], trouble: DumpedString.Trouble)] = [
    ([], .badFormat),
    ([0], .badFormat),
    ([1, 1, 65], .otherType),
    ([255], .otherType),
    // Lengths that reach too far, or are none.
    ([0, 2, 65], .badFormat), ([0, 0x40], .badFormat), ([0, 0x7F, 0xFF, 65], .badFormat),
    ([0, 0x80, 0, 0, 1], .badFormat), ([0, 0x80, 255, 255, 255, 255], .badFormat),
    ([0, 0x81, 255, 255, 255, 255, 255, 255, 255, 255], .badFormat),
    ([0, 0x81, 127, 255, 255, 255, 255, 255, 255, 255], .badFormat),
    ([0, 0x82, 0], .badFormat), ([0, 0xC4, 0], .badFormat), ([0, 0xFF], .badFormat),
    // More than the string.
    ([0, 1, 65, 66], .badFormat), ([0, 0xC0, 1, 2], .badFormat),
    // Numbers that are cut.
    ([0, 0xC0], .badFormat), ([0, 0xC1, 1], .badFormat), ([0, 0xC2, 1, 2, 3], .badFormat),
    // Compressed: cut, of another length, a reference before the beginning, a claim of what cannot be.
    ([0, 0xC3], .badFormat), ([0, 0xC3, 1], .badFormat), ([0, 0xC3, 2, 1, 0], .badFormat),
    ([0, 0xC3, 2, 2, 0, 65], .badFormat), ([0, 0xC3, 2, 0, 0, 65], .badFormat),
    ([0, 0xC3, 2, 3, 0x20, 0], .badFormat), ([0, 0xC3, 1, 1, 0x1F], .badFormat),
    ([0, 0xC3, 1, 9, 0xE0], .badFormat), ([0, 0xC3, 2, 9, 0xE0, 1], .badFormat),
    ([0, 0xC3, 0xC0, 1], .badFormat), ([0, 0xC3, 1, 0xC3, 0], .badFormat),
    ([0, 0xC3, 2, 0x80, 0x1F, 255, 255, 255, 0, 65], .badFormat),
    ([0, 0xC3, 2, 0x80, 255, 255, 255, 255, 0, 65], .tooLong),
    ([0, 0xC3, 2, 0x81, 127, 255, 255, 255, 255, 255, 255, 255, 0, 65], .tooLong),
    ([0, 0xC3, 0x81, 127, 255, 255, 255, 255, 255, 255, 255, 1, 0, 65], .badFormat),
  ]

  @Test(arguments: lies.indices) func aLieUnderARightChecksumIsRefused(_ number: Int) {
    let (content, trouble) = Self.lies[number]
    #expect(Self.read(Self.signed(content)) == .failure(trouble))
  }

  @Test func mutationsUnderARightChecksumNeverTrap() {
    let seed = UInt64.random(in: .min ... .max)
    var random = SplitMix64(seed: seed)
    let payloads = Self.strings.map { Self.bytes($0.payload) }
    var read = 0
    for _ in 0..<50_000 {
      var content = Array(payloads[random.below(payloads.count)].dropLast(10))
      for _ in 0...random.below(3) {
        let index = random.below(content.count)
        switch random.below(4) {
        case 0: content[index] = UInt8(truncatingIfNeeded: random.next())
        case 1: content.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
        case 2 where content.count > 1: content.remove(at: index)
        default: content[index] ^= 1 << UInt8(random.below(8))
        }
      }
      if case .success(let value) = Self.read(Self.signed(content)) {
        read += 1
        #expect(value.count <= content.count * 264, "seed \(seed)")
      }
    }
    #expect(read > 0, "seed \(seed)")
  }

  @Test func noiseIsNoLZF() {
    let seed = UInt64.random(in: .min ... .max)
    var random = SplitMix64(seed: seed)
    for _ in 0..<50_000 {
      let stream = (0..<random.below(40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      let count = random.below(300)
      if let value = LZF.decompress(stream.span, count: count) {
        #expect(value.count == count, "seed \(seed)")
      }
    }
    #expect(LZF.decompress([0, 65].span, count: .max) == nil)
  }

  private static func read(
    _ payload: [UInt8], newest: UInt16 = .max, longest: Int = 512 << 20
  ) -> Result<[UInt8], DumpedString.Trouble> {
    do {
      return .success(try DumpedString.value(of: payload.span, newest: newest, longest: longest))
    } catch {
      return .failure(error)
    }
  }

  private static func signed(_ content: [UInt8]) -> [UInt8] {
    let payload = content + [10, 0]
    let sum = CRC64.of(payload.span)
    return payload + (0..<8).map { UInt8(truncatingIfNeeded: sum >> UInt64(8 * $0)) }
  }

  private static func bytes(_ digits: String) -> [UInt8] {
    let digits = digits.utf8.map { $0 < 0x3A ? $0 - 0x30 : $0 - 0x57 }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
}
