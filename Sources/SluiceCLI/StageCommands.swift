import ArgumentParser
import SluiceFlags

/// `sluice stage NAME [PERCENT]`.
struct StageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stage",
    abstract: "Go to a stage of the migration.",
    discussion: """
      off        legacy answers everything, new gets nothing
      dualwrite  legacy answers; writes run on both
      shadow     as dualwrite, and reads are repeated on new and compared
      live P     new answers for P percent of the keys
      rampdown   new answers everything; writes still run on both
      complete   new answers everything, legacy gets nothing any more: the way
                 back is sluice stage rampdown, then sluice verify --repair

      Leaving off empties new (FLUSHDB) if it holds keys, and leaving complete
      empties legacy: what was written meanwhile, or before the proxy began,
      was not told them. If you fill new by replication or a dump, start serve
      with a flag file that says dualwrite.

      Examples:
        sluice stage shadow
        sluice stage live 25

      To go back at once: sluice rollback "why"
      """)

  @Argument(
    help: "The stage, in the order above.",
    completion: .list(StageName.allCases.map(\.rawValue)))
  var name: StageName

  @Argument(
    help: "The share of the keys that new answers for, 0 to 100, with two decimals at most; for live alone.")
  var percent: Percent?

  @OptionGroup var options: ControlOptions

  func validate() throws {
    if percent != nil, name != .live {
      throw ValidationError("a percentage counts in live alone; write: sluice stage live 25")
    }
  }

  func run() throws {
    let arguments = ["STAGE", name.rawValue] + (percent.map { [$0.text] } ?? [])
    Output.line(Output.printable(try options.client().text(arguments)))
  }
}

/// `sluice ramp PERCENT`.
struct Ramp: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Change the share of the keys that the new stack answers for.",
    discussion: """
      Keys join as the percentage grows and leave as it shrinks; no key moves back and forth.
      The percentage counts from stage live on.

      Example:
        sluice ramp 50

      To go back at once: sluice rollback "why"
      """)

  @Argument(help: "0 to 100, with two decimals at most: 0.5, 33.33.")
  var percent: Percent

  @OptionGroup var options: ControlOptions

  func run() throws {
    Output.line(Output.printable(try options.client().text(["RAMP", percent.text])))
  }
}

/// The six stages, as a stranger may type them.
enum StageName: String, ExpressibleByArgument, CaseIterable {
  case off, dualwrite, shadow, live, rampdown, complete

  init?(argument: String) { self.init(rawValue: argument.lowercased()) }
}

/// A percentage as typed, `25` or `25%`, known to be from 0 to 100 with two decimals at most.
struct Percent: ExpressibleByArgument, Equatable {
  /// Without the sign.
  let text: String

  init?(argument: String) {
    let digits = argument.hasSuffix("%") ? String(argument.dropLast()) : argument
    guard Percentage(digits) != nil else { return nil }
    text = digits
  }
}
