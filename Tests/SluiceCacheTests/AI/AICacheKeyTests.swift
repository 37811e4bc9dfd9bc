import SluiceLoadGenerator
import SluiceTestSupport
import Testing

@testable import SluiceCache

@Suite struct AICacheKeyTests {
  struct Vector: Sendable {
    let threshold: Int
    let text: String
    let operation: String
    var options: AIOptions = [:]
    var question: String?
    let key: String
  }

  /// Observed in the original.
  static let vectors: [Vector] = [
    Vector(
      threshold: 1000, text: "Hello: world|x", operation: "summarize", options: ["max_length": 100],
      key: "ai_cache:op:summarize|txt:Hello_ world_x|opts:5104236b"),
    Vector(
      threshold: 1000, text: "t", operation: "qa", question: "why?", key: "ai_cache:op:qa|txt:t|q:fd156261"),
    Vector(
      threshold: 1000, text: "t", operation: "qa",
      options: ["b": true, "a": nil, "c": 0.5, "d": "x y", "e": [1, "z"], "f": ["k": 1]],
      question: "Ünïcode?",
      key: "ai_cache:op:qa|txt:t|opts:ac3a5b9b|q:e6bf3461"),
    Vector(
      threshold: 10, text: "01234567890", operation: "op", key: "ai_cache:op:op|txt:hash:fa2454f99e5a7c6c"),
    Vector(threshold: 10, text: "0123456789", operation: "op", key: "ai_cache:op:op|txt:0123456789"),
    Vector(
      threshold: 10, text: "héllo wörld  two\tthree\nfour", operation: "op",
      key: "ai_cache:op:op|txt:hash:dd2d96a5c0b56ece"),
    Vector(
      threshold: 10, text: String(repeating: "\u{1F600}", count: 11), operation: "op", options: ["x": 1],
      question: "", key: "ai_cache:op:op|txt:hash:212a6c43c0915d2a|opts:a255512f"),
  ]

  @Test(arguments: vectors) func theVectorsOfTheOriginal(_ vector: Vector) throws {
    #expect(
      AICacheKey.make(
        text: vector.text, operation: vector.operation, options: vector.options, question: vector.question,
        textHashThreshold: vector.threshold) == vector.key)
    var settings = AIResponseCache.Settings()
    settings.textHashThreshold = vector.threshold
    let cache = try AIResponseCache(store: MemoryCache(), settings: settings)
    #expect(
      cache.key(
        text: vector.text, operation: vector.operation, options: vector.options, question: vector.question)
        == vector.key)
  }

  /// The keys that Python makes of dictionaries written in this order.
  @Test func objectsInsideOfOptionsKeepTheirOrder() {
    func key(_ options: AIOptions) -> String {
      AICacheKey.make(text: "t", operation: "qa", options: options, textHashThreshold: 1000)
    }
    let written = key(["model": ["name": "m", "temperature": 0.5, "stop": [["z": 1, "a": nil]]], "a": 1])
    #expect(written == "ai_cache:op:qa|txt:t|opts:b13e2e5d")
    let sorted = key(["a": 1, "model": ["name": "m", "stop": [["a": nil, "z": 1]], "temperature": 0.5]])
    #expect(sorted == "ai_cache:op:qa|txt:t|opts:672d6787")
    let value: CacheValue = ["name": "m", "temperature": 0.5, "stop": [["z": 1, "a": nil]]]
    #expect(key(AIOptions(["a": 1, "model": value])) == sorted)
    #expect(
      key([
        "a": 7, "a": 1, "model": ["name": 0, "stop": [["a": nil, "z": 1]], "temperature": 0.5, "name": "m"],
      ]) == sorted)
  }

  @Test func theQuestionAsAnOption() {
    let key = AICacheKey.build(
      text: "hello", operation: "qa", options: ["question": "why"], textHashThreshold: 1000)
    #expect(key == "ai_cache:op:qa|txt:hello|opts:67abb9f4|q:531e70a6")
  }

  /// The rules of the original, written down once more in Python, on random arguments.
  @Test func pythonMakesTheSameKeys() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix64(seed: seed)
    let script = """
      import hashlib, json, sys
      for line in sys.stdin:
          text, operation, options, question = json.loads(line)
          if len(text) <= 10:
              part = text.replace("|", "_").replace(":", "_")
          else:
              h = hashlib.sha256(text.encode())
              h.update(f"len:{len(text)}".encode())
              h.update(f"words:{len(text.split())}".encode())
              part = "hash:" + h.hexdigest()[:16]
          key = f"ai_cache:op:{operation}|txt:{part}"
          if options:
              pairs = "&".join(f"{k}={v}" for k, v in sorted(options.items()))
              key += "|opts:" + hashlib.md5(pairs.encode()).hexdigest()[:8]
          if question:
              key += "|q:" + hashlib.md5(question.encode()).hexdigest()[:8]
          print(json.dumps(key))
      """
    var calls: [(String, [String: CacheValue], String)] = []
    for _ in 0..<2000 {
      var text = random.text()
      if Bool.random(using: &random) { text += " |: \u{1C}a\u{85}b\u{2003}" + random.text() }
      var options: [String: CacheValue] = [:]
      for _ in 0..<Int.random(in: 0...4, using: &random) { options[random.text()] = random.value() }
      calls.append((text, options, random.text()))
    }
    let lines = calls.map {
      CacheValue.array([.string($0.0), "op", .object($0.1), .string($0.2)]).json + "\n"
    }
    let run = try Child.run("/usr/bin/python3", ["-c", script], input: lines.joined())
    #expect(run.exit == .code(0), "\(run.errors)")
    let keys = run.output.split(separator: "\n")
    #expect(keys.count == calls.count)
    for (call, key) in zip(calls, keys) {
      let ours = AICacheKey.make(
        text: call.0, operation: "op", options: AIOptions(call.1), question: call.2, textHashThreshold: 10)
      #expect(try CacheValue(jsonBytes: key.utf8) == .string(ours), "seed \(seed)")
    }
  }

  @Test(
    arguments: [
      (0, .small), (499, .small), (500, .medium), (4999, .medium), (5000, .large), (49_999, .large),
      (50_000, .xlarge), (Int.max, .xlarge),
    ] as [(Int, TextSizeTiers.Tier)])
  func tiers(_ count: Int, _ tier: TextSizeTiers.Tier) {
    #expect(TextSizeTiers().tier(of: count) == tier)
  }
}
