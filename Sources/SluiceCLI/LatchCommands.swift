import ArgumentParser

/// `sluice rollback [REASON]`.
struct Rollback: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Go back: every key is answered by the legacy stack, at once.",
    discussion: """
      In force from the moment it is acknowledged. It needs no file, no disk and
      no answer from the new stack, and it stays: no reload and no restart lifts
      it, only "sluice rearm" does. It reaches all proxies that share the folder
      of the flag file. (A proxy without --ledger and --flags has nothing to keep
      it in, and a restart forgets it.)

      From stage complete it empties legacy, which has heard no write since;
      there rather: sluice stage rampdown, then sluice verify --repair

      Examples:
        sluice rollback
        sluice rollback "errors since 14:05"

      Without this program: redis-cli -p 6401 ROLLBACK why
      """)

  @Argument(help: "Why, for the ledger and for those who look at the status.")
  var reason: [String] = []

  @OptionGroup var options: ControlOptions

  func run() throws {
    let why = reason.joined(separator: " ")
    let answer = try options.client().text(["ROLLBACK"] + (why.isEmpty ? [] : [why]))
    Output.line(OrderAnswer.text(answer))
  }
}

/// `sluice rearm`.
struct Rearm: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lift a rollback, into stage shadow: the plan begins anew.",
    discussion: """
      Look at "sluice status" first: it says what was rolled back, when and why.
      Find out why new failed. Then this writes stage shadow into the flag file
      and lifts the rollback: legacy goes on answering, new is compared.

      --resume "why" leaves the file as it is and goes back to where it was at
      once; it is refused while new fails.

      It lifts the rollback of this proxy alone. Others that share the folder of
      the flag file stay rolled back, over their restarts too, until each of them
      is re-armed, and the file ROLLBACK stays there for them; with the last one
      say: sluice rearm --fleet

      To go back again: sluice rollback "why"
      """)

  @Flag(help: "Remove the file ROLLBACK for all who share its folder.")
  var fleet = false

  @Option(help: ArgumentHelp("Go back to where it was, and why; refused while new fails.", valueName: "why"))
  var resume: String?

  @OptionGroup var options: ControlOptions

  func run() throws {
    Output.line(
      OrderAnswer.text(
        try options.client().text(
          ["REARM"] + (fleet ? ["FLEET"] : []) + (resume.map { ["RESUME", $0] } ?? []))))
  }
}

/// `sluice reload`.
struct Reload: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read the flags file now.",
    discussion: """
      The file is watched anyway. A file that is wrong changes nothing: the last good one stays in force, and
      the error is printed here and shown by "sluice status". SIGHUP to the proxy does the same.
      """)

  @OptionGroup var options: ControlOptions

  func run() throws { Output.line(OrderAnswer.text(try options.client().text(["RELOAD"]))) }
}
