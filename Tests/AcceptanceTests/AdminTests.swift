import Foundation
import SluiceLoadGenerator
import SluicePasswords
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// The admin door of the real proxy, without tokens.
  @Suite struct AdminTests {
    private let stacks: TwoStacks
    private let folder: ScratchFolder
    private var sluice: SluiceProcess { stacks.sluice }

    init() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 50)
      options.admin = "127.0.0.1:0"
      options.yaml = "ledger: { figures_interval: 1s }\nadmin: { proxies: [127.0.0.1] }\n"
      folder = try ScratchFolder()
      options.control = ["unix:\(folder.path)/c.sock"]
      stacks = try TwoStacks(options)
      let client = try sluice.client()
      for number in 0..<200 { _ = try client.command("SET", "key:\(number)", "value") }
      for number in 0..<400 { _ = try client.command("GET", "key:\(number)") }
      _ = try client.command("LPUSH", "key:0", "wrong type")
      _ = try client.command("MONITOR")
    }

    private func ask(
      _ method: String = "GET", _ target: String, _ headers: [String: String] = [:], body: String? = nil
    ) throws -> HTTPAnswer {
      try HTTPAnswer(method, target, port: sluice.adminPort, headers: headers, body: body)
    }

    @Test("metrics: promtool has nothing to say, every number is that of STATUS, and no key is in them")
    func metrics() throws {
      let text = try ask("GET", "/metrics?commands=1")
      #expect(text.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
      let file = try folder.write("metrics.txt", text.body)
      let check = try Child("promtool", ["check", "metrics"], input: file, in: folder, name: "promtool")
      #expect(try check.wait(within: .seconds(20)) == .code(0), "\(check.lastWords)")
      #expect(check.output + check.errors == "")
      let open = try ask("GET", "/metrics", ["Accept": "application/openmetrics-text; version=1.0.0"])
      #expect(open.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8")
      let other = try folder.write("open.txt", open.body)
      let reads = """
        import sys
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as read
        print(sum(len(f.samples) for f in read(open(sys.argv[1]).read())))
        """
      let python = try Child("/usr/bin/python3", ["-c", reads, other], in: folder, name: "python")
      #expect(try python.wait(within: .seconds(20)) == .code(0), "\(python.lastWords)")
      let status = try sluice.status()
      for (name, value) in [
        ("sluice_rollout_ratio", 0.5), ("sluice_rolled_back", 0), ("sluice_stage{stage=\"live\"}", 1),
        ("sluice_effective_stage{stage=\"off\"}", 0), ("sluice_stack_up{stack=\"new\"}", 1),
        ("sluice_comparisons_total{outcome=\"matched\"}", status.number("compare.matched") ?? -1),
        ("sluice_mirror_writes_total{result=\"sent\"}", status.number("mirror.writes") ?? -1),
        ("sluice_flips_total{action=\"start\",source=\"start\"}", 1), ("sluice_ledger_up", 1),
        ("sluice_clients_total", status.number("clients.total") ?? -1),
      ] {
        #expect(
          text.body.contains("\n\(name) \(value == value.rounded() ? "\(Int(value))" : "\(value)")\n"),
          "\(name) \(value)")
      }
      #expect(sum(text.body, "sluice_commands_total{", "role=\"primary\"", "result=\"hit\"") == 200)
      #expect(sum(text.body, "sluice_commands_total{", "role=\"primary\"", "result=\"miss\"") == 200)
      #expect(sum(text.body, "sluice_commands_by_name_total{", "role=\"primary\"", "command=\"get\"") == 400)
      #expect(sum(text.body, "sluice_client_command_duration_seconds_count{", "class=\"read\"") >= 400)
      #expect(!text.body.contains("key:"))
    }

    @Test(
      "dashboard, alerts and documentation speak of metrics that there are, and the alerts do what they say")
    func shipped() throws {
      let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        .standardized
      let text = try ask("GET", "/metrics?commands=1").body
      let there = Set(
        text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] })
      for file in ["grafana/sluice.json", "prometheus/rules.yml", "docs/admin.md"] {
        let words = try String(contentsOf: root.appendingPathComponent(file), encoding: .utf8)
          .split { !$0.isLetter && !$0.isNumber && $0 != "_" }.filter { $0.hasPrefix("sluice_") }
        #expect(words.count > 10)
        for word in Set(words) {
          let name =
            ["_bucket", "_count", "_sum"].first { word.hasSuffix($0) }.map { word.dropLast($0.count) } ?? word
          // Nobody is told of anything here.
          #expect(there.contains(name) || name.hasPrefix("sluice_webhook_"), "\(file) speaks of \(word)")
        }
      }
      let described = try String(contentsOf: root.appendingPathComponent("docs/admin.md"), encoding: .utf8)
      for name in there where name.hasPrefix("sluice_") {
        #expect(described.contains(name), "docs/admin.md does not speak of \(name)")
      }
      for (index, words) in [["check", "rules", "rules.yml"], ["test", "rules", "rules.test.yml"]]
        .enumerated()
      {
        let file = root.appendingPathComponent("prometheus/\(words[2])").path
        let check = try Child("promtool", [words[0], words[1], file], in: folder, name: "rules\(index)")
        #expect(try check.wait(within: .seconds(30)) == .code(0), "\(check.lastWords)")
      }
    }

    @Test("what a stack says of itself is counted by its word, and what waits for it by its bytes")
    func words() throws {
      _ = try stacks.new.client().command("CONFIG", "SET", "maxmemory", "1")
      let client = try sluice.client()
      for number in 0..<40 { _ = try client.command("SET", "key:\(number)", "value") }
      try eventually("all its trouble has a word") {
        let text = try ask("GET", "/metrics").body
        let told = sum(text, "sluice_errors_total{", "stack=\"new\"", "kind=\"trouble\"")
        let words = sum(text, "sluice_stack_errors_total{", "stack=\"new\"")
        return told >= 40 && words == told
          && sum(text, "sluice_stack_errors_total{", "stack=\"new\"", "word=\"OOM\"") == told
      }
      #expect(sum(try ask("GET", "/metrics").body, "sluice_stack_errors_total{", "stack=\"legacy\"") == 0)
      try sluice.control("ROLLBACK", "so that legacy answers everything")
      stacks.new.pause()
      defer { stacks.new.resume() }
      for number in 0..<40 { _ = try client.command("SET", "key:\(number)", "a longer value") }
      let text = try ask("GET", "/metrics").body
      let (count, bytes) = (
        sum(text, "sluice_mirror_queue_commands{", "stack=\"new\""),
        sum(text, "sluice_mirror_queue_bytes{", "stack=\"new\"")
      )
      #expect(count > 0 && bytes > count * 30, "\(count) commands of \(bytes) bytes")
      #expect(sum(text, "sluice_mirror_queue_bytes{", "stack=\"legacy\"") == 0)
    }

    private func sum(_ text: String, _ parts: String...) -> Int {
      text.split(separator: "\n").filter { line in parts.allSatisfy { line.contains($0) } }
        .reduce(0) { $0 + (Int($1.split(separator: " ").last ?? "") ?? 0) }
    }

    @Test("health: alive, ready with its checks, rolled back is ready, without its primary it is not")
    func health() throws {
      #expect(try ask("GET", "/livez").body == "ok\n")
      let ready = try ask("GET", "/readyz?verbose")
      #expect(ready.status == 200)
      #expect(ready.body == "[+] listening ok\n[+] legacy ok\n[+] new ok\n[+] flags ok\n[+] ledger ok\nok\n")
      stacks.new.kill()
      try eventually("legacy stands in for new") { try sluice.status().text("fallback.mode") != nil }
      try eventually("it is ready all the same") {
        let answer = try ask("GET", "/readyz?verbose")
        return answer.status == 200 && answer.body.contains("[ ] new down")
      }
      try sluice.control("ROLLBACK", "new is gone")
      #expect(try ask("GET", "/readyz").status == 200)
      stacks.legacy.kill()
      try eventually("nobody answers, and it says so") { try ask("GET", "/readyz").status == 503 }
      #expect(try ask("GET", "/livez").status == 200)
    }

    @Test("orders go the way of the control port's: the same answers, refusals and rows, with a name")
    func orders() throws {
      func order(_ name: String, _ body: String, _ headers: [String: String] = [:]) throws -> HTTPAnswer {
        try ask("POST", "/api/\(name)", headers, body: body)
      }
      #expect(try order("ramp", #"{"percent": 5000}"#).status == 400)
      #expect(
        try order("stage", #"{"stage": "lve"}"#).text("error")?.hasPrefix("unknown stage 'lve'") == true)
      let gate = try order("ramp", #"{"percent": 75}"#)
      if gate.status == 409 { #expect(gate.text("word") == "GATE") } else { #expect(gate.status == 200) }
      let done = try order("rollback", #"{"reason": "by hand"}"#, ["X-Forwarded-User": "alice"])
      #expect(done.status == 200)
      #expect(done.text("answer")?.hasPrefix("OK rolled back: every key is answered by legacy") == true)
      let status = try ask("GET", "/api/status")
      #expect(status.text("rollback.who") == "alice")
      #expect(status.text("effective_stage") == "dualwrite")
      #expect(try sluice.status().text("rollback.reason") == "by hand")
      let again = try order("rollback", "", ["X-Forwarded-User": "bob"])
      #expect(again.text("answer")?.hasPrefix("OK already rolled back") == true)
      let refused = try order("rearm", #"{"resume": ""}"#)
      #expect(refused.status == 200, "an empty reason is none, so this is a plain re-arm: \(refused.body)")
      try eventually("the story has both, with names") {
        let rows = try Ledgerbook(sluice.ledgerPath).rows(.story)
        return rows.contains { $0["action"] == "rollback" && $0["who"] == "alice" }
          && rows.contains { $0["action"] == "rearm" && $0["who"]?.hasPrefix("admin 127.0.0.1:") == true }
      }
      let story = try ask("GET", "/api/story?since=1h")
      #expect(story.body.contains("\"who\":\"alice\""))
      #expect(!(try ask("GET", "/api/story?since=2999-01-01").body.contains("alice")))
    }

    @Test("what a web page of somebody else could send is refused, and does nothing")
    func strangers() throws {
      for (headers, status) in [
        (["Origin": "http://evil.example"], 403), (["Sec-Fetch-Site": "cross-site"], 403),
        (["Content-Type": "text/plain"], 415), (["Content-Type": "application/x-www-form-urlencoded"], 415),
        (
          ["Host": "evil.example:\(sluice.adminPort)", "Origin": "http://evil.example:\(sluice.adminPort)"],
          403
        ),
      ] {
        let answer = try ask("POST", "/api/rollback", headers, body: #"{"reason": "not me"}"#)
        #expect(answer.status == status, "\(headers)")
      }
      #expect(try ask("GET", "/api/status", ["Host": "evil.example"]).status == 403)
      #expect(try ask("GET", "/api/rollback").status == 405)
      #expect(try sluice.status().flag("rolled_back") == false)
      let page = try ask("GET", "/")
      #expect(page.headers["content-security-policy"]?.contains("frame-ancestors 'none'") == true)
      #expect(page.headers["x-frame-options"] == "DENY")
      #expect(page.body.contains("<tr><th scope=\"row\">stage in force</th><td>live</td></tr>"))
    }

    @Test(
      "viewers who read nothing, as many as there may be, hold nobody up: not the control port, not clients, not each other"
    )
    func slowViewers() throws {
      let viewers = try (0..<100).map { _ in
        let viewer = try SocketClient(port: sluice.adminPort)
        try viewer.send("GET /events HTTP/1.1\r\nHost: 127.0.0.1:\(sluice.adminPort)\r\n\r\n")
        return viewer
      }
      // Each has been let in, and reads nothing more from now on.
      for viewer in viewers { _ = try viewer.untilClosed(orText: "event: rest", within: .seconds(20)) }
      #expect(try ask("GET", "/events").status == 503)
      let client = try sluice.client()
      let began = ContinuousClock.now
      for number in 0..<200 { _ = try client.command("GET", "key:\(number)") }
      try sluice.control("ROLLBACK", "while everybody looks")
      #expect(try ask("GET", "/api/status").flag("rolled_back") == true)
      #expect(ContinuousClock.now - began < .seconds(2))
      #expect(try viewers[99].untilClosed(orText: "\"rolled_back\":true").contains("event: status"))
    }

    @Test("an order by the control port's unix socket has the user's name")
    func unixSocket() throws {
      let client = try RedisClient(RedisEndpoint(.unix(path: "\(folder.path)/c.sock")))
      _ = try client.command("ROLLBACK", "by a user")
      let name = NSUserName()
      #expect(try sluice.status().text("rollback.who") == name)
    }
  }
}
