import SluiceLoadGenerator
import Testing

@testable import SluiceMemoryEngine

@Suite struct ScanAndGlobTests {
  /// Keys that are there from the first call to the last are returned once, whatever comes and goes meanwhile.
  @Test(arguments: [1, 7, 100, 1000]) func scanMissesNoStableKey(count: Int) throws {
    var random = SplitMix64(seed: UInt64(count))
    let engine = TestEngine(maxBytes: 64 << 20)
    for index in 0..<500 {
      _ = engine("SET stable:\(index) v")
      _ = engine("SET goes:\(index) v")
    }
    var cursor = "0"
    var seen: [String: Int] = [:]
    var serial = 0
    repeat {
      let parts = engine("SCAN \(cursor) COUNT \(count)").split(separator: "|").map(String.init)
      cursor = parts[2]
      for name in parts.dropFirst(4) where !name.hasPrefix("$") { seen[name, default: 0] += 1 }
      // The index grows several times under the scan, slots are freed and used again, values change size.
      for _ in 0..<20 {
        if serial < 4000 { _ = engine("SET comes:\(serial) v") }
        serial += 1
        _ = engine("DEL goes:\(Int.random(in: 0..<500, using: &random))")
        _ = engine("APPEND stable:\(Int.random(in: 0..<500, using: &random)) longer")
      }
    } while cursor != "0"
    for index in 0..<500 { #expect(seen["stable:\(index)"] == 1) }
  }

  @Test func sparseSlabs() {
    let engine = TestEngine(maxBytes: 64 << 20)
    for index in 0..<10_000 { _ = engine("SET \(index) v") }
    for index in 0..<9_999 { _ = engine("DEL \(index)") }
    #expect(engine("RANDOMKEY") == "$4|9999|")
    #expect(engine("SCAN 0") == "*2|$3|100|*0|")
    #expect(engine("SCAN 9990 TYPE string MATCH 9*") == "*2|$1|0|*1|$4|9999|")
    _ = engine("DEL 9999")
    #expect(engine("RANDOMKEY") == "$-1|")
  }

  @Test(arguments: [
    ("", "", true), ("", "a", false), ("*", "", false), ("*", "a", true), ("**", "abc", true),
    ("a*", "a", true),
    ("a*b*", "ab", true), ("*a", "ba", true), ("*ab", "aab", true), ("*ab", "aa", false), ("?", "", false),
    ("?", "a", true), ("h?llo", "hello", true), ("h[ae]llo", "hallo", true), ("h[ae]llo", "hillo", false),
    ("h[^e]llo", "hello", false), ("h[^e]llo", "hallo", true), ("h[a-b]llo", "hbllo", true),
    ("h[b-a]llo", "hallo", true), ("\\*", "*", true), ("\\*", "a", false), ("a\\", "a\\", true),
    ("[\\]]", "]", true),
    ("[abc", "b", true), ("[abc", "d", false), ("[", "[", false), ("[^", "x", true), ("[a-]", "a", true),
    ("[a-]", "]", true), ("[]", "]", false), ("a[", "a", false), ("*[0-9]x*", "ab1xyz", true),
    ("a*c", "abcd", false),
    ("K*", "k1", false), ("*?*?", "ab", true), ("*?*?", "a", false),
  ])
  func glob(pattern: String, string: String, wanted: Bool) {
    #expect(matches(Array(pattern.utf8), Array(string.utf8)) == wanted)
  }

  private func matches(_ pattern: [UInt8], _ string: [UInt8]) -> Bool {
    GlobPattern.matches(pattern.span, string.span)
  }

  @Test(arguments: ["", "plain", "user[1]*?", "a\\b", "[^x-z]", "]", "***", "\\", "é*"])
  func escapedDataMatchesItselfAlone(_ data: String) {
    let bytes = Array(data.utf8)
    let pattern = GlobPattern.escape(bytes)
    #expect(matches(pattern, bytes))
    #expect(!matches(pattern, bytes + [UInt8(ascii: "x")]))
    #expect(!matches(pattern, [UInt8(ascii: "x")] + bytes))
    if !bytes.isEmpty { #expect(!matches(pattern, Array(repeating: UInt8(ascii: "u"), count: bytes.count))) }
  }

  /// 2^60 steps for a matcher that tries every star again, a few thousand for this one.
  @Test func globDoesNotBlowUp() {
    let pattern = Array((String(repeating: "a*", count: 60) + "b").utf8)
    let string = Array(String(repeating: "a", count: 2000).utf8)
    let clock = ContinuousClock()
    let time = clock.measure { #expect(!matches(pattern, string)) }
    #expect(time < .seconds(1))
  }

  /// What `%.17Lf` prints, trimmed; the values are glibc's.
  @Test(arguments: [
    ("3.0e3", "3000"), ("0.1", "0.1"), ("1e-17", "0.00000000000000001"), ("4e-18", "0"), ("-4e-18", "0"),
    ("1e20", "100000000000000000000"), ("-2.50", "-2.5"), ("0x1p70", "1180591620717411303424"), ("5.", "5"),
  ])
  func floats(text: String, wanted: String) {
    let value = FloatText.parse(Array(text.utf8).span)
    #expect(value.map { String(decoding: FloatText.format($0), as: UTF8.self) } == wanted)
  }
}
