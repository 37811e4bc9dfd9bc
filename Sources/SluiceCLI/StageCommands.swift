import ArgumentParser
import Glibc
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

      A step up is refused (exit code 65, with a table) while evidence speaks
      against it: the stacks differ, new is cold, fails or is down, keys wait
      for their repair, the ledger is ill. Where the flag file has a cache-plan,
      what that asks for must be there too. --force "why" goes on all the same.

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

  @OptionGroup var force: ForceOption
  @Flag(help: "Go to complete without asking at the terminal.")
  var yes = false
  @OptionGroup var options: ControlOptions

  func validate() throws {
    if percent != nil, name != .live {
      throw ValidationError("a percentage counts in live alone; write: sluice stage live 25")
    }
  }

  func run() throws {
    if name == .complete, !yes { try Self.askForTheWord() }
    let arguments = ["STAGE", name.rawValue] + (percent.map { [$0.text] } ?? []) + force.words
    Output.line(OrderAnswer.text(try options.client().text(arguments)))
  }
}

extension StageCommand {
  /// The one step without a way back at once is asked of the person at the terminal; a script is none.
  private static func askForTheWord() throws {
    guard isatty(STDIN_FILENO) != 0, isatty(STDERR_FILENO) != 0 else { return }
    Output.error(
      "legacy will hear no write any more: the way back is stage rampdown, then verify --repair. Type complete to go on:"
    )
    guard readLine()?.lowercased() == "complete" else {
      throw Failure(.data, "nothing was changed: the word was not complete")
    }
  }
}

/// Why a step is taken although its gates are not met.
struct ForceOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Go up although the gates of the step are not met, and why; it is written down.", valueName: "why"))
  var force: String?

  func validate() throws {
    if let force, force.allSatisfy(\.isWhitespace) {
      throw ValidationError("--force: say why; it is written down")
    }
  }

  var words: [String] { force.map { ["FORCE", $0] } ?? [] }
}

/// `sluice ramp PERCENT`.
struct Ramp: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Change the share of the keys that the new stack answers for.",
    discussion: """
      Keys join as the percentage grows and leave as it shrinks; no key moves back and forth.
      The percentage counts from stage live on. More is refused while the gates of the step are not met, as in
      "sluice stage"; --force "why" goes on all the same.

      Example:
        sluice ramp 50

      To go back at once: sluice rollback "why"
      """)

  @Argument(help: "0 to 100, with two decimals at most: 0.5, 33.33.")
  var percent: Percent

  @OptionGroup var force: ForceOption
  @OptionGroup var options: ControlOptions

  func run() throws {
    Output.line(OrderAnswer.text(try options.client().text(["RAMP", percent.text] + force.words)))
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
