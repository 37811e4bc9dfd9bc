import Foundation
import SluiceConfiguration
import SluiceRedisClient
import Testing

@testable import SluiceCLI

@Suite struct UpkeepTests {
  @Test("Cursors of SCAN tell how far the walk has come")
  func fraction() {
    // A table of eight: 0 → 4 → 2 → 6 → 1 → 5 → 3 → 7 → 0.
    let tops = ["4", "2", "6", "1", "5", "3", "7"].map(KeyWalk.fraction)
    #expect(tops == tops.sorted() && tops[3] == 0.5)
    #expect(KeyWalk.fraction(of: "0") == 0 && KeyWalk.fraction(of: "no number") == 0)
  }

  @Test("A line says how much is done and how long the rest will take")
  func progress() {
    #expect(
      Progress.line("warm", 0.25, .seconds(30), "5 keys seen", bar: true)
        == "warm [#####...............] 25 %, 5 keys seen, about 1 m 30 s left")
    #expect(Progress.line("verify", 0, .zero, "0 keys", bar: false) == "verify 0 %, 0 keys")
    #expect(Progress.line("warm", 7, .zero, "", bar: false) == "warm 100 %, ")
    #expect(Progress.seconds(.seconds(3661)) == "1 h 1 m")
  }

  private func addresses(
    _ arguments: [String], legacy: String = "redis://old:6379", new: String = "redis://new:6379"
  ) throws -> (legacy: RedisEndpoint, new: RedisEndpoint) {
    let warm = try #require(try SluiceCommand.parseAsRoot(["warm"] + arguments) as? WarmCommand)
    func stack(_ url: String) -> JSONValue { .object(["endpoint": .string(url)]) }
    let found = try warm.options.stacks.addresses(
      .object(["stacks": .object(["legacy": stack(legacy), "new": stack(new)])]))
    return (found.legacy.endpoint, found.new.endpoint)
  }

  @Test("The proxy says where the stacks are, but a flag wins")
  func endpoints() throws {
    let told = try addresses([])
    #expect(told.legacy.address == .tcp(host: "old", port: 6379))
    #expect(told.new.address == .tcp(host: "new", port: 6379))
    let flagged = try addresses(["--new", "redis://:secret@other:7000/2"], new: "redis://:***@new:6379")
    #expect(flagged.new == RedisEndpoint(.tcp(host: "other", port: 7000), password: "secret", database: 2))
  }

  @Test("What cannot be walked is said with what to do")
  func noEndpoint() throws {
    for (url, words) in [("memory:", "embedded engine"), ("redis://:***@new:6379", "--config")] {
      let failure = try #require(throws: Failure.self) { try addresses([], new: url) }
      #expect(failure.code == .configuration && failure.message.contains(words), "\(failure.message)")
    }
    let verify = try #require(
      try SluiceCommand.parseAsRoot(["verify", "--legacy", "redis://old"]) as? VerifyCommand)
    let failure = try #require(throws: Failure.self) { try verify.options.stacks.addresses(nil) }
    #expect(failure.message.contains("--new"))
  }

  @Test("The proxy says how a stack's keys begin on its server")
  func prefix() throws {
    func stack(_ url: String, _ layers: [String]) -> JSONValue {
      .object([
        "endpoint": .string(url), "layers": .object(["names": .array(layers.map { .string($0) })]),
      ])
    }
    let prefixed = JSONValue.object([
      "stacks": .object([
        "legacy": stack("redis://old", ["l1 200"]),
        "new": stack("redis://new", ["l1 200", "key_prefix app 1:"]),
      ])
    ])
    let warm = try #require(try SluiceCommand.parseAsRoot(["warm"]) as? WarmCommand)
    let found = try warm.options.stacks.addresses(prefixed)
    #expect(found.legacy.prefix.bytes.isEmpty && found.new.prefix.bytes == Array("app 1:".utf8))
  }

  @Test("Warm needs a stage that mirrors writes", arguments: ["off", "complete"])
  func stages(stage: String) throws {
    let status = JSONValue.object(["effective_stage": .string(stage)])
    let failure = try #require(throws: Failure.self) { try WarmCommand.expectMirroring(status) }
    #expect(failure.code == .data && failure.message.contains("first: sluice stage"))
    for stage in ["dualwrite", "shadow", "live", "rampdown"] {
      try WarmCommand.expectMirroring(.object(["effective_stage": .string(stage)]))
    }
  }

  @Test("A warm-up beside which a stack was emptied is not called complete")
  func emptiedMeanwhile() throws {
    let control = try FakeControl { _ in "-ERR a stack has lost everything since; walk again\r\n" }
    defer { control.stop() }
    let warm = try #require(
      try SluiceCommand.parseAsRoot(["warm", "--control", "127.0.0.1:\(control.port)"]) as? WarmCommand)
    let lanes = ProxyLanes(try warm.options.control.client())
    let failure = try #require(throws: Failure.self) {
      try WarmCommand.tellThatAllIsThere(lanes, since: 3)
    }
    #expect(failure.code == .temporary && failure.message.contains("walk again"), "\(failure)")
    #expect(control.commands == [["WALKED", "new", "3"]])
  }

  @Test("Orders go out in parts, as bytes, and answers come back in order")
  func orders() throws {
    let control = try FakeControl { command in
      "*\(command.count - 1)\r\n" + command.dropFirst().map { bulk("copied \($0)") }.joined()
    }
    defer { control.stop() }
    let client = ControlClient(address: .tcp(host: "127.0.0.1", port: control.port), password: nil)
    let keys = (0..<300).map { "k\($0)" }
    let outcomes = try ProxyLanes(client).carryOut("FILL", keys.map { Array($0.utf8) })
    #expect(outcomes == keys.map { "copied \($0)" })
    #expect(control.commands.map(\.count) == [257, 45])
  }

  @Test("What a walk that was stopped has not found is not found so far")
  func stopped() {
    #expect(VerifyCommand.found(0, of: 9, true) == "no difference found")
    #expect(VerifyCommand.found(0, of: 9, false) == "no difference found so far")
    #expect(VerifyCommand.found(2, of: 9, false) == "2 keys differ so far")
    #expect(VerifyCommand.found(0, of: 0, false) == "nothing compared: no evidence")
  }

  @Test("Differences are grouped, the most frequent first, with a few samples")
  func differences() {
    var differences = Differences()
    for number in 0..<5 { differences.add(.value, Array("user:\(number)".utf8)) }
    differences.add(.ttl, Array("x".utf8))
    let lines = differences.table().text().split(separator: "\n")
    #expect(lines.count == 3 && lines[1].contains("user:*") && lines[1].contains("user:0, user:1, user:2"))
    #expect(differences.count == 6)
  }

  @Test("Values are equal by what they mean")
  func values() {
    func strings(_ texts: String...) -> Reply { .array(texts.map { .string(Array($0.utf8)) }) }
    #expect(ValueReader.areEqual("set", strings("a", "b"), strings("b", "a")))
    #expect(!ValueReader.areEqual("list", strings("a", "b"), strings("b", "a")))
    #expect(ValueReader.areEqual("hash", strings("f", "1", "g", "2"), strings("g", "2", "f", "1")))
    #expect(!ValueReader.areEqual("hash", strings("f", "1", "g", "2"), strings("f", "2", "g", "1")))
    #expect(ValueReader.areEqual("zset", strings("m", "1e3"), strings("m", "1000")))
    #expect(!ValueReader.areEqual("zset", strings("m", "1"), strings("m", "2")))
    #expect(!ValueReader.areEqual("string", .error("WRONGTYPE"), .error("WRONGTYPE")))
  }
}
