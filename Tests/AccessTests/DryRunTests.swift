import SluiceAccess
import SluiceCommands
import SluiceLoadGenerator
import SluiceRESP
import SluiceRedisClient
import SluiceTestSupport
import Testing

/// The truth is Redis's own: what `ACL DRYRUN` of 7.0.15 says of random rules, commands and keys, word for word.
@Suite(.timeLimit(.minutes(1))) struct DryRunTests {
  private static let seed = UInt64.random(in: 0...UInt64.max)
  private let table = CommandTable.shared

  /// Calls whose keys no range tells.
  private static let samples = [
    "SET k v", "SET k v GET", "SET k v EX 10 get", "SET get get", "BITFIELD k GET u8 0",
    "BITFIELD k OVERFLOW SAT GET u8 0 get i4 1", "BITFIELD k GET u8 0 SET u8 0 1", "BITFIELD k INCRBY u8 0 1",
    "BITFIELD k", "BITFIELD k GET u8", "SORT k", "SORT k STORE k", "SORT k LIMIT 0 1 ASC STORE k",
    "SORT_RO k ALPHA", "GEORADIUS k 1 1 1 m", "GEORADIUS k 1 1 1 m STORE k",
    "GEORADIUSBYMEMBER k m 1 km STOREDIST k", "XREAD STREAMS k 0", "XREAD COUNT 1 STREAMS k k 0 0",
    "XREADGROUP GROUP g c STREAMS k >", "EVAL return 2 k k x", "EVAL return 0", "EVALSHA_RO aa 1 k",
    "FCALL f 2 k k", "FCALL_RO f 1 k", "ZUNIONSTORE k 2 k k", "ZINTERSTORE k 1 k WEIGHTS 2",
    "ZDIFF 2 k k", "ZINTERCARD 2 k k", "SINTERCARD 2 k k LIMIT 1", "LMPOP 2 k k LEFT", "ZMPOP 1 k MIN",
    "BLMPOP 0 1 k LEFT", "MIGRATE h 1 k 0 10", "MSET k v k v", "MSETNX k v k v", "COPY k k", "RENAME k k",
    "OBJECT ENCODING k", "MEMORY USAGE k", "XGROUP CREATE k g 0", "XINFO STREAM k", "EXISTS k k", "DEL k k",
    "TYPE k", "STRLEN k", "TOUCH k", "PFCOUNT k k", "PFMERGE k k k", "BITOP AND k k k", "SMOVE k k m",
    "LMOVE k k LEFT LEFT", "RPOPLPUSH k k", "WATCH k k", "MULTI", "EXEC", "PING", "SELECT 1", "INFO",
    "CONFIG GET x", "CONFIG SET x y", "CLIENT ID", "CLIENT KILL ID 1", "ACL WHOAMI", "ACL LIST",
    "SCRIPT LOAD x",
    "COMMAND", "COMMAND COUNT", "AUTH a b", "HELLO", "QUIT", "RESET", "KEYS *", "FLUSHALL", "SCAN 0",
    "LPUSHX k v", "GETEX k PERSIST", "SUBSCRIBE c", "PUBLISH c x",
  ]
  private static let keys = ["app:1", "app:", "app", "a", "shared:x", "xapp:1", "[1", "éa", "log:2"]
  private static let patterns = [
    "app:*", "*", "a*", "a?p*", "[a-c]*", "[^a]*", "shared:*", "app:1", "*:1", "\\[1", "log:*", "", "é*",
  ]

  /// Every command of the table with just as many words as it wants, and the samples.
  private func calls(_ random: inout SplitMix64) -> [[String]] {
    var calls: [[String]] = []
    for spec in table.specs where spec.isOfRedis70 && !spec.isContainer {
      guard case .range = spec.keys else {
        if spec.keys == KeyLayout.none { calls.append(Self.words(spec)) }
        continue
      }
      // The samples have it as it is used, with sources.
      if spec.name == "PFMERGE" { continue }
      calls.append(Self.words(spec).map { $0.hasPrefix("w") ? Self.pick(Self.keys, &random) : $0 })
    }
    for sample in Self.samples {
      calls.append(
        sample.split(separator: " ").map { $0 == "k" ? Self.pick(Self.keys, &random) : String($0) })
    }
    return calls
  }

  private static func words(_ spec: CommandSpec) -> [String] {
    let name = spec.name.split(separator: "|").map(String.init)
    return name + (name.count..<max(name.count, abs(spec.arity))).map { "w\($0)" }
  }

  private static func bytes(_ words: [String]) -> [[UInt8]] { words.map { Array($0.utf8) } }

  private static func isRule(_ word: String, _ add: (inout AccessRules, String) throws -> Void) -> Bool {
    var rules = AccessRules()
    do { try add(&rules, word) } catch { return false }
    return true
  }

  private static func pick<T>(_ all: [T], _ random: inout SplitMix64) -> T {
    all[Int(random.next() % UInt64(all.count))]
  }

  private func rules(_ random: inout SplitMix64) -> (commands: [String], keys: [String]) {
    let specs = table.specs.filter { $0.isOfRedis70 }
    var commands: [String] = []
    for _ in 0..<random.next() % 9 {
      let sign = random.next() % 3 == 0 ? "-" : "+"
      switch random.next() % 10 {
      case 0: commands.append(Self.pick(["allcommands", "nocommands", "+@all", "-@all"], &random))
      case 1...4: commands.append("\(sign)@\(Self.pick(CommandCategories.ofEveryServer.names, &random))")
      default: commands.append("\(sign)\(Self.pick(specs, &random).name.lowercased())")
      }
    }
    var keys: [String] = []
    for _ in 0..<random.next() % 5 {
      keys.append(Self.pick(["~", "~", "%R~", "%W~", "%RW~"], &random) + Self.pick(Self.patterns, &random))
    }
    // Redis takes nothing behind all keys.
    if let all = keys.firstIndex(of: "~*") { keys.removeSubrange((all + 1)...) }
    if random.next() % 5 == 0 { keys = ["allkeys"] }
    if random.next() % 5 == 0 { keys = ["~app:*", "resetkeys", "%W~a*"] }
    return (commands, keys)
  }

  @Test("What random rules say of every command is what Redis says of it")
  func agrees() throws {
    let server = try RedisServer(.unixSocket)
    let client = try server.client()
    var random = SplitMix64(seed: Self.seed)
    let words = AccessWords(version: "7.0.15".utf8)
    var counts: [String: Int] = [:]
    for round in 0..<60 {
      let (commands, keys) = rules(&random)
      let made = try client.command(
        Self.bytes(["ACL", "SETUSER", "u", "reset", "on", "nopass", "allchannels"] + commands + keys))
      try #require(made == .status("OK"), "\(commands) \(keys): \(made)")
      var own = AccessRules()
      for word in commands { try own.add(command: word) }
      for word in keys { try own.add(key: word) }
      let permit = Permit(own, denied: [], in: table)
      let calls = calls(&random)
      for call in calls { try client.append(Self.bytes(["ACL", "DRYRUN", "u"] + call)) }
      try client.send()
      for call in calls {
        let said = try client.reply()
        if case .error(let error) = said {
          // It has another number of arguments there, or keys that contradict themselves.
          counts["no call", default: 0] += 1
          #expect(error.contains("wrong number") || error.contains("not found"), "\(call): \(error)")
          continue
        }
        let frame = InlineRequest.frame(of: Self.bytes(call))
        var reader = RequestFramer(limits: FrameLimits())
        guard case .command = reader.next(frame.span) else { continue }
        let arguments = reader.arguments
        let id = table.resolve(in: frame.span, arguments: arguments.span)
        var indices: [Int] = []
        let ours = permit?.denial(of: id, in: table, frame.span, arguments.span, &indices)
        let expected = ours.map { denial in
          var key = ""
          if case .key(let index) = denial { key = call[index] }
          return words.dryRun(denial, user: "u", command: table.specs[id].name, key: key)
        }
        switch ours {
        case nil: counts["allowed", default: 0] += 1
        case .command?: counts["command", default: 0] += 1
        case .key?: counts["key", default: 0] += 1
        }
        #expect(
          said.text == expected ?? "OK", "seed \(Self.seed), round \(round): \(commands) \(keys): \(call)")
      }
    }
    // Each answer was there often enough to mean something.
    #expect(
      (counts["allowed"] ?? 0) > 2000 && (counts["command"] ?? 0) > 2000 && (counts["key"] ?? 0) > 300,
      "\(counts)")
    #expect((counts["no call"] ?? 0) < 1000, "\(counts)")
  }

  @Test("What Redis takes for no rule is none here either")
  func wrongRules() throws {
    let server = try RedisServer(.unixSocket)
    let client = try server.client()
    for word in [
      "+nope", "foo", "+@nope", "-@", "+config|nosub", "-get|foo", "+", "-", "+config|get|x", "-|get",
    ] {
      let said = try client.command("ACL", "SETUSER", "x", word)
      #expect(said.text?.hasPrefix("ERR ") == true, "\(word): \(said)")
      #expect(!Self.isRule(word) { try $0.add(command: $1) }, "\(word)")
    }
    for word in ["%Z~x", "%x", "%~x", "foo", "~a b"] {
      let said = try client.command("ACL", "SETUSER", "x", word)
      #expect(said.text?.hasPrefix("ERR ") == true, "\(word): \(said)")
      #expect(!Self.isRule(word) { try $0.add(key: $1) }, "\(word)")
    }
    #expect(
      !Self.isRule("~a") {
        try $0.add(key: "~*")
        try $0.add(key: $1)
      })
  }

  @Test("Categories of every command are those of the server")
  func categories() throws {
    let server = try RedisServer(.unixSocket)
    let client = try server.client()
    for name in CommandCategories.ofEveryServer.names {
      let category = try #require(CommandCategories(named: name))
      let said = Set(try client.command("ACL", "CAT", name).elements.compactMap(\.text))
      let ours = table.specs.filter {
        $0.isOfRedis70 && !table.categories[$0.id].isDisjoint(with: category)
      }.map { $0.name.lowercased() }
      #expect(said == Set(ours), "\(name): \(said.symmetricDifference(ours))")
      #expect(!said.isEmpty)
    }
    let all = try client.command("ACL", "CAT").elements.compactMap(\.text)
    #expect(all == CommandCategories.ofEveryServer.names)
  }
}

extension Reply {
  fileprivate var elements: [Reply] { if case .array(let elements) = self { elements } else { [] } }
}
