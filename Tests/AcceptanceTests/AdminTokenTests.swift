import Foundation
import SluiceLoadGenerator
import SluicePasswords
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// The admin door with tokens: who may do what, and under which name.
  @Suite struct AdminTokenTests {
    private let stacks: TwoStacks
    private let folder: ScratchFolder
    private let file: String
    private var sluice: SluiceProcess { stacks.sluice }

    init() throws {
      folder = try ScratchFolder()
      let slow = try StoredPassword.make("of the page".utf8)
      let quick = { (text: String) in StoredPassword.digest(of: text.utf8) }
      file = try folder.write(
        "tokens",
        "prometheus view \(quick("of prometheus"))\noncall roll-back \(quick("of oncall"))\nalice operate \(slow)\n"
      )
      var options = SluiceProcess.Options(stage: "dualwrite")
      options.admin = "127.0.0.1:0"
      options.controlPassword = "of the control port"
      options.yaml = "admin: { tokens_file: \(file) }\n"
      stacks = try TwoStacks(options)
    }

    private func ask(_ method: String = "GET", _ target: String, _ token: String?, body: String? = nil) throws
      -> HTTPAnswer
    {
      try HTTPAnswer(
        method, target, port: sluice.adminPort,
        headers: token.map { ["Authorization": "Bearer \($0)"] } ?? [:], body: body)
    }

    @Test("each role may do what it is for, and the row has the token's name")
    func roles() throws {
      for path in [
        "/metrics", "/api/status", "/api/gates", "/api/plan", "/api/story", "/api/divergences", "/api/fleet",
        "/events",
      ] {
        let answer = try ask("GET", path, nil)
        #expect(answer.status == 401, "\(path)")
        #expect(answer.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
        if path == "/api/fleet" {
          // Nobody has named others here.
          #expect(try ask("GET", path, "of prometheus").status == 404)
        } else if path != "/events" {
          #expect(try ask("GET", path, "of prometheus").status == 200, "\(path)")
        }
      }
      for path in ["/livez", "/readyz", "/readyz?verbose", "/"] {
        #expect(try ask("GET", path, nil).status == 200, "\(path)")
      }
      #expect(!(try ask("GET", "/", nil).body.contains("stage in force")))
      #expect(try ask("GET", "/", "of prometheus").body.contains("stage in force"))
      #expect(try ask("POST", "/api/rollback", nil, body: "{}").status == 401)
      let refused = try ask("POST", "/api/rollback", "of prometheus", body: "{}")
      #expect(refused.status == 403)
      #expect(
        refused.text("error") == "prometheus may view, and this takes roll-back; use a token of that role")
      #expect(try ask("POST", "/api/stage", "of oncall", body: #"{"stage": "shadow"}"#).status == 403)
      #expect(try sluice.status().flag("rolled_back") == false)
      #expect(try ask("POST", "/api/stage", "of the page", body: #"{"stage": "shadow"}"#).status == 200)
      #expect(try ask("POST", "/api/rollback", "of oncall", body: #"{"reason": "3 a.m."}"#).status == 200)
      #expect(try sluice.status().text("rollback.who") == "oncall")
      try eventually("the story has the names") {
        let rows = try Ledgerbook(sluice.ledgerPath).rows(.story)
        return rows.contains { $0["action"] == "stage" && $0["who"] == "alice" }
          && rows.contains { $0["action"] == "rollback" && $0["who"] == "oncall" }
      }
      // Nobody told the proxy to believe who says so.
      let said = try HTTPAnswer(
        "POST", "/api/rearm", port: sluice.adminPort,
        headers: ["Authorization": "Bearer of the page", "X-Forwarded-User": "mallory"], body: "{}")
      #expect(said.status == 200)
      try eventually("the re-arm is alice's") {
        try Ledgerbook(sluice.ledgerPath).rows(.story).contains {
          $0["action"] == "rearm" && $0["who"] == "alice"
        }
      }
    }

    @Test("by TLS: other machines may come, and the page's address says so")
    func tls() throws {
      let certificates = try Certificates()
      var options = certificates.options(stage: "off")
      options.admin = "tls:0.0.0.0:0"
      options.yaml += "admin: { tokens_file: \(file) }\n"
      let sluice = try SluiceProcess(legacy: stacks.legacy.url, new: stacks.new.url, options)
      #expect(
        sluice.child.output.contains("  page         https://127.0.0.1:\(sluice.adminPort)/, with token"))
      let asks = """
        import ssl, sys, urllib.request
        context = ssl.create_default_context(cafile=sys.argv[1])
        request = urllib.request.Request(sys.argv[2], headers={"Authorization": "Bearer of prometheus"})
        print(urllib.request.urlopen(request, context=context, timeout=10).read().decode())
        """
      let python = try Child(
        "python3",
        ["-c", asks, certificates.ca.certificate, "https://localhost:\(sluice.adminPort)/metrics"],
        in: folder, name: "tls")
      #expect(try python.wait(within: .seconds(20)) == .code(0), "\(python.lastWords)")
      #expect(python.output.contains("sluice_stage{stage=\"off\"} 1"))
      #expect((try sluice.status().number("tls.admin.handshakes") ?? 0) >= 1)
    }

    @Test(
      "wrong tokens are counted and slowed down; a right one is answered at once; a file that is edited acts at once"
    )
    func guessing() throws {
      let began = ContinuousClock.now
      for number in 0..<8 { #expect(try ask("GET", "/api/status", "guess \(number)").status == 401) }
      #expect(ContinuousClock.now - began > .milliseconds(500), "not slowed down")
      #expect(try ask("GET", "/api/status", "of the page").status == 200)
      #expect(try sluice.status().number("wrong_passwords.admin.count") == 8)
      #expect(
        try ask("GET", "/metrics", "of prometheus").body.contains(
          "sluice_wrong_passwords_total{door=\"admin\"} 8\n"))
      _ = try folder.write("tokens", "carol view \(StoredPassword.digest(of: "of carol".utf8))\n")
      try sluice.control("RELOAD")
      #expect(try ask("GET", "/api/status", "of carol").status == 200)
      #expect(try ask("GET", "/api/status", "of the page").status == 401)
      _ = try folder.write("tokens", "nonsense\n")
      #expect(try sluice.control("RELOAD").text?.contains("the last good tokens stay in use") == true)
      #expect(try ask("GET", "/api/status", "of carol").status == 200)
    }
  }
}
