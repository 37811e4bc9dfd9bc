/// Finds the known name that an unknown one was probably meant to be.
public enum NearestName {
  /// The closest of `known` within two edits (or a third of the name's length), or the one it is a part of;
  /// else nil.
  public static func of(_ name: String, among known: [String]) -> String? {
    let plain = normalized(name)
    guard !plain.isEmpty, plain.count <= 64 else { return nil }
    if let same = known.first(where: { normalized($0) == plain }) { return same }
    let ranked = known.map { (name: $0, distance: distance(Array(plain), Array(normalized($0)))) }
    if let best = ranked.min(by: { $0.distance < $1.distance }), best.distance <= max(2, plain.count / 3),
      best.distance < plain.count
    {
      return best.name
    }
    return known.first {
      plain.count >= 3 && (normalized($0).contains(plain) || plain.contains(normalized($0)))
    }
  }

  /// `commandTimeout`, `command-timeout` and `command_timeout` are the same wish.
  private static func normalized(_ name: String) -> String {
    name.lowercased().filter { $0 != "_" && $0 != "-" }
  }

  /// Edits between two names, a swap of neighbours counting as one (optimal string alignment).
  private static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var before: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
        row.append(cost)
      }
      before = last
      last = row
    }
    return last[b.count]
  }
}
