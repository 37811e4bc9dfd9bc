import SluiceLoadGenerator
import SluiceRedisClient
import Testing

@Suite struct WorkloadTests {
  /// Name, key size, mean value size, share of reads, alpha: as the statistics have them.
  @Test(arguments: [
    ("cluster12", 44, 1030, 0.20, 0.3048), ("cluster17", 19, 212, 0.99, 2.1106),
    ("cluster18", 18, 37, 0.97, 2.0994), ("cluster23", 35, 224, 0.36, 0.274),
    ("cluster31", 41, 15, 0.06, 0), ("cluster50", 18, 67_485, 0.52, 1.2816),
    ("cluster52", 20, 273, 0.93, 1.2117), ("cluster53", 36, 9213, 0.89, 1.2061),
  ])
  func agreesWithTheStatistics(_ name: String, _ key: Int, _ value: Int, _ reads: Double, _ alpha: Double)
    throws
  {
    let profile = try #require(WorkloadProfile.named(name))
    #expect(profile.keySize == key)
    #expect(profile.meanValueSize == value)
    #expect(profile.distribution == .zipf(alpha: alpha))
    // The shares of the source are rounded and add up to 0.97...1.01.
    #expect(abs(profile.readShare - reads) < 0.02)
    #expect(profile.source.contains("twitter/cache-trace"))
    let lifetimes = profile.timesToLive.reduce(0) { $0 + $1.weight }
    #expect((0.97...1.02).contains(lifetimes))
  }

  @Test func hasNamesOfItsOwn() {
    let names = WorkloadProfile.builtin.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(WorkloadProfile.named("cluster0") == nil)
  }

  @Test func makesKeysOfTheirSize() {
    let keys = KeySpace(prefix: "k:", count: 1000, keySize: 20)
    #expect(keys.key(0) == Array("k:000000000000000000".utf8))
    #expect(keys.key(987) == Array("k:000000000000000987".utf8))
    #expect(KeySpace(prefix: "long:", count: 9, keySize: 3).key(12_345) == Array("long:12345".utf8))
    #expect(Set((0..<1000).map { keys.key($0) }).count == 1000)
    #expect(keys.key(.max).count == 21)
  }

  @Test(arguments: [0, 24, 25, 31, 32, 100, 1030])
  func sealsValues(_ size: Int) throws {
    var value: [UInt8] = []
    var scratch: [UInt8] = []
    let key = Array("some:key".utf8)
    SealedValue.write(key: key, version: 77, size: size, into: &value)
    #expect(value.count == max(size, SealedValue.leastSize))
    #expect(SealedValue.version(of: value) == 77)
    #expect(SealedValue.belongs(value, to: key, scratch: &scratch))
    #expect(!SealedValue.belongs(value, to: Array("some:kez".utf8), scratch: &scratch))
    #expect(!SealedValue.belongs(Array(value.dropLast()), to: key, scratch: &scratch))
    #expect(!SealedValue.belongs(value + [97], to: key, scratch: &scratch))
    for index in value.indices {
      var damaged = value
      damaged[index] ^= 1
      #expect(!SealedValue.belongs(damaged, to: key, scratch: &scratch))
    }
    #expect(!SealedValue.belongs([], to: key, scratch: &scratch))
  }
}
