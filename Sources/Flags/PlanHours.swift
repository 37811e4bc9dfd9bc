/// When a plan may go up by itself: days of the week and a span of the day, in UTC, for two machines need not be in one zone.
public struct PlanHours: Sendable, Equatable {
  /// As it was written: `mon-fri 09:00-17:00`.
  public let text: String
  /// By number, Monday is 0.
  private let days: Set<Int>
  /// Minutes of the day; where the end is not behind the beginning it is on the day after.
  private let from: Int
  private let until: Int

  private static let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

  /// - Parameter text: `09:00-17:00`, or with days in front: `mon-fri 09:00-17:00`, `tue,thu 10:00-12:30`. Nil if it is anything else.
  public init?(_ text: String) {
    let words = text.lowercased().split(separator: " ")
    guard let span = words.last, words.count <= 2 else { return nil }
    let ends = span.split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, let from = Self.minutes(ends[0]), let until = Self.minutes(ends[1]), from < 1440,
      from != until
    else { return nil }
    guard let days = words.count == 2 ? Self.days(words[0]) : Set(0..<7) else { return nil }
    (self.text, self.days, self.from, self.until) = (text, days, from, until)
  }

  private static func minutes(_ text: Substring) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = Int(parts[0]),
      let minute = Int(parts[1]), (0...24).contains(hour), (0...59).contains(minute)
    else { return nil }
    let minutes = hour * 60 + minute
    return minutes <= 1440 ? minutes : nil
  }

  private static func days(_ text: Substring) -> Set<Int>? {
    var days: Set<Int> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false)
      guard let first = ends.first.flatMap({ names.firstIndex(of: String($0)) }), ends.count <= 2,
        let last = ends.last.flatMap({ names.firstIndex(of: String($0)) })
      else { return nil }
      // From Saturday to Monday goes over Sunday.
      let count = (last - first + 7) % 7
      for day in 0...count { days.insert((first + day) % 7) }
    }
    return days
  }

  /// Whether a moment is inside.
  ///
  /// - Parameter seconds: since 1970.
  public func contains(_ seconds: Int64) -> Bool {
    let (day, rest) = (seconds / 86_400, seconds % 86_400)
    guard rest >= 0 else { return false }
    // 1970 began on a Thursday.
    let (weekday, minute) = (Int((day + 3) % 7), Int(rest / 60))
    if from < until { return days.contains(weekday) && minute >= from && minute < until }
    return (days.contains(weekday) && minute >= from) || (days.contains((weekday + 6) % 7) && minute < until)
  }
}
