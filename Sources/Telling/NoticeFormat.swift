import Foundation

/// How a message is written for whoever receives it.
public enum NoticeFormat: String, CaseIterable, Sendable {
  /// Every field, by name.
  case json
  /// A text for a chat: what Slack's incoming webhooks take, and those of others that are like them.
  case slack
  /// An alert for `POST /api/v2/alerts`.
  case alertmanager

  public func body(_ notice: Notice) -> [UInt8] {
    let object: Any =
      switch self {
      case .json: Self.fields(notice)
      case .slack: ["text": Self.slackText(notice)]
      case .alertmanager: [Self.alert(notice)]
      }
    let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
    return (try? JSONSerialization.data(withJSONObject: object, options: options)).map { Array($0) } ?? []
  }

  private static func fields(_ notice: Notice) -> [String: Any] {
    var fields: [String: Any] = [
      "id": notice.id, "at": iso(notice.at), "event": notice.event.rawValue, "service": notice.service,
      "instance": notice.instance, "who": notice.who, "what": notice.what, "why": notice.why,
      "keys": notice.keys, "way_back": notice.back, "text": notice.lines.joined(separator: "\n"),
    ]
    fields["signal"] = notice.signal
    fields["value"] = notice.value.flatMap { $0.isFinite ? $0 : nil }
    fields["bad"] = notice.bad
    fields["n"] = notice.total
    fields["limit"] = notice.limit.flatMap { $0.isFinite ? $0 : nil }
    return fields
  }

  /// `&`, `<` and `>` would be commands there: nobody's reason may call a channel.
  private static func slackText(_ notice: Notice) -> String {
    let lines = notice.lines.map {
      $0.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
    return (["*\(lines[0])*"] + lines.dropFirst()).joined(separator: "\n")
  }

  /// What lasts is one alert from its begin to its end; what is a moment's ends by itself after five minutes.
  private static func alert(_ notice: Notice) -> [String: Any] {
    let (name, state): (String, State) =
      switch notice.event {
      case .rolledBack: ("SluiceRolledBack", .begins)
      case .rearmed: ("SluiceRolledBack", .ends)
      case .fallback: ("SluiceFallback", .begins)
      case .fallbackEnded: ("SluiceFallback", .ends)
      case .paused: ("SluicePaused", .begins)
      case .resumed, .closed: ("SluicePaused", .ends)
      case .asked: ("SluiceAsks", .moment)
      case .moved, .forced, .refused, .approved, .held, .noticed, .reopened: ("SluiceEvent", .moment)
      }
    var labels = ["alertname": name, "service": notice.service, "instance": notice.instance]
    labels["severity"] =
      switch name {
      case "SluiceRolledBack", "SluiceFallback": "critical"
      case "SluicePaused": "warning"
      default: "info"
      }
    if name == "SluiceEvent" { labels["event"] = notice.event.rawValue }
    let end: Int64 =
      switch state {
      case .begins: notice.at + 7 * 86_400_000
      case .ends: notice.at
      case .moment: notice.at + 300_000
      }
    var alert: [String: Any] = [
      "labels": labels.filter { !$0.value.isEmpty },
      "annotations": [
        "summary": notice.lines[0], "description": notice.lines.dropFirst().joined(separator: "\n"),
        "way_back": notice.back, "who": notice.who, "id": notice.id,
      ],
      "endsAt": iso(end),
    ]
    // An end belongs to the alert that is there, whenever that began.
    if case .ends = state {} else { alert["startsAt"] = iso(notice.at) }
    return alert
  }

  private enum State { case begins, ends, moment }

  private static func iso(_ milliseconds: Int64) -> String {
    Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(
      Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}
