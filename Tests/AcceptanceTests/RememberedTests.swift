import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// What is in force outlives the process, without a word on any disk: a rollback and what it promises, and which instance it is of.
  @Suite struct RememberedTests {
    private let keys = (0..<30).map { "key:\($0)" }

    private func set(_ sluice: SluiceProcess, _ value: String) throws {
      let client = try sluice.client()
      for key in keys { #expect(try client.command("SET", key, value) == .status("OK")) }
    }

    private func read(_ sluice: SluiceProcess) throws -> [String] {
      let client = try sluice.client()
      // A stack that is emptied may be on its way back.
      try eventually("it answers") {
        try keys.allSatisfy { if case .error = try client.command("EXISTS", $0) { false } else { true } }
      }
      return try keys.map { key in
        let reply = try client.command("GET", key)
        return reply == .null ? "nothing" : reply.text ?? "\(reply)"
      }
    }

    private func latch(_ sluice: SluiceProcess) -> String {
      URL(fileURLWithPath: sluice.flagsPath).deletingLastPathComponent().appendingPathComponent("ROLLBACK")
        .path
    }

    /// Old values on both stacks, the newest on new alone.
    private func complete() throws -> TwoStacks {
      let stacks = try TwoStacks(stage: "dualwrite")
      try set(stacks.sluice, "old")
      try eventually("both have the old values") {
        try stacks.new.client().command("DBSIZE") == .integer(Int64(keys.count))
      }
      try stacks.sluice.control("STAGE", "rampdown")
      try stacks.sluice.control("STAGE", "complete")
      try set(stacks.sluice, "newest")
      return stacks
    }

    @Test(
      "what a rollback from complete promises holds for a process that is killed behind its word",
      arguments: [0, 2, 10])
    func killedBehindARollbackFromComplete(milliseconds: UInt32) throws {
      let stacks = try complete()
      let order = try RedisClient(RedisEndpoint(.tcp(host: "127.0.0.1", port: stacks.sluice.controlPort)))
      let said = try order.command("ROLLBACK", "drill").text ?? ""
      #expect(said.contains("emptied"), "\(said)")
      usleep(milliseconds * 1000)
      stacks.sluice.child.kill()
      try stacks.sluice.restart()
      #expect(try stacks.sluice.status().flag("rolled_back") == true)
      #expect(try read(stacks.sluice).allSatisfy { $0 != "old" })
    }

    /// A legacy that hangs cannot be emptied before the answer.
    @Test("and while legacy hangs") func killedWhileLegacyHangs() throws {
      let stacks = try complete()
      stacks.legacy.pause()
      let said = try stacks.sluice.control("ROLLBACK", "drill").text ?? ""
      #expect(said.contains("is emptied before it answers"), "\(said)")
      stacks.sluice.child.kill()
      stacks.legacy.resume()
      try stacks.sluice.restart()
      #expect(try read(stacks.sluice).allSatisfy { $0 == "nothing" })
    }

    @Test("from complete a ROLLBACK file, or the environment, at the start empties legacy as an order does")
    func rolledBackWhileItWasDown() throws {
      let stacks = try complete()
      _ = try stacks.sluice.terminate()
      #expect(FileManager.default.createFile(atPath: latch(stacks.sluice), contents: nil))
      try stacks.sluice.restart()
      #expect(try stacks.sluice.status().flag("rolled_back") == true)
      #expect(try read(stacks.sluice).allSatisfy { $0 == "nothing" })
      // New holds them still, and lifted they are answered.
      try stacks.sluice.control("REARM", "RESUME", "new holds them still")
      #expect(try read(stacks.sluice).allSatisfy { $0 == "newest" })
    }

    @Test("USE_LEGACY_CACHE behind complete empties legacy, and ends with its process")
    func environmentBehindComplete() throws {
      let first = try complete()
      _ = try first.sluice.terminate()
      func start(_ environment: [String: String]) throws -> SluiceProcess {
        var options = SluiceProcess.Options(stage: "complete")
        options.environment = environment
        options.ledger = first.sluice.ledgerPath
        return try SluiceProcess(legacy: first.legacy.url, new: first.new.url, options)
      }
      let back = try start(["USE_LEGACY_CACHE": "1"])
      #expect(try back.status().flag("rolled_back") == true)
      #expect(try read(back).allSatisfy { $0 == "nothing" })
      _ = try back.terminate()
      let forth = try start([:])
      #expect(try forth.status().flag("rolled_back") == false)
      #expect(try read(forth).allSatisfy { $0 == "newest" })
      withExtendedLifetime(first) {}
    }

    @Test("a rollback that meets a re-arm keeps its file, and a restart knows it")
    func aRollbackBesideAReArm() throws {
      let stacks = try TwoStacks(stage: "live", percent: 100)
      let sluice = stacks.sluice
      let file = latch(sluice)
      let (one, two) = (
        try SocketClient(port: sluice.controlPort), try SocketClient(port: sluice.controlPort)
      )
      var held = 0
      for round in 0..<60 {
        try sluice.control("ROLLBACK", "first")
        try eventually("the file is there") { FileManager.default.fileExists(atPath: file) }
        try one.send("REARM\r\n")
        usleep(UInt32(round % 30) * 100)
        try two.send("ROLLBACK no, wait\r\n")
        _ = try one.reply()
        _ = try two.reply()
        let status = try sluice.status()
        guard status.flag("rolled_back") == true else { continue }
        held += 1
        try eventually(within: .seconds(2), "round \(round): the file is there, \(status)") {
          FileManager.default.fileExists(atPath: file)
        }
        #expect(try sluice.status().text("latch_error") == nil)
      }
      try sluice.control("ROLLBACK", "last")
      sluice.child.kill()
      try sluice.restart()
      #expect(try sluice.status().flag("rolled_back") == true, "\(held) rollbacks held")
    }

    /// The file is not all that a rollback has.
    @Test(
      "without its file a rollback outlives the process all the same, and the next one says that it is gone")
    func ownLatch() throws {
      let stacks = try TwoStacks(stage: "live", percent: 100)
      let sluice = stacks.sluice
      try sluice.control("ROLLBACK", "drill")
      try eventually("the file is there") { FileManager.default.fileExists(atPath: latch(sluice)) }
      try FileManager.default.removeItem(atPath: latch(sluice))
      try eventually("its loss is noticed") {
        try sluice.status().text("latch_error")?.contains("somebody has removed it") == true
      }
      sluice.child.kill()
      try sluice.restart()
      #expect(try sluice.status().flag("rolled_back") == true)
      #expect(try sluice.status().text("rollback.reason") == "drill")
      try sluice.control("ROLLBACK", "again")
      try eventually("it is written again") { try sluice.status().text("latch_error") == nil }
      #expect(FileManager.default.fileExists(atPath: latch(sluice)))
    }

    @Test("where nothing can be remembered status says so, and nothing else is harmed")
    func noRoom() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 100)
      // No file may be longer than 512 KiB; a file that would be raises a signal, which is fatal unless ignored.
      options.launcher = ["/bin/sh", "-c", "trap '' XFSZ; ulimit -f 1024; exec \"$0\" \"$@\""]
      let stacks = try TwoStacks(options)
      let sluice = stacks.sluice
      #expect(try sluice.status().text("memory_error")?.contains("cannot reserve") == true)
      #expect(try sluice.run("status").output.contains("FORGETS stage and rollback"))
      try set(sluice, "value")
      try sluice.control("ROLLBACK", "drill")
      try eventually("the latch file is there") { FileManager.default.fileExists(atPath: latch(sluice)) }
      sluice.child.kill()
      try sluice.restart()
      #expect(try sluice.status().flag("rolled_back") == true)
    }

    @Test("a memory that is cut off beneath the proxy is begun anew")
    func cutOff() throws {
      let stacks = try complete()
      let sluice = stacks.sluice
      let path = sluice.ledgerPath + ".suspects/in-force"
      #expect(truncate(path, 0) == 0)
      try sluice.control("STAGE", "rampdown")
      try sluice.control("STAGE", "complete")
      #expect(truncate(path, 100) == 0)
      try eventually("it is mended") {
        // Its room is there a moment before what stands in it.
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        return bytes.count > 1_000_000 && bytes[4096..<12288].contains { $0 != 0 }
      }
      sluice.child.kill()
      try FileManager.default.removeItem(atPath: sluice.flagsPath)
      try sluice.restart()
      #expect(try sluice.status().text("effective_stage") == "complete")
      #expect(try read(sluice).allSatisfy { $0 == "newest" })
    }

    @Test("a damaged memory is said and put aside, and the flags decide")
    func damaged() throws {
      let stacks = try TwoStacks(stage: "rampdown")
      let sluice = stacks.sluice
      let path = sluice.ledgerPath + ".suspects/in-force"
      _ = try sluice.terminate()
      try Data((0..<5000).map { _ in UInt8.random(in: 0...255) }).write(to: URL(fileURLWithPath: path))
      try sluice.restart()
      #expect(try sluice.status().text("effective_stage") == "rampdown")
      #expect(sluice.child.errors.contains("is damaged, 5000 bytes long"), "\(sluice.child.errors)")
      #expect(FileManager.default.fileExists(atPath: path + ".damaged"))
    }

    @Test("without a flag file stage and rollback outlive the process")
    func noFlagFile() throws {
      let stacks = try complete()
      let sluice = stacks.sluice
      // A proxy beside the same ledger, without --flags: the memory is all that there is.
      _ = try sluice.terminate()
      let folder = try ScratchFolder()
      func start(_ name: String) throws -> (Child, UInt16) {
        let child = try Child(
          SluiceProcess.executable(),
          [
            "serve", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--legacy", stacks.legacy.url,
            "--new",
            stacks.new.url, "--ledger", sluice.ledgerPath,
          ], in: folder, name: name)
        var port: UInt16 = 0
        try eventually("it listens: \(child.lastWords)") {
          let line = child.output.split(separator: "\n").first { $0.hasPrefix("  control ") }
          port = line?.split(separator: ":").last.flatMap { UInt16($0.prefix { $0.isNumber }) } ?? 0
          return port > 0 && child.output.contains("  ledger ")
        }
        return (child, port)
      }
      func ask(_ port: UInt16, _ word: String) throws -> String {
        try RedisClient(RedisEndpoint(.tcp(host: "127.0.0.1", port: port))).command(word).text ?? ""
      }
      let (first, port) = try start("first")
      #expect(try ask(port, "STATUS").contains(#""effective_stage" : "complete""#))
      let said = try ask(port, "ROLLBACK")
      #expect(!said.contains("forget"), "\(said)")
      first.kill()
      let (second, next) = try start("second")
      #expect(try ask(next, "STATUS").contains(#""rolled_back" : true"#))
      second.kill()
      withExtendedLifetime(stacks) {}
    }
  }
}
