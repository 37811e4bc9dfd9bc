import Foundation
import SluiceTelling
import Testing

/// What a receiver reads.
@Suite struct NoticeTests {
  private func notice(_ event: Notice.Event = .rolledBack, why: String = "new <b>failed</b> & more") -> Notice
  {
    Notice(
      id: "e1", at: 1_790_000_000_000, event, service: "shop", instance: "one", who: "guardrail",
      what: "stage live, 50 %", why: why, signal: "diverged", bad: 14, total: 200, limit: 0.001,
      keys: ["price:1"], back: "sluice rearm")
  }

  private func object(_ format: NoticeFormat, _ notice: Notice) throws -> Any {
    try JSONSerialization.jsonObject(with: Data(format.body(notice)))
  }

  @Test("JSON has what, who, why, value, limit, n and the way back")
  func json() throws {
    let fields = try #require(try object(.json, notice()) as? [String: Any])
    #expect(fields["event"] as? String == "rolled_back" && fields["id"] as? String == "e1")
    #expect(fields["service"] as? String == "shop" && fields["instance"] as? String == "one")
    #expect(fields["who"] as? String == "guardrail" && fields["what"] as? String == "stage live, 50 %")
    #expect(fields["value"] as? Double == 0.07 && fields["limit"] as? Double == 0.001)
    #expect(fields["n"] as? Int == 200 && fields["bad"] as? Int == 14)
    #expect(fields["keys"] as? [String] == ["price:1"] && fields["way_back"] as? String == "sluice rearm")
    #expect(fields["at"] as? String == "2026-09-21T14:13:20.000Z")
  }

  @Test("Slack gets a text in which nobody's words are commands")
  func slack() throws {
    let text = try #require(
      (try object(.slack, notice(why: "<!channel> & co")) as? [String: Any])?["text"] as? String)
    #expect(
      text.hasPrefix("*ROLLED BACK shop / one: stage live, 50 %*\nby guardrail: &lt;!channel&gt; &amp; co"))
    #expect(text.contains("diverged 0.07 (14 of 200), limit 0.001") && text.hasSuffix("sluice rearm"))
  }

  @Test("Alertmanager gets one alert that begins and ends under the same labels")
  func alertmanager() throws {
    let begins = try #require((try object(.alertmanager, notice()) as? [[String: Any]])?.first)
    let ends = try #require((try object(.alertmanager, notice(.rearmed)) as? [[String: Any]])?.first)
    #expect(begins["labels"] as? [String: String] == ends["labels"] as? [String: String])
    let labels = begins["labels"] as? [String: String]
    #expect(labels?["alertname"] == "SluiceRolledBack" && labels?["severity"] == "critical")
    #expect(begins["startsAt"] as? String == "2026-09-21T14:13:20.000Z")
    #expect(begins["endsAt"] as? String == "2026-09-28T14:13:20.000Z")
    #expect(ends["startsAt"] == nil && ends["endsAt"] as? String == "2026-09-21T14:13:20.000Z")
    for event in Notice.Event.allCases { #expect(!NoticeFormat.alertmanager.body(notice(event)).isEmpty) }
  }

  @Test("The signature is HMAC-SHA256 of the time and the body")
  func signature() {
    // printf '1790000000.{}' | openssl dgst -sha256 -hmac key
    #expect(
      NoticeSignature.value(Array("{}".utf8), secret: Array("key".utf8), at: 1_790_000_000)
        == "t=1790000000,v1=099d33989336226b12c85da813adf6100e1bbab1e91bede9a41ddeb7882d66b8")
  }

  @Test("OTLP: numbers of 64 bits are texts, and names are those of the conventions")
  func telemetry() throws {
    let text = TelemetryText(.init(service: "shop", instance: "one", version: "1"))
    let logs = text.logs([
      .init(
        "feature_flag.evaluation", at: 1, body: "b",
        [("feature_flag.key", .text("cache-stack")), ("n", .count(3))])
    ])
    let root = try #require(try JSONSerialization.jsonObject(with: Data(logs)) as? [String: Any])
    let resource = try #require((root["resourceLogs"] as? [[String: Any]])?.first)
    let record = try #require(
      ((resource["scopeLogs"] as? [[String: Any]])?.first?["logRecords"] as? [[String: Any]])?.first)
    #expect(record["eventName"] as? String == "feature_flag.evaluation")
    #expect(record["timeUnixNano"] as? String == "1000000" && record["severityNumber"] as? Int == 9)
    let attributes = record["attributes"] as? [[String: Any]]
    #expect((attributes?.last?["value"] as? [String: Any])?["intValue"] as? String == "3")
    let metrics = text.metrics(
      [.spread("d", unit: "s", [.init(count: 2, sum: .infinity, bounds: [1], buckets: [1, 1], [])])], from: 0,
      at: 1)
    #expect(String(decoding: metrics, as: UTF8.self).contains(#""bucketCounts":["1","1"]"#))
  }
}
