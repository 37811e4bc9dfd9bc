import ArgumentParser
import Foundation

/// `sluice plan`.
struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Show where the ramp is and what it waits for; say yes to a step, pause, resume.",
    discussion: """
      The flag cache-plan says who goes up from shadow to rampdown: "advance": "manual" (a person, by orders),
      "ask" (the plan, once somebody has said yes to that step) or "auto" (the plan). Guardrails go on in each.

      Examples:
        sluice plan                          where it is, what is missing, about when it will be there
        sluice plan approve                  yes to the step that it asks for
        sluice plan pause "Friday evening"   no step up until: sluice plan resume
        sluice plan --wait --timeout 2h      for pipelines: 0 a step up was taken, 65 paused, rolled back or gone
                                             down, 75 not within that time
      """,
    subcommands: [ShowPlan.self, ApprovePlan.self, PausePlan.self, ResumePlan.self],
    defaultSubcommand: ShowPlan.self)
}

/// `sluice plan [--wait]`.
struct ShowPlan: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Where the ramp is, what is missing, and about when it will be there.")

  @Flag(help: "Wait until a step up was taken (exit code 0), or until it is paused or rolled back (65).")
  var wait = false

  @Option(help: ArgumentHelp("How long to wait at most: 30s, 10m, 2h; then exit code 75.", valueName: "time"))
  var timeout: WaitTime = WaitTime(seconds: 3600)

  @Flag(help: "Print the plan as JSON, as it is in STATUS.")
  var json = false

  @OptionGroup var options: ControlOptions

  func run() async throws {
    let client = try options.client()
    var status = try Self.status(client)
    guard wait else { return show(status) }
    let began = ContinuousClock.now
    let first = PlanPlace(status)
    Output.error(status["plan"]["words"].text ?? "")
    var said = status["plan"]["state"].text
    while true {
      switch PlanPlace(status).outcome(since: first) {
      case .advanced: return show(status)
      case .stopped(let why): throw Failure(.data, why)
      case .waiting: break
      }
      guard ContinuousClock.now - began < .seconds(timeout.seconds) else {
        throw Failure(
          .temporary,
          "no step up within \(timeout.text): \(status["plan"]["words"].text ?? "nothing is known")")
      }
      try await Task.sleep(for: .milliseconds(500))
      // A proxy that is away for a moment does not end the waiting.
      if let now = try? Self.status(client) { status = now }
      let state = status["plan"]["state"].text
      if state != said { Output.error(status["plan"]["words"].text ?? "") }
      said = state
    }
  }

  private func show(_ status: JSONValue) {
    guard json else {
      Output.line(PlanScreen.render(status))
      return
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data = (try? encoder.encode(status["plan"])) ?? Data()
    Output.json(String(decoding: data, as: UTF8.self))
  }

  private static func status(_ client: ControlClient) throws(Failure) -> JSONValue {
    let text = try client.text(["STATUS"])
    guard let status = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)),
      status["plan"]["words"].text != nil
    else {
      throw Failure(
        .software, "\(client.address) answered STATUS without a plan; is it a Sluice of this version?")
    }
    return status
  }
}

/// How far a proxy is on its way, as far as waiting goes by it.
struct PlanPlace: Equatable {
  enum Outcome: Equatable {
    case advanced, waiting
    case stopped(String)
  }

  private let rank: Double
  private let name: String
  private let stop: String?

  init(_ status: JSONValue) {
    let stages = StageName.allCases.map(\.rawValue)
    let stage = status["stage"].text ?? "-"
    let percent = stage == "live" ? status["percent"].number ?? 0 : 0
    rank = Double(stages.firstIndex(of: stage) ?? 0) * 1000 + percent
    name = status["plan"]["place"].text ?? stage
    stop =
      status["rolled_back"].bool == true
      ? "rolled back: \(status["rollback"]["reason"].text ?? "no reason given")"
      : status["step"]["paused"].text.map { "paused: \($0)" }
  }

  func outcome(since first: PlanPlace) -> Outcome {
    if let stop { return .stopped(stop) }
    if rank > first.rank { return .advanced }
    return rank < first.rank ? .stopped("it went down, from \(first.name) to \(name)") : .waiting
  }
}

/// The plan for a terminal.
enum PlanScreen {
  static func render(_ status: JSONValue) -> String {
    let plan = status["plan"]
    var lines = [plan["words"].text ?? "-"]
    let hours = plan["hours"].text.map { ", \($0) UTC" } ?? ""
    let most = plan["maximum_seconds"].number.map { ", at most \(StatusScreen.span($0)) a step" } ?? ""
    let kind = plan["is_in_force"].bool == true ? plan["advance"].text ?? "-" : "no plan is in force"
    lines += ["", StatusScreen.row("advance", kind + hours + most)]
    if let who = plan["approved_by"].text { lines.append(StatusScreen.row("approved", "by \(who)")) }
    if let next = status["step"]["next"].text { lines.append(StatusScreen.row("next", "sluice \(next)")) }
    var table = TextTable(columns: ["condition", "now", "needed", "missing", "about"])
    for gate in status["step"]["gates"].elements {
      table.rows.append(
        [
          gate["name"].text ?? "-", gate["now"].text ?? "-", gate["needed"].text ?? "-",
          gate["missing"].text ?? "", gate["about_seconds"].number.map { StatusScreen.span($0) } ?? "",
        ])
    }
    return lines.joined(separator: "\n") + (table.rows.isEmpty ? "" : "\n\n" + table.text())
  }
}

/// `30s`, `10m`, `2h`: how long a command waits.
struct WaitTime: ExpressibleByArgument, Equatable {
  /// 1 to 2,592,000.
  let seconds: Int64

  init(seconds: Int64) { self.seconds = seconds }

  init?(argument: String) {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let unit = argument.last.flatMap({ units[$0] }), let count = Int64(argument.dropLast()),
      (1...2_592_000).contains(count), (1...2_592_000).contains(count * unit)
    else { return nil }
    seconds = count * unit
  }

  var text: String { StatusScreen.span(Double(seconds)) }

  var defaultValueDescription: String { "1h" }
}

/// `sluice plan approve`.
struct ApprovePlan: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "approve", abstract: "Say yes to the step for which the plan asks.")

  @OptionGroup var options: ControlOptions

  func run() throws { Output.line(Output.printable(try options.client().text(["APPROVE"]))) }
}

/// `sluice plan pause WHY`.
struct PausePlan: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "No step up, by plan or order, until it is resumed; guardrails go on.")

  @Argument(help: "Why, for the ledger and for those who look at the status.")
  var reason: [String]

  @OptionGroup var options: ControlOptions

  func run() throws {
    Output.line(Output.printable(try options.client().text(["PAUSE"] + reason)))
  }
}

/// `sluice plan resume [WHY]`.
struct ResumePlan: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "End a pause that is no guardrail's.")

  @Argument(help: "Why, for the ledger.")
  var reason: [String] = []

  @OptionGroup var options: ControlOptions

  func run() throws {
    Output.line(Output.printable(try options.client().text(["RESUME"] + reason)))
  }
}
