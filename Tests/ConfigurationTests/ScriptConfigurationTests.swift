import SluiceScripts
import Testing

@testable import SluiceConfiguration

@Suite struct ScriptConfigurationTests {
  private static let digest = "8d28fb4c84249684940e751f9f15170eb9a96e1a"

  private func problems(_ rule: String) -> [String] {
    do throws(ConfigurationError) {
      _ = try ServeConfiguration.load(yaml: "scripts:\n  \(rule)\n", options: ServeOptions())
      return []
    } catch {
      return error.problems.map(\.description)
    }
  }

  @Test("Everything that may be said of a script")
  func everything() throws {
    let configuration = try ServeConfiguration.load(
      yaml: """
        scripts:
          - {sha1: 8D28FB4C84249684940E751F9F15170EB9A96E1A, keys: ["{KEYS[1]}:i", "app:*"], no_keys: [1], mirror: repeat}
          - {shape: \(Self.digest), keys: "{TEXT[2]}*", mirror: both}
          - {function: count, mirror: primary-only}
          - {function: known}
        """)
    let rules = configuration.scripts
    #expect(rules.count == 4)
    #expect(rules[0].subject == .sha1(Array(Self.digest.utf8)) && rules[0].noKeys == [1])
    #expect(rules[0].keys.map(\.isPrefix) == [false, true] && rules[0].mirroring == .repeat)
    #expect(rules[1].readsText && rules[1].mirroring == .both)
    #expect(rules[2].mirroring == .primaryOnly && rules[3].isPlain)
    // What is in force can be read as it would be written.
    let again = try ServeConfiguration.load(yaml: configuration.redacted)
    #expect(again.scripts == rules)
  }

  @Test(
    "What is wrong with a rule is said",
    arguments: [
      ("- {keys: [a]}", "sha1: is missing"), ("- {sha1: abc}", "is no SHA-1"),
      ("- {sha1: \(digest), function: f}", "is not alone"),
      ("- {function: f, keys: [\"a*b\"]}", "not at its end"),
      ("- {function: f, keys: [\"{KEYS[0]}\"]}", "without its end"),
      ("- {function: f, mirror: twice}", "write copy, repeat"),
      ("- {function: f, no_keys: [0]}", "no_keys"), ("- {function: f, key: a}", "did you mean keys?"),
      ("[{function: f}, {function: f}]", "twice"), ("{function: f}", "is not a list"),
    ])
  func wrong(rule: String, words: String) {
    let found = problems(rule)
    #expect(!found.isEmpty && found.contains { $0.contains(words) }, "\(rule): \(found)")
  }
}
