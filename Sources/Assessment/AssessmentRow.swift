/// What is known before a migration about one thing, and what to do about it.
public struct AssessmentRow: Sendable, Equatable {
  public enum Verdict: String, Sendable, CaseIterable, Comparable {
    case fine
    case look
    case stops = "stops you"

    public static func < (left: Self, right: Self) -> Bool { left.weight < right.weight }

    private var weight: Int {
      switch self {
      case .fine: 0
      case .look: 1
      case .stops: 2
      }
    }
  }

  public enum Section: String, Sendable, CaseIterable {
    case servers, databases, commands, values, memory, clients, proxy, source
  }

  public let section: Section
  /// What it is about; may hold what a server said.
  public let subject: String
  public let verdict: Verdict
  public let found: String
  /// Empty where nothing is to be done.
  public let advice: String

  public init(
    _ section: Section, _ subject: String, _ verdict: Verdict, _ found: String, do advice: String = ""
  ) {
    self.section = section
    self.subject = subject
    self.verdict = verdict
    self.found = found
    self.advice = advice
  }
}
