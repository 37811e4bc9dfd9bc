import Foundation
import SluiceLoadGenerator
import SluiceLocks
import SluicePasswords
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Several proxies of one service: one source of flags, one command for all, and orders at the same moment.
  @Suite struct FleetTests {
    private func cli(_ words: [String]) throws -> (code: Child.Exit, said: String) {
      let ran = try Child.run(try SluiceProcess.executable(), words)
      return (ran.exit, ran.output + ran.errors)
    }

    private func proxy(_ options: SluiceProcess.Options) throws -> SluiceProcess {
      try SluiceProcess(legacy: "memory:", new: "memory:", options)
    }

    @Test(
      "Flags come from one source by ETag, and what is bad or away there changes nothing, over a restart either"
    )
    func source() throws {
      let content = Mutex((tag: "\"1\"", text: FlagText.make(stage: "shadow")))
      let answer: @Sendable (HTTPReceiver.Request) -> HTTPReceiver.Answer = { request in
        let (tag, text) = content.withLock { $0 }
        if request.headers["if-none-match"] == tag { return .init(304, headers: ["ETag": tag]) }
        return .init(200, headers: ["ETag": tag], body: Array(text.utf8))
      }
      let source = try HTTPReceiver(answer)
      var options = SluiceProcess.Options(stage: "dualwrite")
      options.yaml = """
        flags: { url: "http://127.0.0.1:\(source.port)/shop/flags.json", interval: 100ms }
        """
      let process = try proxy(options)
      // It was fetched before anything else.
      #expect(try process.status().text("stage") == "shadow")
      #expect(process.child.output.contains("  stage        shadow"))
      content.withLock { $0 = ("\"2\"", FlagText.make(stage: "live", percent: 25)) }
      try eventually("the new one is in force") { try process.status().number("percent") == 25 }
      try eventually("it asks by what it has") { source.requests.last?.headers["if-none-match"] == "\"2\"" }
      // What is ordered here holds until the source has something new.
      try process.control("RAMP", "50")
      let before = source.requests.count
      try eventually("it asked again") { source.requests.count > before + 3 }
      #expect(try process.status().number("percent") == 50)
      content.withLock { $0 = ("\"3\"", "{\"flags\": {}}") }
      try eventually("what is bad is said") {
        try process.status().text("flags.fetch_error")?.contains("refused") == true
      }
      #expect(try process.status().number("percent") == 50)
      // The source is away, and the last good one stays, over a restart.
      source.stop()
      try eventually("it is said") {
        try process.status().text("flags.fetch_error")?.contains("cannot be reached") == true
      }
      #expect(try process.terminate() == .code(0))
      try process.restart()
      #expect(try process.status().number("percent") == 50 && process.status().text("stage") == "live")
      content.withLock { $0 = ("\"4\"", FlagText.make(stage: "live", percent: 75)) }
      let again = try HTTPReceiver(port: source.port, answer)
      defer { again.stop() }
      try eventually("it is back") { try process.status().number("percent") == 75 }
      #expect(try process.status().text("flags.fetch_error") == nil)
      // A rollback needs no source, and holds whatever comes from there.
      try process.control("ROLLBACK", "now")
      content.withLock { $0 = ("\"5\"", FlagText.make(stage: "live", percent: 100)) }
      try eventually("it is read") { try process.status().number("percent") == 100 }
      #expect(try process.status().text("effective_stage") == "dualwrite")
    }

    @Test("Without a source and without a file from before there is no start")
    func nothing() throws {
      let folder = try ScratchFolder()
      let yaml = try folder.write(
        "s.yaml",
        "flags: { path: \(folder.path)/none.json, url: 'http://127.0.0.1:1/x' }\nlisten: 127.0.0.1:0\ncontrol: 127.0.0.1:0\n"
      )
      let ran = try cli(["serve", "--config", yaml])
      #expect(ran.code == .code(69) && ran.said.contains("cannot be fetched"), "\(ran)")
    }

    @Test("fleet status, stage and rollback reach all, and the exit code is 1 where they are not one")
    func all() throws {
      var options = SluiceProcess.Options(stage: "shadow")
      options.controlPassword = "ops"
      options.yaml = "service: shop\n"
      let (one, two) = (try proxy(options), try proxy(options))
      let folder = try ScratchFolder()
      _ = try folder.write("ops.txt", "ops\n")
      func members(_ more: String = "") throws -> String {
        try folder.write(
          "fleet.yaml",
          """
          proxies:
          - { name: one, control: "127.0.0.1:\(one.controlPort)", password_file: \(folder.path)/ops.txt }
          - { name: two, control: "127.0.0.1:\(two.controlPort)", password_file: \(folder.path)/ops.txt }
          \(more)
          """)
      }
      let file = try members()
      let equal = try cli(["fleet", "status", "--file", file])
      #expect(equal.code == .code(0) && equal.said.contains("all 2 are in the same place"), "\(equal)")
      try one.control("STAGE", "dualwrite")
      let drift = try cli(["fleet", "status", "--file", file])
      #expect(drift.code == .code(1), "\(drift)")
      #expect(drift.said.contains("DRIFT of stage: dualwrite (one); shadow (two)"), "\(drift)")
      let moved = try cli(["fleet", "stage", "live", "25", "--file", file])
      #expect(
        moved.code == .code(0)
          && moved.said.contains("live 25 %: new now answers 25 % of the keys (was 0 %)"), "\(moved)")
      #expect(try cli(["fleet", "status", "--file", file]).code == .code(0))
      let back = try cli(["fleet", "rollback", "--file", file, "it", "is slow"])
      #expect(back.code == .code(0), "\(back)")
      for process in [one, two] {
        #expect(try process.status().flag("rolled_back") == true)
        #expect(try process.status().text("rollback.reason") == "it is slow")
      }
      // One that is not there keeps nobody else from being asked.
      let lone = try members("- { name: gone, control: '127.0.0.1:1' }")
      let missing = try cli(["fleet", "status", "--file", lone])
      #expect(missing.code == .code(1) && missing.said.contains("gone: no proxy answers"), "\(missing)")
      let bad = try cli(["fleet", "status", "--file", try folder.write("bad.yaml", "proxis: []\n")])
      #expect(bad.code == .code(78) && bad.said.contains("did you mean proxies?"), "\(bad)")
    }

    @Test("the page's fleet: all are asked at their doors with a token that may look, and drift is named")
    func page() throws {
      let folder = try ScratchFolder()
      let tokens = try folder.write("tokens", "page view \(StoredPassword.digest(of: "of the page".utf8))\n")
      _ = try folder.write("view.txt", "of the page\n")
      _ = try folder.write("wrong.txt", "of somebody\n")
      func options(_ more: String) -> SluiceProcess.Options {
        var options = SluiceProcess.Options(stage: "shadow")
        options.admin = "127.0.0.1:0"
        options.yaml = "service: shop\nadmin: { tokens_file: \(tokens)\(more) }\n"
        return options
      }
      func fleet(_ members: String...) throws -> String {
        try folder.write("fleet.yaml", "proxies:\n" + members.map { "- { \($0) }\n" }.joined())
      }
      let two = try proxy(options(""))
      let other = "name: two, admin: 'http://127.0.0.1:\(two.adminPort)', token_file: \(folder.path)/view.txt"
      let file = try fleet(other, "name: gone, admin: 'http://127.0.0.1:1'")
      let one = try proxy(options(", fleet: \(file)"))
      func ask(_ process: SluiceProcess) throws -> HTTPAnswer {
        try HTTPAnswer(
          "GET", "/api/fleet", port: process.adminPort, headers: ["Authorization": "Bearer of the page"])
      }
      let first = try ask(one)
      #expect(first.status == 200 && first.flag("is_one") == false, "\(first)")
      #expect(first.body.contains("gone: cannot be reached") && first.body.contains("\"stage\":\"shadow\""))
      #expect(try ask(two).status == 404)
      #expect(try HTTPAnswer("GET", "/api/fleet", port: one.adminPort).status == 401)

      // The file is read again, as that of tokens is.
      let own = "name: one, admin: 'http://127.0.0.1:\(one.adminPort)', token_file: \(folder.path)/view.txt"
      _ = try fleet(own, other)
      try one.control("RELOAD")
      #expect(try ask(one).flag("is_one") == true)
      try two.control("STAGE", "dualwrite")
      try eventually("the drift is named") {
        let answer = try ask(one)
        return answer.flag("is_one") == false
          && answer.body.contains("DRIFT of stage: dualwrite (two); shadow (one)")
          && answer.body.contains("\"drifts\":[\"stage\",\"in force\"")
      }
      let viewer = try SocketClient(port: one.adminPort)
      try viewer.send(
        "GET /events HTTP/1.1\r\nHost: 127.0.0.1:\(one.adminPort)\r\nAuthorization: Bearer of the page\r\n\r\n"
      )
      #expect(try viewer.untilClosed(orText: "event: fleet", within: .seconds(10)).contains("event: status"))
      _ = try fleet("name: one")
      #expect(
        try one.control("RELOAD").text?.contains("but the fleet in use stays as it was, for its file") == true
      )
      _ = try fleet(own, other.replacing("view.txt", with: "wrong.txt"))
      try one.control("RELOAD")
      try eventually("who may not look says so") { try ask(one).body.contains("two: wants a token") }

      let bad = try cli([
        "serve", "--config",
        try folder.write(
          "bad.yaml", "admin: { listen: 127.0.0.1:0, fleet: \(try fleet("name: one, control: 'a:1'")) }\n"),
      ])
      #expect(bad.code == .code(78) && bad.said.contains("admin: is missing; name its admin door"), "\(bad)")
    }

    @Test(
      "Of orders on one flag file at the same moment one goes through, the others are told, and all end up there"
    )
    func sameMoment() throws {
      let shared = try ScratchFolder()
      _ = try shared.write("sluice.flagd.json", FlagText.make(stage: "live", percent: 10))
      var options = SluiceProcess.Options(stage: "live", percent: 10)
      options.prepare = { folder in
        try FileManager.default.removeItem(atPath: "\(folder)/flags")
        try FileManager.default.createSymbolicLink(
          atPath: "\(folder)/flags", withDestinationPath: shared.path)
      }
      let fleet = try (0..<3).map { _ in try proxy(options) }
      var told = 0
      for round in 1...6 {
        let answers = Mutex<[(percent: Int, text: String)]>([])
        let (group, start) = (DispatchGroup(), DispatchSemaphore(value: 0))
        for (index, process) in fleet.enumerated() {
          let percent = round * 10 + index * 2
          let endpoint = RedisEndpoint(.tcp(host: "127.0.0.1", port: process.controlPort))
          group.enter()
          Thread {
            defer { group.leave() }
            guard let client = try? RedisClient(endpoint) else { return }
            start.wait()
            let reply = try? client.command("RAMP", "\(percent)", "FORCE", "all at once")
            let text = if case .error(let text)? = reply { text } else { reply?.text ?? "-" }
            answers.withLock { $0.append((percent, text)) }
          }.start()
        }
        Thread.sleep(forTimeInterval: 0.2)
        for _ in fleet { start.signal() }
        group.wait()
        let all = answers.withLock { $0 }
        let won = all.filter { $0.text.hasPrefix("OK ") }
        let refused = all.filter { $0.text.hasPrefix("TRYAGAIN nothing was changed") }
        #expect(won.count + refused.count == 3 && !won.isEmpty, "\(all)")
        told += refused.count
        try eventually("all are there") {
          let places = try fleet.map { Int(try $0.status().number("percent") ?? -1) }
          return Set(places).count == 1 && won.contains { $0.percent == places[0] }
        }
      }
      #expect(told >= 6, "\(told)")
    }
  }
}
