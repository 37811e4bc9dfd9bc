import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// What is said before a migration, of real servers, and what it costs them.
  @Suite(.serialized) struct AssessTests {
    /// Two servers, of which legacy is in use.
    private struct Bed {
      let legacy: RedisServer
      let new: RedisServer

      init(_ pair: ServerPair, stops: Bool = true) throws {
        legacy = try RedisServer(.port, pair.legacy, extra: ["--maxmemory-policy", "allkeys-lfu"])
        new = try RedisServer(.port, pair.new, extra: ["--maxmemory", "500mb"])
        let client = try legacy.client()
        for number in 0..<300 {
          try client.append("SET", "s\(number)", "v", "EX", "1000")
          try client.append("HSET", "h\(number)", "f", "v")
          try client.append("SADD", "i\(number)", "1")
        }
        while client.pending > 0 { _ = try client.reply() }
        _ = try client.command(
          ["RPUSH", "large"].map { Array($0.utf8) } + (0..<10_000).map { Array("element \($0)".utf8) })
        _ = try client.command("SUNIONSTORE", "t", "i1", "i2")
        if stops { _ = try client.command("BLPOP", "nobody", "0.01") }
        _ = try client.command("SET", "\u{1b}]0;evil\u{7}", String(repeating: "x", count: 2 << 20))
      }

      func assess(_ more: String...) throws -> (exit: Child.Exit, output: String, errors: String) {
        // No proxy of somebody else at the usual place.
        try Child.run(
          SluiceProcess.executable(), ["assess", "--legacy", legacy.url, "--new", new.url] + more,
          environment: ["SLUICE_CONTROL": "unix:/nobody.there"])
      }
    }

    /// Calls of each command, but of those that only ask.
    private static func calls(_ server: RedisServer) throws -> [String] {
      let questions =
        [
          "info", "command", "config|get", "config", "client", "client|", "scan", "type", "pttl", "memory",
          "object",
        ]
        + ["strlen", "llen", "hlen", "scard", "zcard", "xlen", "dbsize", "hrandfield", "hpttl", "ping"]
      return try (server.client().command("INFO", "commandstats").text ?? "").split(
        whereSeparator: \.isNewline
      )
      .filter { line in
        !questions.contains { line.hasPrefix("cmdstat_\($0):") || line.hasPrefix("cmdstat_\($0)|") }
      }
      .map { String($0.prefix { $0 != "," }) }.sorted()
    }

    @Test(
      "reads only, names what stops a migration and how values go",
      arguments: [
        ServerPair(legacy: .redis62, new: .valkey91), ServerPair(legacy: .redis82, new: .valkey91),
        ServerPair(legacy: .redis70, new: .redis70),
      ])
    func pairs(pair: ServerPair) throws {
      let bed = try Bed(pair)
      let before = try (Self.calls(bed.legacy), Self.calls(bed.new))
      let ran = try bed.assess()
      #expect(ran.exit == .code(65), "\(ran.output) \(ran.errors)")
      #expect(ran.errors.contains("1 thing would stop this migration: BLPOP"), "\(ran.errors)")
      let after = try (Self.calls(bed.legacy), Self.calls(bed.new))
      #expect(before == after, "it has sent something else than questions")
      #expect(before.0.contains { $0.hasPrefix("cmdstat_set") })
      let (there, back) =
        switch pair.legacy {
        case .redis62: ("dump", "restamped dump or by value")
        case .redis82: ("restamped dump", "restamped dump")
        default: ("dump", "dump")
        }
      #expect(ran.output.contains("there: \(there), back: \(back)"), "\(ran.output)")
      #expect(ran.output.contains("903 keys of 903 in db0") && ran.output.contains("SUNIONSTORE"))
      #expect(ran.output.contains("large: list") && ran.output.contains("10 000 elements"))
      #expect(ran.output.contains("CONFIG SET maxmemory-policy allkeys-lfu on new"))
      #expect(!ran.output.contains("\u{1b}") && ran.output.contains("\\x1b]0;evil\\x07"))
      if pair.legacy != .redis62 {
        let document = try JSONSerialization.jsonObject(
          with: Data(bed.assess("--json", "--sample", "0").output.utf8))
        let object = try #require(document as? [String: Any])
        #expect(object["verdict"] as? String == "stops you" && (object["rows"] as? [Any])?.count ?? 0 > 9)
      }
    }

    @Test("nothing that stops is exit code 0, and a sample says that it is one")
    func fine() throws {
      let bed = try Bed(ServerPair(legacy: .redis70, new: .redis82), stops: false)
      let ran = try bed.assess("--sample", "200")
      #expect(ran.exit == .code(0), "\(ran.output) \(ran.errors)")
      #expect(ran.output.contains("of 903 in db0; counts below are extrapolated"), "\(ran.output)")
    }

    @Test("a managed server that hides what it is works, and what is not known is said once")
    func managed() throws {
      let bed = try Bed(ServerPair(legacy: .redis70, new: .redis70), stops: false)
      let rights = ["resetkeys", "~*", "-@all", "+@read", "+ping", "+select", "-memory", "-object"]
      _ = try bed.legacy.client().command((["ACL", "SETUSER", "default"] + rights).map { Array($0.utf8) })
      let ran = try bed.assess()
      #expect(ran.exit == .code(0), "\(ran.output) \(ran.errors)")
      let said = ran.output.split(separator: "\n").filter { $0.contains("not known of legacy") }
      #expect(
        said.count == 1 && said.allSatisfy { $0.contains("INFO commandstats") && $0.contains("CLIENT LIST") },
        "\(ran.output)")
    }

    @Test("what a running proxy has refused is counted in, and one that is named must be there")
    func proxy() throws {
      let stacks = try TwoStacks(stage: "dualwrite")
      _ = try stacks.sluice.client().command("WATCH", "k")
      let ran = try stacks.sluice.run(
        "assess", "--legacy", stacks.legacy.url, "--new", stacks.new.url)
      #expect(ran.exit == .code(65) && ran.output.contains("refused (transaction) 1 time"), "\(ran)")
      let bed = try Bed(ServerPair(legacy: .redis70, new: .redis70), stops: false)
      #expect(try bed.assess("--control", "unix:/nobody.there").exit == .code(69))
    }

    @Test("a tree of sources is looked through")
    func source() throws {
      let folder = try ScratchFolder()
      try "cache = get_cache_instance()\nclass \u{1b}[2JCache(InMemoryCache):\n".write(
        toFile: "\(folder.path)/a\u{1b}b.py", atomically: true, encoding: .utf8)
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder.path)/loop.py", withDestinationPath: folder.path)
      let bed = try Bed(ServerPair(legacy: .redis70, new: .redis70), stops: false)
      let ran = try bed.assess("--source", folder.path, "--sample", "0")
      #expect(ran.exit == .code(0) && ran.output.contains("complexity medium, 2-4 h"), "\(ran)")
      #expect(ran.output.contains("a\\x1bb.py:1") && !ran.output.contains("\u{1b}"))
      #expect(try bed.assess("--source", "/nobody/there").exit == .code(66))
    }
  }
}
