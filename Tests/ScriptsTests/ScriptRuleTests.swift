import Testing

@testable import SluiceScripts

@Suite struct ScriptRuleTests {
  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test(arguments: [
    ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"), ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
    ),
    (String(repeating: "a", count: 64), "0098ba824b5c16427bd7a1122a5a442a25ec644d"),
    ("return 1", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"),
  ])
  func namesAreThoseOfRedis(text: String, digest: String) {
    #expect(self.text(SHA1.hex(of: bytes(text))) == digest)
  }

  @Test func aTemplateIsFilled() throws {
    let keys = [bytes("app"), bytes("k2")]
    let arguments = [bytes("q"), bytes("w")]
    for (template, name) in [
      ("{KEYS[1]}:{ARGV[1]}.msgs", "app:q.msgs"), ("{{KEYS[1]}}{KEYS[2]}", "{app}k2"), ("plain", "plain"),
      ("{KEYS[1}", "{KEYS[1}"), ("a{b}", "a{b}"),
    ] {
      if name == template, template.contains("KEYS") {
        #expect(throws: ScriptRuleProblem.self) { try KeyTemplate(template) }
        continue
      }
      #expect(try KeyTemplate(template).name(keys: keys, arguments: arguments) == bytes(name))
    }
    #expect(try KeyTemplate("{ARGV[3]}").name(keys: keys, arguments: arguments) == nil)
    let prefix = try KeyTemplate("{KEYS[1]}:*")
    #expect(prefix.isPrefix && prefix.name(keys: keys, arguments: []) == bytes("app:"))
    for wrong in ["", "{KEYS[0]}", "{ARGV[x]}", "{KEYS[99999999999999999999]}", "a*b", "**"] {
      #expect(throws: ScriptRuleProblem.self, "\(wrong)") { try KeyTemplate(wrong) }
    }
  }

  @Test func aRuleSaysWhatACallTouches() throws {
    var rule = ScriptRule(.function(bytes("f")))
    #expect(rule.isPlain)
    rule.keys = [try KeyTemplate("{KEYS[1]}:i"), try KeyTemplate("{KEYS[2]}"), try KeyTemplate("{ARGV[1]}*")]
    rule.noKeys = [1]
    #expect(!rule.isPlain)
    var touched = rule.touched(keys: [bytes("n"), bytes("k")], arguments: [bytes("asgi*")])
    #expect(touched.keys.map(text) == ["k", "n:i"] && touched.prefixes.map(text) == ["asgi"])
    touched = rule.touched(keys: [], arguments: [])
    #expect(touched == ScriptRule.Touched())
    rule.keys = [try KeyTemplate("{TEXT[2]}*")]
    #expect(rule.readsText)
    touched = rule.touched(keys: [], arguments: [], body: bytes("call('KEYS', \"a'b:*\") x('\\\\')"))
    #expect(touched.prefixes.map(text) == ["a'b:"] && touched.keys == [])
    #expect(rule.touched(keys: [], arguments: []) == ScriptRule.Touched())
  }

  @Test func oneKnowsAScriptByNameOrShape() throws {
    let clear = { (name: String) in
      self.bytes("for _, k in ipairs(redis.call('KEYS', '\(name):*')) do x() end")
    }
    var shape = ScriptRule(.shape(ScriptRules.shape(of: clear("a"))))
    shape.mirroring = .both
    var own = ScriptRule(.sha1(SHA1.hex(of: bytes("return 1"))))
    own.mirroring = .primaryOnly
    let rules = ScriptRules([own, shape], shipped: [ScriptRule(own.subject)])
    #expect(rules[body: clear("it\\'s another")] == shape && rules[body: bytes("return 2")] == nil)
    #expect(rules[body: bytes("return 1")] == own, "one's own counts")
    #expect(rules[sha1: bytes("E0E1F9FABFC9D4800C877A703B823AC0578FF8DB")] == own)
    #expect(rules[sha1: bytes("e0e1")] == nil && rules[function: bytes("f")] == nil)
  }

  @Test func whatShipsIsWhole() throws {
    #expect(ScriptRules.ofLibraries.count == 14)
    for rule in ScriptRules.ofLibraries {
      #expect(!rule.isPlain)
      switch rule.subject {
      case .sha1(let digest), .shape(let digest): #expect(try ScriptRule.digest(text(digest)) == digest)
      case .function: Issue.record("none ships")
      }
    }
    // Each template was taken: seven of dramatiq's, and so on.
    #expect(ScriptRules.ofLibraries.map(\.keys.count) == [7, 1, 1, 1, 1, 1, 2, 1, 1, 2, 2, 1, 1, 0])
  }
}

@Suite struct ScriptSuspicionTests {
  @Test(
    arguments: [
      ("return redis.call('GET', KEYS[1])", nil),
      ("return redis.call('get', KEYS[1] .. ':lock')", .makesNames),
      ("redis.call('SET', ARGV[1], 1)", .takesArguments), ("return redis.call(\"KEYS\", 'a:*')", .searches),
      ("return redis.call('GET', 'config')", .knowsNames), ("return redis.call('TIME')", nil),
      ("redis.call('PUBLISH', ARGV[1], 'x') return redis.call('GET', KEYS[1])", nil),
      ("-- redis.call('GET', 'no')\nreturn 1", nil), ("--[[ redis.call('KEYS', '*') ]] return 1", nil),
      ("local k = KEYS[1] .. ':n'\nreturn redis.call('INCR', k)", .makesNames),
      ("local k = KEYS[1]\nreturn redis.call('INCR', k)", nil),
      ("local k = redis.call('GET', KEYS[1])\nreturn redis.call('INCR', KEYS[2])", nil),
      ("local ok = pcall(redis.call, 'DEL', ARGV[1]..'x')", .makesNames),
      ("return redis.pcall('SET', KEYS[1], ARGV[1] .. 'x')", nil), ("redis.call(", nil), ("call", nil),
      ("", nil),
      ("return redis.call(ARGV[1], KEYS[1])", nil),
    ] as [(String, ScriptSuspicion?)])
  func whatIsSeen(body: String, suspicion: ScriptSuspicion?) {
    #expect(ScriptSuspicion.of(Array(body.utf8)) == suspicion)
  }
}
