import SluiceLoadGenerator
import SluiceTestSupport
import Testing

@testable import SluiceCache

@Suite struct JSONTests {
  @Test(
    arguments: [
      (.null, "null"), (.bool(true), "true"), (.bool(false), "false"), (.int(0), "0"), (.int(-7), "-7"),
      (.int(.min), "-9223372036854775808"), (.double(1), "1.0"), (.double(0.5), "0.5"),
      (.double(-0.0), "-0.0"), (.double(1e16), "1e+16"),
      (.double(123_456_789_012_345_680), "1.2345678901234568e+17"),
      (.double(9_007_199_254_740_992), "9007199254740992.0"), (.double(1e-5), "1e-05"),
      (.double(0.0001), "0.0001"),
      (.double(.leastNonzeroMagnitude), "5e-324"), (.double(1e100), "1e+100"),
      (.double(.infinity), "Infinity"),
      (.double(-.infinity), "-Infinity"), (.string(""), "\"\""),
      (.string("a\"\\\n\t\r\u{8}\u{C}/"), #""a\"\\\n\t\r\b\f/""#),
      (.string("é\u{7F}\u{1}"), #""\u00e9\u007f\u0001""#), (.string("😀"), #""\ud83d\ude00""#),
      (.array([]), "[]"), (.array([1, "z", nil]), #"[1,"z",null]"#), (.object([:]), "{}"),
      (.object(["b": 1, "a": ["x": 2.5]]), #"{"a":{"x":2.5},"b":1}"#),
    ] as [(CacheValue, String)])
  func writesAsPythonDoes(_ value: CacheValue, _ json: String) throws {
    #expect(value.json == json)
    #expect(try CacheValue(jsonBytes: json.utf8) == value)
  }

  @Test(
    arguments: [
      (" [ 1 , 2 ]\n", .array([1, 2])), ("{\"a\" : {}}", .object(["a": [:]])), ("1E2", .double(100)),
      ("-0", .int(0)), ("12345678901234567890", .double(12_345_678_901_234_567_168)),
      ("1e999", .double(.infinity)),
      (#""\u00E9\/""#, .string("é/")), (#""\ud83d""#, .string("\u{FFFD}")),
      (#""\ude00x""#, .string("\u{FFFD}x")),
      (#""\ud83d\u0041""#, .string("\u{FFFD}A")), (#"{"a":1,"a":2}"#, .object(["a": 2])),
      ("\"é\"", .string("é")),
    ] as [(String, CacheValue)])
  func readsWhatOthersWrite(_ json: String, _ value: CacheValue) throws {
    #expect(try CacheValue(jsonBytes: json.utf8) == value)
  }

  @Test(arguments: [
    "", " ", "{", "[", "[1", "[1,", "[1,]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}", "{1:2}",
    "tru", "nul",
    "01", "-", "1.", ".5", "1e", "+1", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\n\"", "1 2", "Nan",
    "Infinit", "'a'", "\u{FEFF}1",
    "[" + String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 1000) + "1",
  ])
  func refusesWhatIsNotJSON(_ text: String) {
    let error = #expect(throws: CacheError.self) { try CacheValue(jsonBytes: text.utf8) }
    #expect(error?.kind == .validation)
  }

  @Test func everyPrefixAndEveryMutantIsReadOrRefused() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix64(seed: seed)
    for _ in 0..<300 {
      let bytes = random.value().jsonBytes
      for count in 0..<bytes.count { _ = try? CacheValue(jsonBytes: bytes[..<count]) }
      for _ in 0..<20 where !bytes.isEmpty {
        var mutant = bytes
        mutant[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        guard let value = try? CacheValue(jsonBytes: mutant) else { continue }
        // What was read is written as JSON that means the same; NaN is the one value that differs from
        // itself.
        #expect(try CacheValue(jsonBytes: value.jsonBytes).json == value.json, "seed \(seed)")
      }
    }
  }

  /// Python reads each line, and writes it again: the bytes must be ours.
  @Test func pythonWritesTheSameBytes() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix64(seed: seed)
    let values = (0..<3000).map { _ in random.value() }
    let script = """
      import json, sys
      for line in sys.stdin:
          print(json.dumps(json.loads(line), separators=(",", ":"), sort_keys=True))
      """
    let run = try Child.run(
      "/usr/bin/python3", ["-c", script], environment: ["PYTHONIOENCODING": "utf-8"],
      input: values.map { $0.json + "\n" }.joined())
    #expect(run.exit == .code(0), "\(run.errors)")
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == values.count)
    for (value, line) in zip(values, lines) {
      #expect(line == value.json, "seed \(seed)")
      #expect(try CacheValue(jsonBytes: line.utf8) == value, "seed \(seed)")
    }
  }

  /// `repr` of Python, for numbers and texts of every kind.
  @Test func pythonShowsTheSameText() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix64(seed: seed)
    let values = (0..<3000).map { _ in random.value() }
    // Python keeps the order of the text, which is sorted already.
    let script = """
      import json, sys
      for line in sys.stdin:
          print(ascii(str(json.loads(line))))
      """
    let run = try Child.run(
      "/usr/bin/python3", ["-c", script], input: values.map { $0.json + "\n" }.joined())
    #expect(run.exit == .code(0), "\(run.errors)")
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == values.count)
    for (value, line) in zip(values, lines) {
      #expect(line == ascii(PythonText.str(AIOption(value))), "seed \(seed)")
    }
  }

  /// Python's `ascii()`: `repr` with everything beyond ASCII escaped.
  private func ascii(_ text: String) -> String {
    var result = ""
    for scalar in PythonText.repr(text).unicodeScalars {
      let digits = String(scalar.value, radix: 16)
      switch scalar.value {
      case ..<0x7F: result.unicodeScalars.append(scalar)
      case ..<0x100: result += "\\x" + String(repeating: "0", count: 2 - digits.count) + digits
      case ..<0x10000: result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
      }
    }
    return result
  }
}
