/// Metrics as Prometheus reads them.
public enum MetricsText {
  public enum Format: Sendable {
    /// The text format, version 0.0.4.
    case prometheus
    case openMetrics

    /// What the `Accept` header asks for. Prometheus names every format that it knows, the best one first.
    public init(accept: String?) {
      let asks = (accept ?? "").lowercased().split(separator: ",").contains { part in
        part.drop { $0 == " " }.hasPrefix("application/openmetrics-text")
          && !part.filter { $0 != " " }.contains(";q=0;") && !part.filter { $0 != " " }.hasSuffix(";q=0")
      }
      self = asks ? .openMetrics : .prometheus
    }

    public var type: String {
      switch self {
      case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
      case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
      }
    }
  }

  /// A family without a series is left out.
  public static func render(_ families: [MetricFamily], as format: Format) -> String {
    var out = ""
    out.reserveCapacity(1 << 15)
    for family in families where !family.series.isEmpty {
      let isCounter = family.kind == .counter
      let sampleName = isCounter ? "\(family.name)_total" : family.name
      let headName = format == .openMetrics ? family.name : sampleName
      out += "# HELP \(headName) \(escaped(family.help, quotes: format == .openMetrics))\n"
      out += "# TYPE \(headName) \(kind(family.kind))\n"
      for series in family.series {
        switch series.value {
        case .number(let value): out += "\(sampleName)\(labels(series.labels)) \(number(value))\n"
        case .count(let count): out += "\(sampleName)\(labels(series.labels)) \(count)\n"
        case .spread(let spread): add(spread, family.name, series.labels, to: &out)
        }
      }
    }
    return format == .openMetrics ? out + "# EOF\n" : out
  }

  private static func add(
    _ spread: MetricFamily.Spread, _ name: String, _ own: [(name: String, value: String)],
    to out: inout String
  ) {
    var upTo: UInt64 = 0
    for (bound, count) in zip(spread.bounds.map(number) + ["+Inf"], spread.counts) {
      upTo &+= count
      out += "\(name)_bucket\(labels(own + [("le", bound)])) \(upTo)\n"
    }
    out += "\(name)_sum\(labels(own)) \(number(spread.sum))\n"
    out += "\(name)_count\(labels(own)) \(upTo)\n"
  }

  private static func kind(_ kind: MetricFamily.Kind) -> String {
    switch kind {
    case .counter: "counter"
    case .gauge: "gauge"
    case .histogram: "histogram"
    }
  }

  private static func labels(_ labels: [(name: String, value: String)]) -> String {
    guard !labels.isEmpty else { return "" }
    return "{" + labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ",")
      + "}"
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    guard text.contains(where: { $0 == "\\" || $0 == "\"" || $0.isNewline }) else { return text }
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\"" where quotes: out += "\\\""
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  /// `0.005`, `1`, `NaN`.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if let whole = Int64(exactly: value) { return "\(whole)" }
    return "\(value)"
  }
}
