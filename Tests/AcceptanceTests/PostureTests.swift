import Foundation
import SluiceLoadGenerator
import SluiceTestSupport
import Testing

extension Acceptance {
  /// What others on the machine, and on the network, see and may do.
  @Suite struct PostureTests {
    private let sluice: String

    init() throws { sluice = try SluiceProcess.executable() }

    @Test("a password in a URL is not in the process list, and the log says where it belongs")
    func processList() throws {
      let proxy = try SluiceProcess(
        legacy: "redis://:hunter2@127.0.0.1:1", new: "redis://ann:swordfish@127.0.0.1:2/3")
      let shown = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(proxy.child.pid)/cmdline"))
      let words = shown.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      #expect(words.contains("redis://:*******@127.0.0.1:1"))
      #expect(words.contains("redis://ann:*********@127.0.0.1:2/3"))
      // It was read before.
      #expect(try proxy.status().text("stacks.new.endpoint") == "redis://ann:***@127.0.0.1:2/3")
      for stack in ["legacy", "new"] {
        #expect(proxy.child.errors.contains("stacks.\(stack).password_file"), "\(proxy.child.errors)")
      }
      for secret in ["hunter2", "swordfish"] { #expect(!proxy.child.lastWords.contains(secret)) }
    }

    @Test(
      "what was typed is shown, not obeyed",
      arguments: [
        (["stage", "X"], 64), (["stage", "live", "X"], 64), (["ramp", "X"], 64), (["X"], 64),
        (["status", "--X"], 64), (["status", "--control", "X"], 64), (["report", "--section", "X"], 64),
        (["bench", "before", "--url", "X"], 64), (["report", "X"], 66),
        (["bench", "compare", "--ledger", "X"], 66),
        (["serve", "--new", "X"], 78), (["serve", "--config", "X"], 78),
        (["serve", "--password-file", "X"], 78),
        (["serve", "--listen", "X"], 78), (["warm", "--config", "X", "--control", "127.0.0.1:1"], 69),
        (["verify", "--config", "X", "--control", "127.0.0.1:1"], 69),
        (["diagnose", "--config", "X", "--control", "127.0.0.1:1"], 66),
        (["rollback", "--control-password-file", "X"], 66),
      ] as [([String], Int32)])
    func escapes(_ words: [String], _ code: Int32) throws {
      let typed = "\u{1b}[31mlive\u{7}\u{9b}2J\u{202e}"
      let ended = try Child.run(sluice, words.map { $0.replacing("X", with: typed) })
      #expect(ended.exit == .code(code), "\(ended)")
      let said = ended.errors + ended.output
      #expect(!said.isEmpty)
      #expect(
        said.unicodeScalars.allSatisfy {
          $0 == "\n" || ($0.value >= 0x20 && !(0x7f...0x9f).contains($0.value))
        })
      #expect(!said.contains("\u{202e}"))
    }

    @Test("other machines are listened to with a password, or with --no-auth, or not at all")
    func offLoopback() throws {
      let start = ["serve", "--listen", "0.0.0.0:0", "--control", "127.0.0.1:0"]
      let refused = try Child.run(sluice, start)
      #expect(refused.exit == .code(78))
      #expect(
        refused.errors.contains("--listen: other machines can reach 0.0.0.0:0")
          && refused.errors.contains("--no-auth"), "\(refused.errors)")
      let control = try Child.run(
        sluice, ["serve", "--control", "0.0.0.0:0"], environment: ["SLUICE_PASSWORD": "clients'"])
      #expect(control.exit == .code(78) && control.errors.contains("--control-password-file"))
      let folder = try ScratchFolder()
      for (name, more, variables) in [
        ("told", ["--no-auth"], [:]), ("locked", [], ["SLUICE_PASSWORD": "a"]),
      ] {
        let child = try Child(sluice, start + more, environment: variables, in: folder, name: name)
        try eventually("it listens: \(child.lastWords)") { child.output.contains("  ledger ") }
        #expect(child.output.contains("WARNING      clients on other machines") == (name == "told"))
        child.kill()
      }
    }

    @Test("a key with a name of two megabytes stops neither warm nor verify; it is counted and named, cut")
    func longKey() throws {
      let stacks = try UpkeepStacks(stage: "dualwrite", planted: 60)
      let long = [UInt8](repeating: 78, count: 2 << 20)
      let set = [Array("SET".utf8), long, [118]]
      _ = try stacks.legacy.client().command(set)
      let control = ["--control", "127.0.0.1:\(stacks.sluice.controlPort)"]
      let warm = try Child.run(sluice, ["warm"] + control)
      #expect(warm.exit == .code(65), "\(warm)")
      for said in [warm.output, warm.errors] {
        #expect(said.contains("left out") && !said.contains(String(repeating: "N", count: 200)), "\(said)")
      }
      #expect(warm.errors.contains("(2097152 bytes)"), "\(warm.errors)")
      #expect(try stacks.newSize() == 60)
      let verify = try Child.run(sluice, ["verify"] + control)
      #expect(verify.exit == .code(65) && verify.errors.contains("(2097152 bytes)"), "\(verify)")
      #expect(verify.output.contains("compared 60 keys"), "\(verify.output)")
      _ = try stacks.new.client().command("SET", "k0", "changed")
      let found = try Child.run(sluice, ["verify", "--json"] + control)
      #expect(found.exit == .code(1) && found.output.contains("\"too_long\" : 1"), "\(found)")
    }
  }
}
