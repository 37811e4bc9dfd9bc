import SluiceAdmin
import Testing

@Suite struct MetricsTextTests {
  private var families: [MetricFamily] {
    var counts = MetricFamily("x_commands", .counter, "What was asked,\nall of it.")
    counts.add(UInt64.max, ["stack": "new", "word": "a \"b\"\\\nc"])
    var times = MetricFamily("x_seconds", .histogram, "How long.")
    var spread = MetricFamily.Spread(bounds: [0.25, 1])
    spread.add(from: 0.125, to: 0.25, count: 3)
    spread.add(from: 0.25, to: 0.25, count: 1)
    spread.add(from: 0.75, to: 2, count: 2)
    times.add(spread, ["stack": "new"])
    return [
      counts, times, .gauge("x_nothing", "Absent.", nil), .gauge("x_ratio", "A share.", 0.25),
      .states("x_state", "Which.", label: "stage", ["off", "live"], is: "live"),
    ]
  }

  @Test("the text format")
  func prometheus() {
    #expect(
      MetricsText.render(families, as: .prometheus) == """
        # HELP x_commands_total What was asked,\\nall of it.
        # TYPE x_commands_total counter
        x_commands_total{stack="new",word="a \\"b\\"\\\\\\nc"} 18446744073709551615
        # HELP x_seconds How long.
        # TYPE x_seconds histogram
        x_seconds_bucket{stack="new",le="0.25"} 4
        x_seconds_bucket{stack="new",le="1"} 4
        x_seconds_bucket{stack="new",le="+Inf"} 6
        x_seconds_sum{stack="new"} 3.5625
        x_seconds_count{stack="new"} 6
        # HELP x_ratio A share.
        # TYPE x_ratio gauge
        x_ratio 0.25
        # HELP x_state Which.
        # TYPE x_state gauge
        x_state{stage="off"} 0
        x_state{stage="live"} 1

        """)
  }

  @Test("OpenMetrics names a counter without its ending, and ends")
  func openMetrics() {
    let text = MetricsText.render(families, as: .openMetrics)
    #expect(text.contains("# TYPE x_commands counter\nx_commands_total{"))
    #expect(text.hasSuffix("x_state{stage=\"live\"} 1\n# EOF\n"))
  }

  @Test("the header Accept decides")
  func accept() {
    func isOpen(_ accept: String?) -> Bool { MetricsText.Format(accept: accept) == .openMetrics }
    #expect(
      isOpen(
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
      ))
    #expect(isOpen("text/plain;q=0.1, Application/OpenMetrics-Text"))
    for accept in [
      nil, "", "*/*", "text/plain", "application/openmetrics-text;q=0", "text/html,application/xhtml+xml",
    ] {
      #expect(!isOpen(accept), "\(accept ?? "nil")")
    }
  }
}
