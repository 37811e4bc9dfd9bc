import Foundation
import SluiceLoadGenerator
import SluiceTestSupport
import Testing

extension Acceptance {
  /// What outlives the process is damaged: that is no empty memory, and it is said.
  @Suite struct DamagedMemoryTests {
    /// New refused writes, the proxy was killed, and what it knew of that is not there any more.
    @Test(
      "behind a damaged journal nothing old is served",
      arguments: ["cut", "random", "removed", "all removed"])
    func journal(_ harm: String) throws {
      let stacks = try TwoStacks(stage: "dualwrite")
      let sluice = stacks.sluice
      let keys = (0..<20).map { "key:\($0)" }
      let client = try sluice.client()
      for key in keys { #expect(try client.command("SET", key, "old") == .status("OK")) }
      try eventually("new has them") { try stacks.new.client().command("GET", keys[19]).text == "old" }
      _ = try stacks.new.client().command("CONFIG", "SET", "min-replicas-to-write", "1")
      for key in keys { #expect(try client.command("SET", key, "newest") == .status("OK")) }
      try eventually("they are suspects") { try sluice.status().number("stacks.new.suspects") == 20 }
      sluice.child.kill()

      let journal = "\(sluice.ledgerPath).suspects"
      if harm == "all removed" {
        try FileManager.default.removeItem(atPath: journal)
      } else {
        for name in try FileManager.default.contentsOfDirectory(atPath: journal)
        where name.hasSuffix(".suspects") {
          let path = "\(journal)/\(name)"
          switch harm {
          case "cut": #expect(truncate(path, 0) == 0)
          case "random":
            try Data((0..<999).map { _ in UInt8.random(in: 0...255) }).write(to: URL(fileURLWithPath: path))
          default: try FileManager.default.removeItem(atPath: path)
          }
        }
      }
      _ = try stacks.new.client().command("CONFIG", "SET", "min-replicas-to-write", "0")
      try sluice.replaceFlags(FlagText.make(stage: "live", percent: 100))
      try sluice.restart()
      let damage = try sluice.status().text("journal.damage") ?? ""
      let doubted = harm == "all removed" ? "every key of new" : "every key that new mirrored"
      #expect(damage.contains("\(doubted) was taken for a suspect"), "\(damage)")
      #expect(sluice.child.errors.contains(damage), "\(sluice.child.errors)")
      #expect(try sluice.run("status").output.contains("journal of suspects was damaged"))
      let reader = try sluice.client()
      for key in keys {
        #expect(try reader.command("GET", key).text != "old")
        #expect(try stacks.legacy.client().command("GET", key).text == "newest", "the last good value stays")
      }
      // That is settled: the next start finds a whole journal.
      sluice.child.kill()
      try sluice.restart()
      #expect(try sluice.status().text("journal.damage") == nil)
    }

    /// Each stack answers for a half of the keys, and has missed what the other one answers for. What it answers for itself is not
    /// thrown away with the rest (law 11), and nothing of the rest is served (law 7).
    @Test(
      "behind a damaged journal each stack keeps what it answers for",
      arguments: ["stay", "live 100", "rollback"])
    func journalOfTwoHalves(_ next: String) throws {
      let stacks = try TwoStacks(stage: "live", percent: 50, threads: 2)
      let sluice = stacks.sluice
      let (legacy, new) = (try stacks.legacy.client(), try stacks.new.client())
      let keys = (0..<400).map { "key:\($0)" }
      let right = try sluice.which(keys).map { "of \($0)" }
      #expect(Set(right) == ["of legacy", "of new"])
      for key in keys {
        _ = try legacy.command("SET", key, "of legacy")
        _ = try new.command("SET", key, "of new")
      }
      sluice.child.kill()
      try damage(sluice)
      try sluice.restart()
      let damage = try sluice.status().text("journal.damage") ?? ""
      #expect(
        damage.contains("every key that legacy mirrored and every key that new mirrored was taken"),
        "\(damage)")
      switch next {
      case "rollback": try sluice.control("ROLLBACK", "test")
      case "live 100": try sluice.control("STAGE", "live", "100", "FORCE", "test")
      default: break
      }
      // Nobody is served what a mirror has missed, and a forgotten value comes back.
      let reader = try sluice.client()
      for (key, value) in zip(keys, right) {
        let read = try reader.command("GET", key).text
        #expect(read == nil || read == value, "\(key)")
      }
      try eventually(within: .seconds(20), "both stacks have the right values") {
        try zip(keys, right).allSatisfy { key, value in
          try legacy.command("GET", key).text == value && new.command("GET", key).text == value
        }
      }
      for client in [legacy, new] {
        let calls = try client.command("INFO", "commandstats").text ?? ""
        #expect(!calls.contains("cmdstat_flush"), "no stack was emptied")
      }
      try eventually("nothing is doubtful any more") {
        let status = try sluice.status()
        return status.number("stacks.new.suspects") == 0 && status.number("stacks.legacy.suspects") == 0
      }
    }

    /// New has missed writes as the mirror and answers for those keys now: which they were is lost with the journal.
    @Test("behind a damaged journal a stack is not believed that was given keys which it had missed")
    func journalOfStrays() throws {
      let stacks = try TwoStacks(stage: "dualwrite")
      let sluice = stacks.sluice
      let new = try stacks.new.client()
      let keys = (0..<20).map { "key:\($0)" }
      let client = try sluice.client()
      for key in keys { #expect(try client.command("SET", key, "old") == .status("OK")) }
      try eventually("new has them") { try new.command("GET", keys[19]).text == "old" }
      _ = try new.command("CONFIG", "SET", "min-replicas-to-write", "1")
      for key in keys { #expect(try client.command("SET", key, "newest") == .status("OK")) }
      try eventually("they are suspects") { try sluice.status().number("stacks.new.suspects") == 20 }
      try sluice.control("STAGE", "live", "100", "FORCE", "test")
      sluice.child.kill()
      try damage(sluice)
      _ = try new.command("CONFIG", "SET", "min-replicas-to-write", "0")
      try sluice.restart()
      #expect(try sluice.status().text("journal.damage")?.contains("every key of new ") == true)
      let reader = try sluice.client()
      for key in keys {
        #expect(try reader.command("GET", key).text != "old")
        #expect(try stacks.legacy.client().command("GET", key).text == "newest", "the last good value stays")
      }
    }

    private func damage(_ sluice: SluiceProcess) throws {
      let journal = "\(sluice.ledgerPath).suspects"
      for name in try FileManager.default.contentsOfDirectory(atPath: journal)
      where name.hasSuffix(".suspects") || name.hasSuffix(".inflight") {
        #expect(truncate("\(journal)/\(name)", 0) == 0)
      }
    }

    @Test(
      "a ledger that is deleted, or cut with all that belongs to it, is said, and another one is begun",
      arguments: ["deleted", "cut"])
    func ledger(_ harm: String) throws {
      let stacks = try TwoStacks(stage: "shadow")
      let sluice = stacks.sluice
      try sluice.control("STAGE", "live", "10")
      try eventually("the story has begun") {
        try Ledgerbook(sluice.ledgerPath).rows(.story).map { $0["action"] } == ["start", "stage"]
      }
      for end in ["", "-wal", "-shm"] {
        let path = sluice.ledgerPath + end
        if harm == "cut" {
          #expect(truncate(path, 0) == 0)
        } else {
          try FileManager.default.removeItem(atPath: path)
        }
      }
      try eventually(within: .seconds(10), "STATUS says so") {
        try sluice.status().text("ledger.health") == "replaced"
      }
      let status = try sluice.status()
      let next = sluice.ledgerPath + (harm == "cut" ? ".2" : "")
      #expect(status.text("ledger.path") == next)
      let reason = status.text("ledger.reason") ?? ""
      #expect(reason.contains(harm == "cut" ? "was cut to 0 bytes" : "was deleted"), "\(reason)")
      #expect(sluice.child.errors.contains(reason), "\(sluice.child.errors)")
      let client = try sluice.client()
      #expect(try client.command("SET", "k", "v") == .status("OK"))
      try sluice.control("ROLLBACK", "behind the damage")
      #expect(try sluice.terminate() == .code(0), "\(sluice.child.lastWords)")
      let story = try Ledgerbook(next).rows(.story)
      #expect(story.map { $0["action"] } == ["start", "stage", "rollback"])
      #expect(story.last?["reason"] == "behind the damage")
    }

    /// Mapped memory whose file is cut raises SIGBUS.
    @Test("files of the journal that are cut while it runs cost no traffic")
    func cutWhileMapped() throws {
      let stacks = try TwoStacks(stage: "dualwrite")
      let sluice = stacks.sluice
      let journal = "\(sluice.ledgerPath).suspects"
      for name in try FileManager.default.contentsOfDirectory(atPath: journal) {
        #expect(truncate("\(journal)/\(name)", 0) == 0)
      }
      let client = try sluice.client()
      for number in 0..<100 { #expect(try client.command("SET", "key:\(number)", "v") == .status("OK")) }
      try eventually("STATUS says so") {
        try sluice.status().text("journal.reason")?.contains("was cut") == true
      }
      sluice.child.kill()
      try sluice.restart()
      #expect(try sluice.status().text("journal.damage") != nil)
    }

    @Test("a second proxy on the same ledger is refused, and the first one goes on")
    func secondProxy() throws {
      let stacks = try TwoStacks(stage: "shadow")
      let second = try Child.run(
        SluiceProcess.executable(),
        [
          "serve", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--ledger",
          stacks.sluice.ledgerPath,
        ])
      #expect(second.exit == .code(69), "\(second)")
      #expect(
        second.errors.contains("\(stacks.sluice.ledgerPath): it is in use by another proxy"),
        "\(second.errors)")
      #expect(try stacks.sluice.status().text("ledger.health") == "ok")
      #expect(try stacks.sluice.status().text("journal.health") == "ok")
    }

    @Test("ledger, journal and control socket are their owner's alone")
    func modes() throws {
      let folder = try ScratchFolder()
      let old = "\(folder.path)/old.db"
      try Data().write(to: URL(fileURLWithPath: old))
      try FileManager.default.createDirectory(atPath: old + ".suspects", withIntermediateDirectories: false)
      for path in [old, old + ".suspects"] { #expect(chmod(path, 0o755) == 0) }
      let control = "unix:\(folder.path)/control.sock"
      for ledger in ["\(folder.path)/fresh.db", old] {
        let child = try Child(
          "/bin/sh",
          [
            "-c", "umask 0; exec \"$0\" serve --listen 127.0.0.1:0 --control \"$1\" --ledger \"$2\"",
            try SluiceProcess.executable(), control, ledger,
          ], in: folder, name: "sluice")
        try eventually("it answers") {
          try Child.run(SluiceProcess.executable(), ["status", "--control", control]).exit == .code(0)
        }
        let journal = try FileManager.default.contentsOfDirectory(atPath: ledger + ".suspects")
        #expect(journal.count > 4)
        let files =
          ["", "-wal", "-shm"].map { ledger + $0 } + journal.map { "\(ledger).suspects/\($0)" }
          + ["\(folder.path)/control.sock"]
        for path in files { #expect(try mode(path) == 0o600, "\(path)") }
        #expect(try mode(ledger + ".suspects") == 0o700)
        child.send(SIGTERM)
        #expect(try child.wait(within: .seconds(10)) == .code(0), "\(child.lastWords)")
      }
    }

    private func mode(_ path: String) throws -> Int? {
      try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
  }
}
