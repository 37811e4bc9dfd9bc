import Foundation
import SluiceAssessment

/// An assessment for people, and as JSON.
struct AssessmentReport {
  let legacy: (address: String, survey: ServerSurvey)
  let new: (address: String, survey: ServerSurvey?)?
  let rows: [AssessmentRow]

  init(
    legacy: (String, ServerSurvey), new: (String, ServerSurvey?)?, rows: [AssessmentRow]
  ) {
    self.legacy = legacy
    self.new = new
    self.rows = rows
  }

  private func count(_ verdict: AssessmentRow.Verdict) -> Int { rows.count { $0.verdict == verdict } }

  var text: String {
    var lines = [
      "legacy    \(Output.printable(legacy.survey.facts.name)), \(Output.printable(legacy.address))",
      "new       "
        + (new.map { "\(Output.printable($0.survey?.facts.name ?? "")), \(Output.printable($0.address))" }
          ?? "not named"),
      "verdict   stops you: \(count(.stops)), look: \(count(.look)), fine: \(count(.fine))",
    ]
    for section in AssessmentRow.Section.allCases {
      let some = rows.filter { $0.section == section }
      guard !some.isEmpty else { continue }
      lines += ["", section.rawValue]
      let width = min(28, some.map { Output.printable($0.subject).count }.max() ?? 0)
      for row in some {
        let subject = Output.printable(row.subject)
        lines.append(
          "  " + Self.pad(row.verdict.rawValue, 9) + "  " + Self.pad(subject, width) + "  "
            + Output.printable(String(row.found.prefix(Self.longest))))
        if !row.advice.isEmpty {
          lines.append(String(repeating: " ", count: 13 + width) + "  -> " + Output.printable(row.advice))
        }
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static let longest = 500

  var json: String {
    var object: [String: Any] = [
      "verdict": AssessmentRow.Verdict.worst(rows).rawValue,
      "counts": [
        "stops": count(.stops), "look": count(.look), "fine": count(.fine),
      ],
      "legacy": Self.described(legacy.address, legacy.survey),
      "rows": rows.map { row in
        [
          "section": row.section.rawValue, "subject": row.subject, "verdict": row.verdict.rawValue,
          "found": row.found, "advice": row.advice,
        ]
      },
    ]
    if let new { object["new"] = Self.described(new.address, new.survey ?? ServerSurvey()) }
    guard
      let data = try? JSONSerialization.data(
        withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }

  private static func described(_ address: String, _ survey: ServerSurvey) -> [String: Any] {
    var object: [String: Any] = [
      "address": address, "server": survey.facts.name, "not_known": survey.unknown,
    ]
    object["keys"] = survey.keys
    object["used_memory"] = survey.usedMemory
    object["maxmemory"] = survey.facts.maximumMemory
    object["maxmemory_policy"] = survey.facts.evictionPolicy
    object["dump_version"] = survey.facts.stamp.map { Int($0) }
    object["modules"] = survey.facts.modules
    object["commands_in_use"] = survey.calls
    guard let sample = survey.sample else { return object }
    object["sample"] = [
      "database": sample.database, "keys": sample.count, "of": sample.size ?? sample.count,
      "is_complete": sample.isComplete,
      "types": sample.kinds.mapValues { kind in
        ["keys": kind.count, "bytes": kind.bytes, "in_pieces": kind.inPieces, "encodings": kind.encodings]
          as [String: Any]
      },
      "times_to_live": Dictionary(uniqueKeysWithValues: sample.lives.map { ($0.key.rawValue, $0.value) }),
    ]
    return object
  }
}
