import Testing

@testable import SluiceCommands

@Suite struct RulesTests {
  let table = CommandTable.shared

  func spec(_ line: String) -> CommandSpec { Invocation(line).spec }

  /// A rule for a name that no row has would be a rule that nobody keeps.
  @Test func everyRuleHasItsRow() {
    let names = Set(table.specs.map(\.name))
    let refused = CommandRules.refused.flatMap(\.names)
    let compared = CommandRules.comparison.flatMap(\.names)
    let ruled =
      Array(CommandRules.local.keys) + Array(CommandRules.keyspace.keys) + refused + compared
      + Array(CommandRules.keyed) + Array(CommandRules.split.keys) + Array(CommandRules.hitMiss)
      + Array(CommandRules.refusedOption.keys) + Array(CommandTable.generatedLayouts.keys)
    for name in ruled { #expect(names.contains(name), "\(name)") }
    let scoped = Array(CommandRules.local.keys) + Array(CommandRules.keyspace.keys) + refused
    #expect(Set(scoped).count == scoped.count, "a command with two scopes")
    #expect(Set(compared).count == compared.count, "a command with two comparisons")
  }

  /// What has no key cannot be routed by one: somebody must have decided about it.
  @Test func nothingWithoutKeysIsKeyed() {
    for spec in table.specs where spec.keys == .none {
      #expect(spec.scope != .keyed, "\(spec.name)")
    }
    for spec in table.specs where spec.keys != .none {
      if case .local = spec.scope { Issue.record("\(spec.name) has keys and is answered by the proxy") }
    }
  }

  @Test func everyCaseIsInUse() {
    let scopes = table.specs.map(\.scope)
    for command in LocalCommand.allCases { #expect(scopes.contains(.local(command)), "\(command)") }
    for command in KeyspaceCommand.allCases { #expect(scopes.contains(.keyspace(command)), "\(command)") }
    // What only options, HELLO or SELECT ask for, and what only a server can bring.
    let byArgument: [Refusal] = [
      .resp3, .sortPattern, .select, .behindSelect, .unknownKeys, .hiddenCommands, .scriptWithoutKeys,
    ]
    for refusal in Refusal.allCases where !byArgument.contains(refusal) {
      #expect(scopes.contains(.refused(refusal)), "\(refusal)")
    }
  }

  @Test(arguments: Refusal.allCases)
  func refusalsAreOneLineThatBeginsWithAnErrorWord(refusal: Refusal) {
    let message = refusal.message
    #expect(
      message.hasPrefix(refusal == .resp3 ? "NOPROTO unsupported protocol version (sluice: " : "ERR sluice: ")
    )
    #expect(!message.contains(where: \.isNewline) && message.utf8.count < 200 && !message.hasSuffix("."))
  }

  @Test func writesAreNeverCompared() {
    for spec in table.specs where spec.access == .write { #expect(spec.comparison == .never, "\(spec.name)") }
    for spec in table.specs where spec.split == .values { #expect(spec.access == .read) }
  }

  @Test func samples() {
    #expect(spec("get k").access == .read && spec("get k").isHitMiss && spec("get k").hasSingleKeyAtOne)
    #expect(spec("getex k").access == .write && spec("sort k").access == .write)
    #expect(spec("sort_ro k").access == .read && spec("pfcount k").access == .read)
    #expect(spec("mget k").split == .values && spec("mset k v").split == .allOK)
    #expect(
      spec("touch k").split == .sum && spec("touch k").access == .read && spec("msetnx k v").split == .none)
    #expect(spec("hgetall k").comparison == .unorderedPairs && spec("smembers k").comparison == .unordered)
    #expect(spec("ttl k").comparison == .tolerance && spec("get k").comparison == .exact)
    #expect(spec("object freq k").comparison == .never && spec("object freq k").access == .read)
    #expect(spec("eval s 0").scope == .keyed && spec("script kill").scope == .refused(.script))
    #expect(spec("script load s").scope == .local(.onBothStacks))
    #expect(spec("client kill x").scope == .refused(.administration))
    #expect(spec("client tracking on").scope == .local(.clientTracking))
    #expect(spec("client caching yes").scope == .refused(.tracking))
    #expect(
      spec("memory usage k").scope == .keyed && spec("memory doctor").scope == .refused(.administration))
    #expect(spec("config get save").scope == .local(.configGet))
    #expect(spec("config set a b").scope == .refused(.configuration))
    #expect(spec("dbsize").scope == .keyspace(.dbsize) && spec("flushall").scope == .keyspace(.flushall))
    #expect(spec("role").scope == .refused(.replication) && spec("move k 1").scope == .refused(.database))
  }
}
