extension ScriptRules {
  /// What was learned of the scripts of common libraries, from published packages: SHA-1 and keys. A later version may send another text:
  /// then its rule is one's own to write.
  public static let ofLibraries: [ScriptRule] = [
    // dramatiq 1.18.0: KEYS[1] is a namespace. Of workers that have died it takes keys that only it knows.
    rule(
      "976fb89fbb3c404c8c7bed59060c56521eb9ba69",
      [
        "{KEYS[1]}:__heartbeats__", "{KEYS[1]}:__acks__.{ARGV[4]}.{ARGV[3]}", "{KEYS[1]}:{ARGV[3]}",
        "{KEYS[1]}:{ARGV[3]}.msgs", "{KEYS[1]}:{ARGV[3]}.XQ", "{KEYS[1]}:{ARGV[3]}.XQ.msgs", "{KEYS[1]}:*",
      ], none: [1], .repeat),
    // django-cacheops 7.2: KEYS[1] is a prefix, empty unless one is set. cache_thing, the same inside out (from Redis 7 on, and before),
    // and how both are invalidated.
    rule("43c56897fe581fb7eefdc1f00d6db8bc0ed5318e", ["{KEYS[1]}*"], none: [1, 3], .repeat),
    rule("93caee718597fa57f2c358b06f9d7f5cb05a233d", ["{KEYS[1]}*"], none: [1], .repeat),
    rule("76f365ace541416bbf41c63396d6f65797ca54e7", ["{KEYS[1]}*"], none: [1], .repeat),
    rule("0605214935a9ffcd4b9e5779300302540ff08da4", ["{KEYS[1]}*"], none: [1], .repeat),
    rule("3fc258d735c924d5652fceb90b41bea1f1f29e4b", ["{KEYS[1]}*"], none: [1], .repeat),
    // channels-redis 4.3.0 declares no key: what was received and not acknowledged goes back, and everything is deleted.
    rule("8d28fb4c84249684940e751f9f15170eb9a96e1a", ["{ARGV[1]}", "{ARGV[2]}"], .repeat),
    rule("4d71449255c78343266920db788a2fc84a93ca58", ["{ARGV[1]}*"], .both),
    // limits 5.8.0, Flask-Limiter, slowapi: reset() deletes by a pattern.
    rule("f2994557f1daca13bfef97c2a31ca4b174e031ca", ["{KEYS[1]}*"], none: [1], .both),
    // python-redis-lock 4.0.1: reset_all().
    rule("b121d3548d693116c3851b63befe947e49f28c7c", ["lock:*", "lock-signal:*"], .both),
    // Symfony's RedisTagAwareAdapter 5.4.53: what bears a tag is deleted, in two steps.
    rule("43d401bd2bd0ad864c3ca221512cda1b6215ec23", ["{{KEYS[1]}}{KEYS[1]}", "{ARGV[1]}*"], .repeat),
    rule("61fbbfc088ab586682ec7f5e23fba15a52ff37ea", ["{{KEYS[1]}}{KEYS[1]}"], none: [1], .copy),
    // fastapi-cache2 0.2.2: clear(namespace) writes the namespace into the text.
    rule(.shape(Array("57f365632e53f092fa91bad29a045f96c98008d1".utf8)), ["{TEXT[2]}*"], .both),
    // redis-py 4 to 8, Lock.release(): no more than "delete if it is mine".
    rule("c3f8721cbb97f72bc19e972846bd7aaf91901658", [], .repeat),
  ]

  private static func rule(
    _ digest: StaticString, _ keys: [String], none: [Int] = [], _ mirroring: ScriptRule.Mirroring
  ) -> ScriptRule {
    rule(.sha1(Array(digest.description.utf8)), keys, none: none, mirroring)
  }

  private static func rule(
    _ subject: ScriptRule.Subject, _ keys: [String], none: [Int] = [], _ mirroring: ScriptRule.Mirroring
  ) -> ScriptRule {
    var rule = ScriptRule(subject)
    // A template that cannot be is left out here; a test sees that there is none.
    rule.keys = keys.compactMap { try? KeyTemplate($0) }
    rule.noKeys = none
    rule.mirroring = mirroring
    return rule
  }
}
