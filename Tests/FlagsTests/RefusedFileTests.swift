import Testing

@testable import SluiceFlags

/// Files that must be refused: by which code, at which path, with which words.
@Suite struct RefusedFileTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let text: String
    let code: FlagError.Code
    let path: String
    let words: String

    init(_ text: String, _ code: FlagError.Code, _ path: String, _ words: String) {
      self.text = text
      self.code = code
      self.path = path
      self.words = words
    }

    /// A targeting of `cache-stack`; the path goes on from there.
    init(targeting: String, _ code: FlagError.Code, _ path: String, _ words: String) {
      self.init(FlagText(targeting: targeting).text, code, "$.flags.cache-stack.targeting" + path, words)
    }

    /// A field of `FlagText`; the path goes on from `$.flags`.
    init(
      _ field: WritableKeyPath<FlagText, String> & Sendable, _ value: String, _ code: FlagError.Code,
      _ path: String, _ words: String
    ) {
      var text = FlagText()
      text[keyPath: field] = value
      self.init(text.text, code, "$.flags" + path, words)
    }

    var testDescription: String { "\(path) \(words)" }
  }

  static let syntax: [Case] = [
    Case("", .unreadable, "$", "empty"),
    Case(" \n\t", .unreadable, "$", "empty"),
    Case("{", .syntax, "$", "line 1, column 2 is not JSON: expected a name in quotes, but the file ends"),
    Case("{\n  \"flags\" {}}", .syntax, "$", "line 2, column 11 is not JSON: expected ':'"),
    Case("{\"flags\": {},}", .syntax, "$", "expected a name in quotes"),
    Case("{\"flags\": {}} x", .syntax, "$", "expected the end of the file"),
    Case("{\"flags\": [1,]}", .syntax, "$", "expected a value"),
    Case("{\"flags\": 01}", .syntax, "$", "expected ',' or '}'"),
    Case("{\"flags\": 1.}", .syntax, "$", "expected a digit"),
    Case("{\"flags\": \"\\x\"}", .syntax, "$", "unknown escape"),
    Case("{\"flags\": \"\\ud800\"}", .syntax, "$", "half a surrogate pair"),
    Case("{\"flags\": \"\\ud800\\u0000\"}", .syntax, "$", "half a surrogate pair"),
    Case("{\"flags\": \"\\udc00\"}", .syntax, "$", "half a surrogate pair"),
    Case("{\"flags\": \"\\u12g4\"}", .syntax, "$", "four hexadecimal digits"),
    Case("{\"flags\": \"a\nb\"}", .syntax, "$", "control character"),
    Case("{\"flags\": \"a", .syntax, "$", "closing quote"),
    Case("{\"flags\": nul}", .syntax, "$", "expected a value"),
    Case("\u{feff}{}", .syntax, "$", "byte order mark"),
    Case(String(repeating: "[", count: 100_000), .syntax, "$", "deeper than 64"),
    Case("{\"flags\": {}, \"flags\": {}}", .syntax, "$.flags", "twice"),
    Case("{\"flags\": {\"a.b\": {}, \"a.b\": {}}}", .syntax, "$.flags[\"a.b\"]", "twice"),
  ]

  static let shape: [Case] = [
    Case("[]", .invalid, "$", "is an array; a flag file is an object"),
    Case("{}", .invalid, "$.flags", "is missing"),
    Case("{\"flags\": [{\"key\": \"cache-stage\"}]}", .unsupported, "$.flags", "as an object"),
    Case("{\"flags\": {}}", .invalid, "$.flags.cache-stage", "is missing; add the flag"),
    Case("{\"flags\": {\"cache-stage\": 5}}", .invalid, "$.flags.cache-stage", "is 5; a flag is an object"),
    Case(
      "{\"flags\": {\"cache-stage\": {}}}", .invalid, "$.flags.cache-stage.state",
      "is missing; write \"ENABLED\""),
    Case(
      "{\"flags\": {\"cache-stage\": {\"state\": \"on\"}}}", .invalid, "$.flags.cache-stage.state",
      "is \"on\"; write \"ENABLED\""),
    Case(
      "{\"flags\": {\"cache-stage\": {\"state\": \"ENABLED\", \"variants\": {}}}}", .invalid,
      "$.flags.cache-stage.variants", "at least one variant"),
    Case(
      "{\"flags\": {\"cache-stage\": {\"state\": \"ENABLED\", \"variants\": {\"Live\": \"live\"}}}}",
      .invalid,
      "$.flags.cache-stage.variants.Live", "the stages are off, dualwrite, shadow"),
    Case(
      "{\"flags\": {\"cache-stage\": {\"state\": \"ENABLED\", \"variants\": {\"live\": \"off\"}}}}", .invalid,
      "$.flags.cache-stage.variants.live", "is \"off\"; write \"live\""),
    Case(\.stage, #""defaultVariant": "half""#, .invalid, ".cache-stage.defaultVariant", "is no variant"),
    Case(\.stage, #""defaultVariant": null"#, .invalid, ".cache-stage.defaultVariant", "name the stage"),
    Case(\.stage, #""defaultVariant": 3"#, .invalid, ".cache-stage.defaultVariant", "is 3"),
    Case(\.stage, #""default": "off""#, .invalid, ".cache-stage.default", "is no part of a flag"),
    Case(
      \.stage, #""defaultVariant": "off", "targeting": {"if": [true, "live", "off"]}"#, .unsupported,
      ".cache-stage.targeting.if", "the same for all keys"),
    Case(\.stack, #""targeting": "new""#, .invalid, ".cache-stack.targeting", "targeting is an object"),
    Case(
      \.sample, #""defaultVariant": "always""#, .invalid, ".shadow-sample.defaultVariant", "compare, skip"),
    Case(
      \.sample, #""targeting": {"if": [true, "compare"]}"#, .unsupported, ".shadow-sample.targeting.if",
      "takes a plain fractional"),
    Case(
      \.sample, #""targeting": {"fractional": [["skip", 1], ["compare", 9]]}"#, .invalid,
      ".shadow-sample.targeting.fractional[0][0]", "put \"compare\" first"),
  ]

  static let targeting: [Case] = [
    Case(
      targeting: #"{"sem_ver": ["1", ">", "2"]}"#, .unsupported, ".sem_ver", "not supported; use fractional"),
    Case(
      targeting: #"{"if": [true, {"sem_ver": ["1", ">", "2"]}]}"#, .unsupported, ".if[1].sem_ver",
      "sem_ver is not supported"),
    Case(targeting: #"{"$ref": "rule"}"#, .unsupported, ".$ref", "write the rule out here"),
    Case(targeting: #"{"==": [{"var": "targetingKey"}, "a"]}"#, .invalid, "[\"==\"]", "put it into an if"),
    Case(targeting: #"{"if": [], "or": []}"#, .invalid, "", "exactly one operation"),
    Case(targeting: #"{"if": []}"#, .invalid, ".if", "must be an array"),
    Case(targeting: #"{"if": [true, "newer"]}"#, .invalid, ".if[1]", "is \"newer\", which is no variant"),
    Case(targeting: #"{"if": [true, 5]}"#, .invalid, ".if[1]", "is 5, which is no variant"),
    Case(targeting: #"{"if": ["yes", "new"]}"#, .unsupported, ".if[0]", "a condition is true, false"),
    Case(targeting: #"{"if": [{"!": true}, "new"]}"#, .unsupported, ".if[0][\"!\"]", "is not supported"),
    Case(
      targeting: #"{"if": [{"ends_with": [{"var": "targetingKey"}, "x"]}, "new"]}"#, .unsupported,
      ".if[0].ends_with", "is not supported"),
    Case(targeting: #"{"if": [{"==": ["a"]}, "new"]}"#, .invalid, ".if[0][\"==\"]", "two operands"),
    Case(
      targeting: #"{"if": [{"==": [{"var": "email"}, "a"]}, "new"]}"#, .unsupported, ".if[0][\"==\"][0]",
      "the only variable is targetingKey"),
    Case(
      targeting: #"{"if": [{"starts_with": [{"var": "key"}, "a"]}, "new"]}"#, .unsupported,
      ".if[0].starts_with[0]", "keys of one tag stay together"),
    Case(
      targeting: #"{"if": [{"==": [{"var": "targetingKey"}, 5]}, "new"]}"#, .unsupported,
      ".if[0][\"==\"][1]", "with strings in quotes"),
    Case(
      targeting: #"{"if": [{"in": [{"var": "targetingKey"}, "abc"]}, "new"]}"#, .unsupported, ".if[0].in[1]",
      "an array of strings"),
    Case(
      targeting: #"{"if": [{"in": [{"var": "targetingKey"}, ["a", 2]]}, "new"]}"#, .unsupported,
      ".if[0].in[1][1]", "is 2"),
    Case(targeting: #"{"fractional": []}"#, .invalid, ".fractional", "must be an array"),
    Case(targeting: #"{"fractional": [["new", 1]]}"#, .unsupported, ".fractional", "has 1 entries; use two"),
    Case(
      targeting: #"{"fractional": [["new", 1], ["legacy", 1], ["new", 1]]}"#, .unsupported, ".fractional",
      "has 3 entries"),
    Case(
      targeting: #"{"fractional": [["legacy", 75], ["new", 25]]}"#, .invalid, ".fractional[0][0]",
      "put \"new\" first"),
    Case(
      targeting: #"{"fractional": [["new", 25], ["old", 75]]}"#, .invalid, ".fractional[1][0]",
      "use \"new\" and \"legacy\""),
    Case(
      targeting: #"{"fractional": [["new", -1], ["legacy", 75]]}"#, .invalid, ".fractional[0][1]",
      "is -1; a weight is a whole number"),
    Case(
      targeting: #"{"fractional": [["new", 2.5], ["legacy", 75]]}"#, .invalid, ".fractional[0][1]", "is 2.5"),
    Case(
      targeting: #"{"fractional": [["new", "25"], ["legacy", 75]]}"#, .invalid, ".fractional[0][1]",
      "a weight is a whole number"),
    Case(
      targeting: #"{"fractional": [["new", 0], ["legacy", 0]]}"#, .outOfRange, ".fractional", "0 and 0 do not"
    ),
    Case(
      targeting: #"{"fractional": [["new", 2147483647], ["legacy", 1]]}"#, .outOfRange, ".fractional",
      "must add up to 1 to 2147483647"),
    Case(
      targeting: #"{"fractional": [["new", 99999999999999999999], ["legacy", 1]]}"#, .invalid,
      ".fractional[0][1]", "a weight is a whole number"),
    Case(
      targeting: #"{"fractional": [["new", 1, 1], ["legacy", 1]]}"#, .invalid, ".fractional[0]",
      "must be [\"new\", weight]"),
    Case(
      targeting: #"{"fractional": [[{"if": [true, "new"]}, 1], ["legacy", 1]]}"#, .unsupported,
      ".fractional[0][0]", "write the variant"),
    Case(
      targeting: #"{"fractional": ["salt", ["new", 1], ["legacy", 1]]}"#, .unsupported, ".fractional[0]",
      "buckets nothing by the key"),
    Case(
      targeting: #"{"fractional": [{"var": "email"}, ["new", 1], ["legacy", 1]]}"#, .unsupported,
      ".fractional[0].var", "only targetingKey"),
    Case(
      targeting: #"{"fractional": [{"cat": ["a"]}, ["new", 1], ["legacy", 1]]}"#, .unsupported,
      ".fractional[0].cat", "must end with"),
    Case(
      targeting: #"{"fractional": [{"cat": [1, {"var": "targetingKey"}]}, ["new", 1], ["legacy", 1]]}"#,
      .unsupported, ".fractional[0].cat[0]", "neither a constant string nor"),
    Case(
      targeting: #"{"fractional": [{"merge": []}, ["new", 1], ["legacy", 1]]}"#, .unsupported,
      ".fractional[0].merge", "not supported here"),
  ]

  static let settings: [Case] = [
    settings("cache-guardrails", "5", .invalid, "", "the variants of cache-guardrails are objects"),
    settings("cache-guardrails", #"{"divergencerate": 1}"#, .invalid, ".divergencerate", "the fields are"),
    settings("cache-guardrails", #"{"divergenceRate": 1.5}"#, .outOfRange, ".divergenceRate", "from 0 to 1"),
    settings(
      "cache-guardrails", #"{"divergenceRate": 1e999}"#, .outOfRange, ".divergenceRate", "from 0 to 1"),
    settings("cache-guardrails", #"{"newErrorRate": "1"}"#, .invalid, ".newErrorRate", "write a number"),
    settings("cache-guardrails", #"{"minimumSample": 0}"#, .outOfRange, ".minimumSample", "from 1 to"),
    settings("cache-guardrails", #"{"slow": 0.1}"#, .invalid, ".slow", "write an object"),
    settings(
      "cache-guardrails", #"{"slow": {"healthy": 0.1, "broken": 0.1}}"#, .outOfRange, ".slow.broken",
      "not above"),
    settings(
      "cache-guardrails", #"{"slow": {"reaction": "panic"}}"#, .invalid, ".slow.reaction",
      "rollback, pause or notify"),
    settings("cache-guardrails", #"{"slow": {"limit": 1}}"#, .invalid, ".slow.limit", "the fields are"),
    settings(
      "cache-guardrails", #"{"failed": {}, "newErrorRate": 0.1}"#, .invalid, ".failed", "only one of them"),
    settings("cache-plan", #"{"verify": 1}"#, .invalid, ".verify", "true or false"),
    settings("cache-plan", #"{"steps": []}"#, .invalid, ".steps", "array of percentages"),
    settings("cache-plan", #"{"steps": [50, 25]}"#, .invalid, ".steps[1]", "is 25 after 50; steps must grow"),
    settings("cache-plan", #"{"steps": [0, 25]}"#, .outOfRange, ".steps[0]", "above 0, at most 100"),
    settings("cache-plan", #"{"steps": [25, 101]}"#, .outOfRange, ".steps[1]", "at most 100"),
    settings("cache-plan", #"{"minimumSeconds": -1}"#, .outOfRange, ".minimumSeconds", "whole number"),
    settings("cache-plan", #"{"minimumCompared": 1.5}"#, .outOfRange, ".minimumCompared", "whole number"),
  ]

  private static func settings(
    _ key: String, _ value: String, _ code: FlagError.Code, _ path: String, _ words: String
  ) -> Case {
    Case(
      \.more,
      #", "\#(key)": {"state": "ENABLED", "variants": {"default": \#(value)}, "defaultVariant": "default"}"#,
      code, ".\(key).variants.default\(path)", words)
  }

  @Test(arguments: syntax + shape + targeting + settings)
  func refuses(_ bad: Case) throws {
    let error = try #require(
      flagError { () throws(FlagError) in try FlagDefinition(bytes: Array(bad.text.utf8)) })
    #expect(error.code == bad.code, "\(error)")
    #expect(error.path == bad.path, "\(error)")
    #expect(error.message.contains(bad.words), "\(error)")
  }

  @Test func refusesWhatIsNotUTF8() {
    let error = flagError { () throws(FlagError) in try FlagDefinition(bytes: [0x7b, 0xff, 0x7d]) }
    #expect(error?.code == .syntax && error?.message.contains("UTF-8") == true)
  }

  /// Every cut of a good file is refused, and none crashes.
  @Test func refusesEveryBeginning() {
    let bytes = FlagText().bytes
    for end in 0..<bytes.count {
      #expect(flagError { () throws(FlagError) in try FlagDefinition(bytes: Array(bytes[..<end])) } != nil)
    }
  }

  /// Good files with bytes changed, dropped and doubled: whatever comes of it, nothing traps, and what is
  /// accepted can be edited.
  @Test func survivesMutations() {
    let seed: UInt64 = 0xf1a6
    var state = seed
    func random(below bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let bytes = FlagText(
      targeting:
        #"{"if": [{"in": [{"var": "targetingKey"}, ["\u00e9"]]}, {"fractional": [["new"], ["legacy", 3]]}]}"#
    ).bytes
    let alphabet = Array(#"{}[]",:\u0d8-+.eE19 tfn"#.utf8)
    for _ in 0..<3000 {
      var mutant = bytes
      for _ in 0...random(below: 3) {
        let place = random(below: mutant.count)
        switch random(below: 3) {
        case 0: mutant[place] = alphabet[random(below: alphabet.count)]
        case 1: mutant.remove(at: place)
        default: mutant.insert(alphabet[random(below: alphabet.count)], at: place)
        }
      }
      let isGood = flagError { () throws(FlagError) in try FlagDefinition(bytes: mutant) } == nil
      let isEditable =
        flagError { () throws(FlagError) in
          try FlagChange(editing: mutant, stage: .shadow, percentage: nil)
        } == nil
      #expect(isGood == isEditable, "seed \(seed): \(String(decoding: mutant, as: UTF8.self))")
    }
  }
}
