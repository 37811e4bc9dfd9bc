import Foundation
import SluiceConfiguration
import SluiceLedger

/// What a verification has found, by kind and by what the keys have in common.
struct Differences {
  struct Group: Hashable {
    let kind: KeyDifference
    let pattern: String
  }

  private(set) var counts: [Group: Int] = [:]
  private(set) var samples: [Group: [[UInt8]]] = [:]
  private(set) var count = 0

  mutating func add(_ kind: KeyDifference, _ key: [UInt8]) {
    let group = Group(kind: kind, pattern: KeyPattern.pattern(of: key))
    count += 1
    counts[group, default: 0] += 1
    if samples[group, default: []].count < Differences.samplesKept { samples[group, default: []].append(key) }
  }

  /// The most frequent first.
  var groups: [Group] {
    counts.keys.sorted {
      let (one, other) = (counts[$0] ?? 0, counts[$1] ?? 0)
      return one != other ? one > other : ($0.kind.rawValue, $0.pattern) < ($1.kind.rawValue, $1.pattern)
    }
  }

  func table() -> TextTable {
    var table = TextTable(columns: ["kind", "keys like", "keys", "for example"], numeric: ["keys"])
    for group in groups.prefix(Differences.groupsShown) {
      let examples = (samples[group] ?? []).map(TerminalText.key)
      table.rows.append(
        [
          group.kind.rawValue, TerminalText.key(group.pattern.utf8), "\(counts[group] ?? 0)",
          examples.joined(separator: ", "),
        ])
    }
    if counts.count > Differences.groupsShown {
      table.rows.append(["", "(\(counts.count - Differences.groupsShown) more groups)", "", ""])
    }
    return table
  }

  /// For JSON.
  var described: [[String: Any]] {
    groups.map { group in
      [
        "kind": group.kind.rawValue, "pattern": group.pattern, "keys": counts[group] ?? 0,
        "samples": (samples[group] ?? []).map { String(decoding: $0, as: UTF8.self) },
      ]
    }
  }

  private static let samplesKept = 3
  private static let groupsShown = 100
}
