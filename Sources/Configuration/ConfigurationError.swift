/// One thing that is wrong with the configuration.
public struct ConfigurationProblem: Sendable, Hashable, CustomStringConvertible {
  /// The setting: a path in the file (`stacks.new.url`, `listen[1]`), a flag (`--new`), a variable
  /// (`SLUICE_PASSWORD`), or the name of the file itself.
  public let path: String
  /// What is wrong and what to do, without the path.
  public let reason: String
  /// The line in the file, from 1; nil for what is in no file.
  public let line: Int?

  init(path: String, reason: String, line: Int? = nil) {
    self.path = path
    self.reason = reason
    self.line = line
  }

  public var description: String {
    "\(path): \(reason)\(line.map { " (line \($0))" } ?? "")"
  }
}

/// Everything that is wrong with a configuration, in the order of the file. Its process ends with
/// `EX_CONFIG`, 78.
public struct ConfigurationError: Error, CustomStringConvertible {
  /// Never empty.
  public let problems: [ConfigurationProblem]

  public var description: String {
    let title = problems.count == 1 ? "1 problem" : "\(problems.count) problems"
    return "the configuration has \(title):\n" + problems.map { "  \($0)" }.joined(separator: "\n")
  }
}
