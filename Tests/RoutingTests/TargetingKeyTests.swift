import SluiceLoadGenerator
import Testing

@testable import SluiceRouting

@Suite struct TargetingKeyTests {
  /// The examples of the Redis Cluster specification, and the edges around them.
  @Test(arguments: [
    ("", ""), ("plain", "plain"),
    ("{user1000}.following", "user1000"), ("{user1000}.followers", "user1000"),
    ("foo{}{bar}", "foo{}{bar}"), ("foo{{bar}}zap", "{bar"), ("foo{bar}{zap}", "bar"),
    ("{}", "{}"), ("{", "{"), ("}", "}"), ("{a", "{a"), ("a}", "a}"), ("}{", "}{"), ("}a{b}c", "b"),
    ("{a}", "a"), ("x{a}", "a"), ("{{}}", "{"), ("{}}", "{}}"), ("{ }", " "), ("a{b}{", "b"),
    ("cart:{42}:items", "42"), ("12345678{9}", "9"), ("1234567{8}", "8"), ("{12345678}", "12345678"),
  ])
  func hashTags(key: String, target: String) {
    let bytes = Array(key.utf8)
    #expect(String(decoding: bytes[targetingKey(of: bytes)], as: UTF8.self) == target)
  }

  /// The eight-bytes-at-a-time search against a search that anybody can read, with bytes that differ from a
  /// brace in one bit among them.
  @Test func agreesWithTheNaiveRule() {
    var random = SplitMix64(seed: 0x7a9)
    let alphabet: [UInt8] = [0x7b, 0x7d, 0x7a, 0x7c, 0xfb, 0xfd, 0x00, 0xff, 0x61]
    for _ in 0..<50_000 {
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        Int.random(in: 0..<4, using: &random) == 0 ? alphabet.randomElement(using: &random) ?? 0 : 0x61
      }
      #expect(targetingKey(of: bytes) == naive(bytes), "\(bytes)")
    }
  }

  private func naive(_ bytes: [UInt8]) -> Range<Int> {
    guard let open = bytes.firstIndex(of: 0x7b),
      let close = bytes[(open + 1)...].firstIndex(of: 0x7d), close > open + 1
    else { return 0..<bytes.count }
    return open + 1..<close
  }

  @Test func keysOfOneTagStayTogether() throws {
    let cohort = Cohort(
      Bucketing(
        hash: BucketHash(prefix: Array("cache-stack".utf8)),
        share: try #require(Share(weight: 50, rest: 50))))
    for id in 0..<200 {
      let one = Array("user:{\(id)}:name".utf8)
      let other = Array("{\(id)}".utf8)
      let bare = Array("\(id)".utf8)
      #expect(cohort.contains(one) == cohort.contains(other))
      #expect(cohort.contains(one) == cohort.contains(bare))
    }
  }
}
