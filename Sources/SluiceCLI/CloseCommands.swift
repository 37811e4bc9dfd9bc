import ArgumentParser

/// `sluice close REASON`.
struct Close: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Answer for what is known against the new stack, so that it holds no step up any more.",
    discussion: """
      What was seen to differ stays open until the same question is answered
      alike, or until sluice verify has found both stacks equal; a guardrail that
      has paused stays so. This closes both, and writes down who did it and why.
      A difference that is closed stays so until its answers change.

      --kind and --keys close what is meant to differ, now and from now on: it is
      counted as ignored, opens nothing, moves no guardrail, and verify passes
      over it. The pause is left. sluice reopen takes all of it back.

      Examples:
        sluice close "looked at all five, they are right on new"
        sluice close --kind ttl --keys 'price:*' "on new a price ends after a day"
      """)

  @Option(
    help: ArgumentHelp(
      "Only differences of this kind: value, type, ttl, missing_in_new, missing_in_legacy, error_in_new, error_in_legacy.",
      valueName: "kind"))
  var kind: String?

  @Option(help: ArgumentHelp("Only those of keys like this; * is anything.", valueName: "pattern"))
  var keys: String?

  @Argument(help: "Why, for the ledger and for those who look at the status.")
  var reason: [String]

  @OptionGroup var options: ControlOptions

  func run() throws {
    let words = ["CLOSE"] + (kind.map { ["KIND=\($0)"] } ?? []) + (keys.map { ["KEYS=\($0)"] } ?? [])
    Output.line(Output.printable(try options.client().text(words + [reason.joined(separator: " ")])))
  }
}

/// `sluice reopen [REASON]`.
struct Reopen: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Open again what sluice close has closed.",
    discussion: """
      What is known to differ is open at once, and what --kind or --keys have
      closed when it is seen again.

      Example:
        sluice reopen "prices have no end on new any more"
      """)

  @Argument(help: "Why, for the ledger.")
  var reason: [String] = []

  @OptionGroup var options: ControlOptions

  func run() throws {
    let why = reason.joined(separator: " ")
    Output.line(Output.printable(try options.client().text(["REOPEN"] + (why.isEmpty ? [] : [why]))))
  }
}
