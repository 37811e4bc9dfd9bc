import SluiceRESP
import Testing

@testable import SluiceCommands

@Suite struct MirrorRulesTests {
  let table = CommandTable.shared

  /// Nobody adds a write to the table without saying what the mirror does with it.
  @Test func everyKeyedWriteHasOneRule() {
    let ruled = CommandRules.mirror.flatMap(\.names)
    let writes = table.specs.filter {
      ($0.access == .write || $0.name == "PFCOUNT") && $0.scope == .keyed && $0.id != CommandTable.unknownID
    }
    #expect(writes.count > 80)
    #expect(Set(writes.map(\.name)).symmetricDifference(ruled).isEmpty)
    #expect(Set(ruled).count == ruled.count)
    for row in CommandRules.mirror {
      for name in row.names {
        let spec = table.specs.first { $0.name == name }
        #expect(spec?.mirror == row.rule && spec?.prior == row.prior, "\(name)")
      }
    }
  }

  @Test func nothingElseIsMirrored() {
    for spec in table.specs where spec.access == .read && !spec.changesOnRead || spec.scope != .keyed {
      #expect(spec.mirror == .none && spec.prior == .irrelevant, "\(spec.name)")
    }
  }

  @Test func theUnknownIsCopied() {
    let unknown = table.specs[CommandTable.unknownID]
    #expect(unknown.mirror == .copy && unknown.buildsOnPriorValue)
    #expect(Mirrored("NOSUCH k v", "+OK\r\n").action == .copy)
  }

  /// What takes an absent key for an empty one and goes on from there, and what does not.
  @Test func updatesBuildOnThePriorValue() {
    for line in [
      "incr k", "append k v", "hset k f v", "lpush k v", "sadd k m", "zadd k 1 m", "setbit k 1 1",
      "pfadd k e", "xadd k * f v", "rename a b", "sunionstore d a b", "copy a b", "set k v keepttl",
      "set k v nx KEEPTTL", "incrbyfloat k 1", "hincrbyfloat k f 1", "bitfield k incrby u8 0 1",
    ] {
      #expect(buildsOnPriorValue(line), "\(line)")
    }
    for line in [
      "set k v", "set k keepttl", "set k v ex 5", "setnx k v", "mset a 1", "del a", "getdel k", "getset k v",
      "hdel k f", "lpop k", "expire k 5", "getex k persist", "spop k", "zpopmin k", "xtrim k maxlen 5",
    ] {
      #expect(!buildsOnPriorValue(line), "\(line)")
    }
  }

  private func buildsOnPriorValue(_ line: String) -> Bool {
    let invocation = Invocation(line)
    return Mirroring.buildsOnPriorValue(
      invocation.spec, request: invocation.frame.span, arguments: invocation.arguments.span)
  }
}

/// What the mirror would do about one command and its reply, at one second past the epoch.
struct Mirrored {
  var action: MirrorAction
  var output: [UInt8] = Array("left over".utf8)

  init(
    _ words: [[UInt8]], _ reply: [UInt8], now: Int64 = 1000, limits: FrameLimits = FrameLimits(),
    primary: ServerAbilities = .redis70, mirror: ServerAbilities = .redis70
  ) {
    let invocation = Invocation(words)
    action = Mirroring.effect(
      of: invocation.spec, request: invocation.frame.span, arguments: invocation.arguments.span,
      reply: reply.span, nowMilliseconds: now, limits: limits, abilities: (primary, mirror), into: &output)
  }

  /// - Parameter primary: the same as `mirror` if left out.
  init(
    _ line: String, _ reply: String, now: Int64 = 1000, primary: ServerAbilities? = nil,
    mirror: ServerAbilities = .redis70
  ) {
    self.init(
      Invocation.words(line).map { Array($0.utf8) }, Array(reply.utf8), now: now, primary: primary ?? mirror,
      mirror: mirror)
  }
}
