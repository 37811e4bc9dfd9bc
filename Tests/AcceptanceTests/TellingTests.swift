import Foundation
import GRDB
import SluiceLoadGenerator
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Others are told of what happens, at least once and in order, whether they listen or not.
  @Suite struct TellingTests {
    private func cli(_ process: SluiceProcess, _ words: String...) throws -> (code: Child.Exit, said: String)
    {
      let ran = try Child.run(
        try SluiceProcess.executable(), words,
        environment: ["SLUICE_CONTROL": "127.0.0.1:\(process.controlPort)"])
      return (ran.exit, ran.output + ran.errors)
    }

    private func events(_ receiver: HTTPReceiver) -> [String] {
      receiver.requests.compactMap { ($0.json as? [String: Any])?["event"] as? String }
    }

    @Test("A receiver that is down hears everything once, in order, signed, over a restart of the proxy")
    func down() throws {
      let first = try HTTPReceiver()
      let folder = try ScratchFolder()
      let key = try folder.write("hook.key", "a secret\n")
      var options = SluiceProcess.Options(stage: "dualwrite")
      options.yaml = """
        service: shop
        instance: one
        notify:
        - url: http://user:word@127.0.0.1:\(first.port)/hooks/secret-path?x=1
          secret_file: \(key)
        """
      let stacks = try TwoStacks(options)
      let process = stacks.sluice
      try process.control("STAGE", "shadow")
      try eventually("the first is told") { first.requests.count == 1 }
      let request = try #require(first.requests.first)
      #expect(request.method == "POST" && request.path == "/hooks/secret-path?x=1")
      #expect(request.headers["authorization"] == "Basic dXNlcjp3b3Jk")
      #expect(request.headers["content-type"] == "application/json")
      let signature = try #require(request.headers["x-sluice-signature"])
      let time = try #require(Int64(signature.dropFirst(2).prefix { $0 != "," }))
      #expect(signature == Self.signed(request.body, "a secret", time))
      let fields = try #require(request.json as? [String: Any])
      #expect(fields["what"] as? String == "dualwrite -> shadow" && fields["service"] as? String == "shop")
      #expect(
        fields["instance"] as? String == "one" && fields["way_back"] as? String == "sluice rollback \"why\"")
      #expect((fields["who"] as? String)?.hasPrefix("control ") == true)

      first.stop()
      try process.control("STAGE", "live", "25")
      try process.control("ROLLBACK", "it", "was", "slow")
      try process.control("REARM")
      // It is said once, and the address, which is a secret, is not.
      try eventually("the log says so") {
        process.child.errors.contains("was not told: it cannot be reached")
      }
      #expect(!process.child.errors.contains("secret-path"))
      try eventually("they wait in the ledger") {
        try process.status().number("telling.waiting") == 3
      }
      #expect(try process.terminate() == .code(0))
      try process.restart()
      try process.control("PAUSE", "over", "the", "weekend")

      let second = try HTTPReceiver(port: first.port)
      defer { second.stop() }
      try eventually(within: .seconds(40), "all is told") { events(second).count >= 4 }
      // Nothing comes twice.
      try eventually("nothing waits") { try process.status().number("telling.waiting") == 0 }
      #expect(events(second) == ["moved", "rolled_back", "rearmed", "paused"])
      let ids = second.requests.compactMap { $0.headers["x-sluice-event-id"] }
      #expect(Set(ids).count == 4)
      let back = try #require(second.requests[1].json as? [String: Any])
      #expect(
        back["why"] as? String == "it was slow" && back["what"] as? String == "live 25 % -> rolled back")
      #expect(try process.terminate() == .code(0))
      let told = try sqlite(process.ledgerPath, "SELECT event, state FROM what_was_told ORDER BY at")
      #expect(told == ["moved|sent", "moved|sent", "rolled_back|sent", "rearmed|sent", "paused|sent"])
    }

    @Test(
      "A guardrail's message has its numbers and some keys, or none where the ledger hashes them",
      arguments: [false, true])
    func guardrail(isHashed: Bool) throws {
      let receiver = try HTTPReceiver()
      defer { receiver.stop() }
      var options = SluiceProcess.Options(stage: "live", percent: 100)
      options.yaml = """
        ledger: { hash_keys: \(isHashed) }
        notify:
        - { url: "http://127.0.0.1:\(receiver.port)/a", events: [rolled_back] }
        - { url: "http://127.0.0.1:\(receiver.port)/b", events: [rolled_back, moved], format: slack }
        - { url: "http://127.0.0.1:\(receiver.port)/api/v2/alerts", events: [rolled_back, rearmed], format: alertmanager }
        """
      let stacks = try TwoStacks(options)
      let process = stacks.sluice
      let (client, behind) = (try process.client(), try stacks.new.client())
      for index in 0..<60 { _ = try client.command("SET", "price:\(index)", "right") }
      for index in 0..<60 { _ = try behind.command("SET", "price:\(index)", "wrong") }
      for index in 0..<60 { _ = try client.command("GET", "price:\(index)") }
      try eventually("each is told") { receiver.requests.count == 3 }
      func request(_ path: String) -> HTTPReceiver.Request? { receiver.requests.first { $0.path == path } }
      let fields = try #require(request("/a")?.json as? [String: Any])
      #expect(fields["signal"] as? String == "diverged" && fields["who"] as? String == "guardrail")
      #expect(fields["limit"] as? Double == 0.001 && (fields["n"] as? Int ?? 0) >= 13)
      let keys = try #require(fields["keys"] as? [String])
      #expect(
        isHashed ? keys == [] : keys.count == 3 && keys.allSatisfy { $0.hasPrefix("price:") }, "\(keys)")
      let text = try #require((request("/b")?.json as? [String: Any])?["text"] as? String)
      #expect(
        text.contains("differ about") && text.contains("limit 0.001") && text.contains("sluice rearm"),
        "\(text)")
      #expect(text.contains("price:") == !isHashed)
      let alert = try #require((request("/api/v2/alerts")?.json as? [[String: Any]])?.first)
      #expect((alert["labels"] as? [String: String])?["alertname"] == "SluiceRolledBack")
    }

    @Test("An OTLP receiver reads metrics, one evaluation for each flip, and a rollback")
    func telemetry() throws {
      let receiver = try HTTPReceiver()
      defer { receiver.stop() }
      var options = SluiceProcess.Options(stage: "shadow")
      options.yaml = """
        service: shop
        instance: one
        otlp: { url: "http://127.0.0.1:\(receiver.port)/otlp", interval: 1s }
        """
      let stacks = try TwoStacks(options)
      let process = stacks.sluice
      let client = try process.client()
      for index in 0..<50 { _ = try client.command("SET", "k\(index)", "v") }
      for index in 0..<50 { _ = try client.command("GET", "k\(index)") }
      try process.control("STAGE", "live", "25")
      try process.control("ROLLBACK", "it", "was", "slow")
      func logs() -> [[String: Any]] {
        receiver.requests.filter { $0.path == "/otlp/v1/logs" }.flatMap { request in
          let root = request.json as? [String: Any]
          let scopes = ((root?["resourceLogs"] as? [[String: Any]])?.first?["scopeLogs"] as? [[String: Any]])
          return scopes?.first?["logRecords"] as? [[String: Any]] ?? []
        }
      }
      func attributes(_ record: [String: Any]) -> [String: Any] {
        var found: [String: Any] = [:]
        for one in record["attributes"] as? [[String: Any]] ?? [] {
          found[one["key"] as? String ?? ""] = (one["value"] as? [String: Any])?.values.first
        }
        return found
      }
      // The start is one, too.
      try eventually("four events") { logs().count == 4 }
      #expect(
        logs().map { $0["eventName"] as? String } == [
          "feature_flag.evaluation", "feature_flag.evaluation", "feature_flag.evaluation", "sluice.rollback",
        ])
      let live = attributes(logs()[1])
      #expect(
        live["feature_flag.key"] as? String == "cache-stack"
          && live["feature_flag.set.id"] as? String == "shop")
      #expect(
        live["feature_flag.result.variant"] as? String == "new"
          && live["feature_flag.result.reason"] as? String == "split")
      #expect(
        live["feature_flag.result.value"] as? Double == 25
          && live["feature_flag.provider.name"] as? String == "flagd")
      #expect(live["feature_flag.version"] as? String == (try process.status().text("flags.version")))
      #expect(attributes(logs()[2])["feature_flag.result.variant"] as? String == "legacy")
      #expect(attributes(logs()[3])["sluice.why"] as? String == "it was slow")
      func metrics() -> [String: [String: Any]] {
        let last = receiver.requests.last { $0.path == "/otlp/v1/metrics" }
        let root = last?.json as? [String: Any]
        let scopes =
          ((root?["resourceMetrics"] as? [[String: Any]])?.first?["scopeMetrics"] as? [[String: Any]])
        let all = scopes?.first?["metrics"] as? [[String: Any]] ?? []
        return Dictionary(all.map { ($0["name"] as? String ?? "", $0) }, uniquingKeysWith: { $1 })
      }
      func points(_ name: String, _ kind: String) -> [[String: Any]] {
        (metrics()[name]?[kind] as? [String: Any])?["dataPoints"] as? [[String: Any]] ?? []
      }
      try eventually("the metrics know of the rollback") {
        points("sluice.rolled_back", "gauge").first?["asInt"] as? String == "1"
      }
      let reads = try #require(
        points("db.client.operation.duration", "histogram").first {
          let found = attributes($0)
          return found["sluice.stack"] as? String == "legacy" && found["sluice.role"] as? String == "primary"
            && found["sluice.command.class"] as? String == "read"
        })
      #expect(reads["count"] as? String == "50" && attributes(reads)["db.system.name"] as? String == "redis")
      let buckets = (reads["bucketCounts"] as? [String] ?? []).compactMap { Int($0) }
      #expect(
        buckets.reduce(0, +) == 50 && buckets.count == (reads["explicitBounds"] as? [Double] ?? []).count + 1)
      #expect(points("sluice.rollout.ratio", "gauge").first?["asDouble"] as? Double == 0)
    }

    @Test("By https: whose certificate our CA has signed is told, and a stranger is not")
    func https() throws {
      let certificates = try Certificates()
      let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Scripts/tls_receiver.py").path
      let receiver = try Child(
        "/usr/bin/env", ["python3", script, certificates.server.certificate, certificates.server.key],
        in: certificates.folder, name: "receiver")
      defer { receiver.send(SIGKILL) }
      try eventually("it listens") { receiver.output.contains("\n") }
      let port = try #require(UInt16(receiver.output.prefix { $0.isNumber }))
      var options = SluiceProcess.Options(stage: "off")
      options.yaml = """
        notify:
        - { url: "https://127.0.0.1:\(port)/known", ca: \(certificates.ca.trust().ca ?? "") }
        - { url: "https://127.0.0.1:\(port)/stranger" }
        """
      let process = try SluiceProcess(legacy: "memory:", new: "memory:", options)
      try process.control("STAGE", "dualwrite")
      try eventually("one is told") { receiver.output.contains("/known {") }
      try eventually("and why the other is not") {
        process.child.errors.contains("was not told: it has a certificate that nobody")
      }
      #expect(!receiver.output.contains("/stranger"))
    }

    @Test("--log-format json is an object per line")
    func log() throws {
      var options = SluiceProcess.Options(stage: "off")
      options.yaml = "log: { format: json }\n"
      let stacks = try TwoStacks(options)
      try stacks.sluice.control("STAGE", "dualwrite")
      let lines = stacks.sluice.child.errors.split(separator: "\n")
      #expect(!lines.isEmpty)
      for line in lines {
        let object = try #require(
          try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        #expect(object["time"] != nil && object["level"] != nil && object["message"] != nil)
      }
      #expect(lines.contains { $0.contains("dualwrite") })
    }

    private func sqlite(_ path: String, _ query: String) throws -> [String] {
      try DatabaseQueue(path: path).read { db in
        try Row.fetchAll(db, sql: query).map { row in
          row.databaseValues.map { String.fromDatabaseValue($0) ?? "-" }.joined(separator: "|")
        }
      }
    }

    /// By Python, whose HMAC is another one.
    private static func signed(_ body: [UInt8], _ secret: String, _ time: Int64) -> String? {
      let code =
        "import hmac,sys;print(hmac.new(sys.argv[1].encode(),(sys.argv[2]+'.').encode()+sys.stdin.buffer.read(),'sha256').hexdigest())"
      let ran = try? Child.run(
        "/usr/bin/env", ["python3", "-c", code, secret, "\(time)"],
        input: String(decoding: body, as: UTF8.self))
      return ran.map { "t=\(time),v1=\($0.output.trimmingCharacters(in: .whitespacesAndNewlines))" }
    }
  }
}
