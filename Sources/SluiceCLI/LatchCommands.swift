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
    Output.line(Output.printable(answer))
  }
}

/// `sluice rearm`.
struct Rearm: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Lift a rollback, so that stage and percentage count again.",
    discussion: """
      Look at "sluice status" first: it says what was rolled back, when and why,
      and which stage comes into force.

      It lifts the rollback of this proxy alone. Others that share the folder of
      the flag file stay rolled back, over their restarts too, until each of them
      is re-armed, and the file ROLLBACK stays there for them; with the last one
      say: sluice rearm --fleet

      To go back again: sluice rollback "why"
      """)

  @Flag(help: "Remove the file ROLLBACK for all who share its folder.")
  var fleet = false

  @OptionGroup var options: ControlOptions

  func run() throws {
    Output.line(Output.printable(try options.client().text(["REARM"] + (fleet ? ["FLEET"] : []))))
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

  func run() throws { Output.line(Output.printable(try options.client().text(["RELOAD"]))) }
}
