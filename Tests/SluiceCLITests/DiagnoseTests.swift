import Foundation
import SluiceConfiguration
import SluiceLedger
import SluiceLoadGenerator
import SluiceTestSupport
import Testing

@testable import SluiceCLI

@Suite struct DiagnoseTests {
  private static let password = "s3cret-of-the-proxy"

  /// Runs it and returns the files of the archive by name, and what `tar` calls them.
  private func diagnose(_ arguments: [String], in folder: ScratchFolder) throws -> [String: String] {
    let archive = "\(folder.path)/incident.tar.gz"
    let command = try #require(
      try SluiceCommand.parseAsRoot(["diagnose", "--output", archive] + arguments) as? Diagnose)
    try command.run()
    let mode = try FileManager.default.attributesOfItem(atPath: archive)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let list = try Child.run("tar", ["-tzf", archive])
    #expect(list.exit == .code(0), "\(list.errors)")
    var files: [String: String] = [:]
    for path in list.output.split(separator: "\n") {
      let content = try Child.run("tar", ["-xzOf", archive, String(path)])
      #expect(content.exit == .code(0))
      files[path.split(separator: "/").dropFirst().joined(separator: "/")] = content.output
    }
    return files
  }

  private func passwordFile(_ folder: ScratchFolder) throws -> String {
    try folder.write("password", Self.password + "\n")
  }

  @Test("A running proxy: everything is there, and no secret")
  func running() throws {
    let folder = try ScratchFolder()
    let flags = try folder.write("sluice.flagd.json", FlagText.make(stage: "live", percent: 25))
    let ledgerPath = "\(folder.path)/sluice.db"
    let ledger = try Ledger(
      LedgerConfiguration(path: ledgerPath), version: "1", summary: "redis://u:hunter2@old:1",
      commandName: { "\($0)" })
    ledger.close(clean: true)
    let config = try folder.write(
      "sluice.yaml",
      """
      stacks:
        legacy: { url: "redis://ada:topsecret@old:6379" }
        new: { url: "redis://:p%40ss@new:6379" }
      ledger: { path: "\(ledgerPath)" }
      flags: { path: "\(flags)" }
      """)
    let control = try FakeControl { command in
      switch command.first {
      case "AUTH": "+OK\r\n"
      case "STATUS":
        bulk(
          "{\"stage\":\"live\",\"note\":\"redis://x:leaked@h/ \(Self.password) topsecret p@ss\",\"flags\":{\"path\":\"\(flags)\"}}"
        )
      default: nil
      }
    }
    defer { control.stop() }
    let files = try diagnose(
      [
        "--control", "127.0.0.1:\(control.port)", "--config", config, "--password-file",
        try passwordFile(folder),
      ], in: folder)
    #expect(
      Set(files.keys) == [
        "SUMMARY.txt", "versions.txt", "environment.txt", "status.json", "sluice.yaml", "flags/flags.json",
        "flags/meaning.txt", "flags/latch.txt", "report.txt", "report.json",
      ])
    #expect(files["status.json"]?.contains("\"stage\":\"live\"") == true)
    #expect(files["flags/meaning.txt"]?.contains("stage live\nnew stack 25 %") == true)
    #expect(files["flags/latch.txt"] == "not set\n")
    #expect(files["sluice.yaml"]?.contains("ada:***@old:6379") == true)
    #expect(files["report.txt"]?.contains("Runs") == true)
    #expect(files["SUMMARY.txt"]?.contains("not in this archive:\n  nothing") == true)
    for (name, text) in files {
      for secret in [Self.password, "topsecret", "p%40ss", "p@ss", "hunter2", "leaked"] {
        #expect(!text.contains(secret), "\(secret) in \(name)")
      }
    }
  }

  @Test("The proxy is down: ledger and files alone, and the archive says so")
  func down() throws {
    let folder = try ScratchFolder()
    let flags = try folder.write("sluice.flagd.json", "{ not JSON")
    try "who: ada\nreason: too slow\n".write(
      toFile: "\(folder.path)/ROLLBACK", atomically: true, encoding: .utf8)
    let ledgerPath = "\(folder.path)/sluice.db"
    try Ledger(
      LedgerConfiguration(path: ledgerPath), version: "1", summary: "", commandName: { "\($0)" }
    ).close(clean: true)
    let files = try diagnose(
      ["--control", "127.0.0.1:\(try Ports.free())", "--flags", flags, "--ledger", ledgerPath], in: folder)
    #expect(files["status.json"] == nil)
    #expect(files["SUMMARY.txt"]?.contains("proxy: DOWN or not reachable") == true)
    #expect(files["SUMMARY.txt"]?.contains("status: no proxy answers") == true)
    #expect(files["report.json"]?.contains("run_list") == true)
    #expect(files["flags/meaning.txt"]?.contains("this file is refused") == true)
    #expect(files["flags/latch.txt"]?.contains("ROLLED BACK\nwho: ada") == true)
  }

  @Test("Nothing at all: there is no archive, and one line says what is missing")
  func nothing() throws {
    let folder = try ScratchFolder()
    let failure = try #require(throws: Failure.self) {
      try diagnose(
        [
          "--control", "127.0.0.1:\(try Ports.free())", "--config", "\(folder.path)/none.yaml", "--ledger",
          "\(folder.path)/none.db", "--flags", "\(folder.path)/none.json",
        ], in: folder)
    }
    #expect(failure.code == .noInput)
    for part in ["status: ", "configuration: ", "flags: ", "ledger: "] {
      #expect(failure.message.contains(part))
    }
    #expect(!failure.message.contains("\n") && !failure.message.contains("\\x0a"), "\(failure.message)")
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/incident.tar.gz"))
  }

  @Test("An archive that cannot be written is an error with a hint")
  func unwritable() throws {
    let folder = try ScratchFolder()
    let flags = try folder.write("sluice.flagd.json", FlagText.make(stage: "off"))
    let command = try #require(
      try SluiceCommand.parseAsRoot([
        "diagnose", "--control", "127.0.0.1:\(try Ports.free())", "--output", "/nowhere/at/all.tar.gz",
        "--flags", flags,
      ]) as? Diagnose)
    let failure = #expect(throws: Failure.self) { try command.run() }
    #expect(failure?.message.contains("--output") == true)
  }

  @Test(
    "Whatever looks like an address with a password loses it",
    arguments: [
      ("redis://u:p@h:1/2", "redis://u:***@h:1/2"), ("redis://:p@h", "redis://***@h"),
      ("x redis://p@h, rediss://a:b@c", "x redis://***@h, rediss://a:***@c"),
      ("redis://h:1", "redis://h:1"), ("mail@example.org", "mail@example.org"),
      ("redis://u:p@ss@h", "redis://u:***@h"), ("redis://u:p/ss@h", "redis://u:***@h"),
      ("redis://h:1,redis://u:p@h", "redis://h:1,redis://u:***@h"),
    ])
  func addresses(_ text: String, _ clean: String) {
    #expect(Redaction.scrubbed(text, secrets: []) == clean)
  }

  @Test("Secrets go, the longer one first")
  func secrets() {
    #expect(Redaction.scrubbed("abc abcd", secrets: ["abc", "abcd", ""]) == "*** ***")
  }
}
