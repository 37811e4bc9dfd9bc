import ArgumentParser

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
      complete   new answers everything, legacy gets nothing any more:
                 no way back without a warm-up

      Examples:
        sluice stage shadow
        sluice stage live 25

      To go back at once: sluice rollback "why"
      """)

  @Argument(
    help: "The stage, in the order above.",
    completion: .list(StageName.allCases.map(\.rawValue)))
  var name: StageName

  @Argument(help: "The share of the keys that new answers for, 0 to 100; for live alone.")
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

      Example:
        sluice ramp 50

      To go back at once: sluice rollback "why"
      """)

  @Argument(help: "0 to 100; fractions such as 0.5 are allowed.")
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

/// A percentage as typed, `25` or `25%`, known to be from 0 to 100.
struct Percent: ExpressibleByArgument, Equatable {
  /// Without the sign.
  let text: String

  init?(argument: String) {
    let digits = argument.hasSuffix("%") ? String(argument.dropLast()) : argument
    guard digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let value = Double(digits),
      (0...100).contains(value)
    else { return nil }
    text = digits
  }
}
