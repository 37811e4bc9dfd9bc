import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// What is known to differ is counted right however much it is, and what somebody answers for stays answered.
  @Suite struct ClosingTests {
    private func cli(_ process: SluiceProcess, _ words: String...) throws -> (code: Child.Exit, said: String)
    {
      let ran = try Child.run(
        try SluiceProcess.executable(), words,
        environment: ["SLUICE_CONTROL": "127.0.0.1:\(process.controlPort)"])
      return (ran.exit, ran.output + ran.errors)
    }

    private func all(_ client: RedisClient, _ words: [[String]]) throws {
      for start in stride(from: 0, to: words.count, by: 500) {
        let some = words[start..<min(start + 500, words.count)]
        for line in some { try client.append(line.map { Array($0.utf8) }) }
        for _ in some { _ = try client.reply() }
      }
    }

    private func open(_ process: SluiceProcess) throws -> Double? {
      try process.status().number("step.open_divergences")
    }

    @Test(
      "Three thousand keys that differ are three thousand, over a restart, and none when they were seen equal"
    )
    func many() throws {
      let stacks = try TwoStacks(stage: "shadow")
      let process = stacks.sluice
      let keys = (0..<3000).map { "key:\($0)" }
      let behind = try stacks.new.client()
      try all(try process.client(), keys.map { ["SET", $0, "right"] })
      try eventually("new has them") { try behind.command("DBSIZE") == .integer(3000) }
      try all(behind, keys.map { ["SET", $0, "wrong"] })
      // What finds too many questions open at once is not compared, and asked again.
      try eventually(within: .seconds(30), "all are known") {
        try all(try process.client(), keys.map { ["GET", $0] })
        return try open(process) == 3000
      }
      try all(try process.client(), keys.map { ["GET", $0] })
      #expect(try open(process) == 3000, "asked again, they are no more")
      try eventually("the ledger knows") {
        try Ledgerbook(process.ledgerPath).rows(.step).first?["open"] == "3000"
      }
      process.child.kill()
      try process.restart()
      #expect(try open(process) == 3000)
      try all(behind, keys.map { ["SET", $0, "right"] })
      try eventually(within: .seconds(30), "all are seen equal") {
        try all(try process.client(), keys.map { ["GET", $0] })
        return try open(process) == 0
      }
      try process.control("STAGE", "live", "25")
    }

    @Test("What is closed stays closed, over a kill, until it differs in another way or is opened again")
    func lasts() throws {
      let stacks = try TwoStacks(stage: "shadow")
      let process = stacks.sluice
      let client = try process.client()
      let behind = try stacks.new.client()
      for index in 0..<5 { _ = try client.command("SET", "key:\(index)", "v") }
      try eventually("new has them") { try behind.command("DBSIZE") == .integer(5) }
      for index in 0..<4 { _ = try behind.command("EXPIRE", "key:\(index)", "1000") }
      _ = try behind.command("SET", "key:4", "other")
      func ask() throws {
        let client = try process.client()
        for index in 0..<4 { _ = try client.command("TTL", "key:\(index)") }
        _ = try client.command("GET", "key:4")
      }
      try ask()
      try eventually("they are known") { try open(process) == 5 }
      #expect(try cli(process, "close", "they are meant so").said.contains("closed: 5 divergences"))
      let counted = try process.status().number("compare.diverged")
      try ask()
      try eventually("they are passed over") {
        try process.status().number("compare.ignored_by_reason.meant_to_differ") == 5
      }
      #expect(try open(process) == 0)
      #expect(try process.status().number("compare.diverged") == counted)
      try eventually("the ledger knows") {
        try Ledgerbook(process.ledgerPath).rows(.closed).count { $0["why"] == "they are meant so" } == 5
      }
      process.child.kill()
      try process.restart()
      try ask()
      try eventually("they are passed over") {
        try process.status().number("compare.ignored_by_reason.meant_to_differ") == 5
      }
      #expect(try open(process) == 0)
      _ = try behind.command("SET", "key:4", "another")
      try ask()
      try eventually("another difference is open") { try open(process) == 1 }
      #expect(try cli(process, "reopen", "we want them to be equal").said.contains("open again: 5"))
      #expect(try cli(process, "stage", "live", "25").code == .code(65))
    }

    @Test(
      "A kind of difference of some keys that is meant to be opens nothing, moves no guardrail, and verify passes over it"
    )
    func meant() throws {
      let stacks = try TwoStacks(stage: "shadow")
      let process = stacks.sluice
      let client = try process.client()
      let behind = try stacks.new.client()
      let prices = (0..<40).map { "price:\($0)" }
      for key in prices + ["user:1"] { _ = try client.command("SET", key, "v") }
      try eventually("new has them") { try behind.command("DBSIZE") == .integer(41) }
      for key in prices + ["user:1"] { _ = try behind.command("EXPIRE", key, "1000") }
      for key in prices.prefix(10) + ["user:1"] { _ = try client.command("TTL", key) }
      try eventually("they are known") { try open(process) == 11 }
      let closed = try cli(process, "close", "--kind", "ttl", "--keys", "price:*", "on new a price ends")
      #expect(closed.code == .code(0) && closed.said.contains("10 divergences were open, 1 are"), "\(closed)")
      #expect(try cli(process, "status").said.contains("ttl of price:* may differ: on new a price ends"))
      #expect(try cli(process, "close", "--kind", "nonsense", "why").code == .code(65))
      #expect(try cli(process, "stage", "live", "100").said.contains("1 open"))
      _ = try behind.command("PERSIST", "user:1")
      _ = try client.command("TTL", "user:1")
      try eventually("the other one is equal") { try open(process) == 0 }
      #expect(try process.terminate() == .code(0))
      try process.restart()
      try process.control("STAGE", "live", "100")
      for key in prices { _ = try process.client().command("TTL", key) }
      try eventually("forty are passed over") {
        try process.status().number("compare.ignored_by_reason.meant_to_differ") == 40
      }
      #expect(try open(process) == 0)
      #expect(try process.status().number("step.guardrails.diverged.bad") == 0)
      let verified = try cli(process, "verify")
      #expect(
        verified.code == .code(0) && verified.said.contains("40 differ and are meant to"), "\(verified)")
      #expect(try cli(process, "reopen").code == .code(0))
      _ = try process.client().command("TTL", prices[0])
      try eventually("it is open again") { try open(process) == 1 }
      #expect(try process.terminate() == .code(0))
      let why = try Ledgerbook(process.ledgerPath).rows(.why)
      #expect(
        why.contains { $0["action"] == "reopened" }
          && why.contains { $0["words"]?.contains("ttl of price:*") == true })
    }
  }
}
