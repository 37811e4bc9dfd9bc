/// One thing that servers of two versions rightly say differently: where one has an error, another one answers.
///
/// The rows are what real servers said (`scripts/differences`). A version between two that were measured is held to be like both where
/// they agree; where they do not, it may be like either.
public struct ServerDifference: Sendable {
  /// A server that was measured.
  enum Measured: UInt8, Sendable, CaseIterable { case redis62, redis70, redis82, valkey91 }

  /// Of the command, upper case; a subcommand stands behind its container.
  public let command: String
  /// What the error begins with, without its minus.
  public let words: String
  private let said: [Measured]
  private let others: [Measured]

  init(_ command: String, _ words: String, _ said: [Measured], others: [Measured]) {
    self.command = command
    self.words = words
    self.said = said
    self.others = others
  }

  /// Whether one of two servers rightly answers a command with an error that the other one does not have.
  ///
  /// - Parameters:
  ///   - error: the text of the error, without its minus.
  ///   - refusing: the server that said it; `answering` did not.
  public static func explains(
    _ command: String, error: String, of refusing: ServerFacts, answering: ServerFacts
  ) -> Bool {
    measured.contains { row in
      row.command == command && error.hasPrefix(row.words) && row.isSaid(by: refusing) != false
        && row.isSaid(by: answering) != true
    }
  }

  /// The errors of a command that one of two servers says, or may say, where the other one answers.
  ///
  /// - Parameter command: upper case; a subcommand stands behind its container.
  public static func words(_ command: String, _ one: ServerFacts, _ other: ServerFacts) -> [String] {
    measured.filter { row in
      guard row.command == command else { return false }
      let (left, right) = (row.isSaid(by: one), row.isSaid(by: other))
      return left != right && (left == true || right == true)
    }.map(\.words)
  }

  /// Nil if nobody knows.
  private func isSaid(by server: ServerFacts) -> Bool? {
    let answers = Set(
      Self.neighbours(of: server).map { said.contains($0) ? true : others.contains($0) ? false : nil })
    return answers.count == 1 ? answers.first ?? nil : nil
  }

  /// The measured servers that one is between, or is; none for one of which nothing is known.
  private static func neighbours(of server: ServerFacts) -> [Measured] {
    guard let version = server.version else { return [] }
    switch server.kind {
    case .redis:
      if version < ServerVersion(7, 0) { return [.redis62] }
      if version < ServerVersion(7, 1) { return [.redis70] }
      return version < ServerVersion(8, 2) ? [.redis70, .redis82] : [.redis82]
    case .valkey: return version < ServerVersion(9, 1) ? [.redis70, .valkey91] : [.valkey91]
    case .other: return []
    }
  }
}
