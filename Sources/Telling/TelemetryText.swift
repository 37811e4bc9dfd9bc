import Foundation

/// OTLP over HTTP in JSON: what is sent to `/v1/logs` and `/v1/metrics`.
///
/// Sources: the OTLP specification (numbers of 64 bits are texts, enumerations are numbers) and the semantic conventions 1.4x for feature
/// flags, services and database clients.
public struct TelemetryText: Sendable {
  /// Whose they are.
  public struct Source: Sendable {
    public var service: String
    public var instance: String
    public var version: String

    public init(service: String, instance: String, version: String) {
      (self.service, self.instance, self.version) = (service, instance, version)
    }
  }

  public enum Value: Sendable, Equatable {
    case text(String)
    case number(Double)
    case count(UInt64)
    case flag(Bool)
  }

  /// One event of the log.
  public struct Event: Sendable {
    public var name: String
    /// Milliseconds since 1970.
    public var at: Int64
    public var isWarning: Bool
    public var body: String
    public var attributes: [(String, Value)]

    public init(
      _ name: String, at: Int64, isWarning: Bool = false, body: String, _ attributes: [(String, Value)]
    ) {
      (self.name, self.at, self.isWarning, self.body, self.attributes) = (
        name, at, isWarning, body, attributes
      )
    }
  }

  /// One number, of one set of attributes.
  public struct Point: Sendable {
    public var attributes: [(String, Value)]
    public var value: Value

    public init(_ value: Value, _ attributes: [(String, Value)] = []) {
      (self.value, self.attributes) = (value, attributes)
    }
  }

  /// How long something took, by bounds in seconds; one bucket more than bounds.
  public struct Spread: Sendable {
    public var attributes: [(String, Value)]
    public var count: UInt64
    public var sum: Double
    public var bounds: [Double]
    public var buckets: [UInt64]

    public init(
      count: UInt64, sum: Double, bounds: [Double], buckets: [UInt64], _ attributes: [(String, Value)]
    ) {
      (self.count, self.sum, self.bounds, self.buckets) = (count, sum, bounds, buckets)
      self.attributes = attributes
    }
  }

  public enum Metric: Sendable {
    case gauge(String, unit: String, [Point])
    /// It only grows, from the start of the process on.
    case sum(String, unit: String, [Point])
    case spread(String, unit: String, [Spread])
  }

  private let source: Source

  public init(_ source: Source) { self.source = source }

  public func logs(_ events: [Event]) -> [UInt8] {
    let records: [[String: Any]] = events.map { event in
      [
        "timeUnixNano": Self.nanoseconds(event.at), "observedTimeUnixNano": Self.nanoseconds(event.at),
        "severityNumber": event.isWarning ? 13 : 9, "severityText": event.isWarning ? "WARN" : "INFO",
        "eventName": event.name, "body": ["stringValue": event.body],
        "attributes": Self.attributes(event.attributes),
      ]
    }
    return Self.text([
      "resourceLogs": [
        ["resource": resource, "scopeLogs": [["scope": scope, "logRecords": records] as [String: Any]]]
          as [String: Any]
      ]
    ])
  }

  /// - Parameters: milliseconds since 1970.
  public func metrics(_ metrics: [Metric], from start: Int64, at now: Int64) -> [UInt8] {
    let times = ["startTimeUnixNano": Self.nanoseconds(start), "timeUnixNano": Self.nanoseconds(now)]
    func points(_ points: [Point]) -> [[String: Any]] {
      points.map { point in
        var object: [String: Any] = times
        object["attributes"] = Self.attributes(point.attributes)
        switch point.value {
        case .number(let number): object["asDouble"] = number.isFinite ? number : 0
        case .count(let count): object["asInt"] = "\(min(count, UInt64(Int64.max)))"
        case .flag(let flag): object["asInt"] = flag ? "1" : "0"
        case .text: object["asInt"] = "1"
        }
        return object
      }
    }
    let texts: [[String: Any]] = metrics.map { metric in
      switch metric {
      case .gauge(let name, let unit, let all):
        ["name": name, "unit": unit, "gauge": ["dataPoints": points(all)]]
      case .sum(let name, let unit, let all):
        [
          "name": name, "unit": unit,
          "sum": ["dataPoints": points(all), "aggregationTemporality": 2, "isMonotonic": true]
            as [String: Any],
        ]
      case .spread(let name, let unit, let all):
        [
          "name": name, "unit": unit,
          "histogram": [
            "aggregationTemporality": 2,
            "dataPoints": all.map { spread in
              var object: [String: Any] = times
              object["attributes"] = Self.attributes(spread.attributes)
              object["count"] = "\(spread.count)"
              object["sum"] = spread.sum.isFinite ? spread.sum : 0
              object["explicitBounds"] = spread.bounds
              object["bucketCounts"] = spread.buckets.map { "\($0)" }
              return object
            },
          ] as [String: Any],
        ]
      }
    }
    return Self.text([
      "resourceMetrics": [
        ["resource": resource, "scopeMetrics": [["scope": scope, "metrics": texts] as [String: Any]]]
          as [String: Any]
      ]
    ])
  }

  private var resource: [String: Any] {
    [
      "attributes": Self.attributes([
        ("service.name", .text(source.service.isEmpty ? "sluice" : source.service)),
        ("service.instance.id", .text(source.instance)), ("service.version", .text(source.version)),
      ])
    ]
  }

  private var scope: [String: Any] { ["name": "sluice", "version": source.version] }

  private static func attributes(_ attributes: [(String, Value)]) -> [[String: Any]] {
    attributes.map { key, value in
      let shown: [String: Any] =
        switch value {
        case .text(let text): ["stringValue": text]
        case .number(let number): ["doubleValue": number.isFinite ? number : 0]
        case .count(let count): ["intValue": "\(min(count, UInt64(Int64.max)))"]
        case .flag(let flag): ["boolValue": flag]
        }
      return ["key": key, "value": shown]
    }
  }

  private static func nanoseconds(_ milliseconds: Int64) -> String { "\(max(0, milliseconds))000000" }

  private static func text(_ object: [String: Any]) -> [UInt8] {
    let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
    return (try? JSONSerialization.data(withJSONObject: object, options: options)).map { Array($0) } ?? []
  }
}
