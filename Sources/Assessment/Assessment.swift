import SluiceCommands

/// What can be said of a migration before it begins: facts in, rows out. It asks nobody anything.
public struct Assessment: Sendable {
  /// What a running proxy has counted.
  public struct Proxy: Sendable {
    public struct Count: Sendable {
      public var command: String
      public var reason: String
      public var count: Int
      /// Who asked last, as it calls itself; empty if it has not said.
      public var client: String

      public init(command: String, reason: String, count: Int, client: String) {
        self.command = command
        self.reason = reason
        self.count = count
        self.client = client
      }
    }

    public var refusals: [Count] = []
    public var lacks: [Count] = []

    public init() {}
  }

  let legacy: ServerSurvey
  /// Nil where nobody has said where new will be.
  let new: ServerSurvey?
  let proxy: Proxy?
  /// What both servers say of their commands, with what the proxy makes of them.
  let table: CommandTable

  public init(legacy: ServerSurvey, new: ServerSurvey?, proxy: Proxy? = nil) {
    self.legacy = legacy
    self.new = new
    self.proxy = proxy
    table = CommandTable.inForce(legacy: legacy.commands, new: new?.commands)
  }

  /// By section; within it in the order in which a reader wants them.
  public var rows: [AssessmentRow] {
    serverRows + databaseRows + commandRows + valueRows + memoryRows + clientRows + proxyRows
  }
}

extension AssessmentRow.Verdict {
  /// Of all of them; nothing is fine.
  public static func worst(_ rows: [AssessmentRow]) -> Self { rows.map(\.verdict).max() ?? .fine }
}
