import ArgumentParser
import Foundation
import SluiceAdmin
import SluiceConfiguration

/// `sluice fleet`.
struct FleetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleet",
    abstract: "All proxies of a service at once: their status beside each other, a rollback, a stage.",
    discussion: """
      The file names them:

        proxies:
        - { name: a, control: 10.0.0.1:6401, password_file: ops.txt }
        - { name: b, control: 'tls:10.0.0.2:6401?ca=/etc/ca.pem' }

      (admin, token_file and ca there are for the page: docs/admin.md.)
      All are asked at once, and what one answers waits for no other. The exit code is 1 when one did not
      answer, refused, or is not where the others are.

      Examples:
        sluice fleet status --file fleet.yaml
        sluice fleet rollback --file fleet.yaml "errors since 14:05"
        sluice fleet stage live 25 --file fleet.yaml
      """,
    subcommands: [FleetStatus.self, FleetRollback.self, FleetStage.self])
}

/// Who is meant.
struct FleetOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The file that names the proxies.", valueName: "path"))
  var file: String

  /// What each answers, in the order of the file.
  func ask(_ words: [String], patience: Int = 0) async throws -> [(
    name: String, answer: Result<String, Failure>
  )] {
    let fleet: Fleet
    do { fleet = try Fleet.load(file: file, by: .control) } catch {
      throw Failure(.configuration, error.description)
    }
    return await withTaskGroup(of: (Int, Result<String, Failure>).self) { group in
      for (index, member) in fleet.members.enumerated() {
        group.addTask { (index, await Self.ask(member, words, patience: patience)) }
      }
      var answers: [Int: Result<String, Failure>] = [:]
      for await (index, answer) in group { answers[index] = answer }
      return fleet.members.enumerated().compactMap { index, member in
        answers[index].map { (member.name, $0) }
      }
    }
  }

  /// Each on a thread of its own: one that hangs keeps nobody else from being asked.
  private static func ask(
    _ member: Fleet.Member, _ words: [String], patience: Int
  ) async -> Result<String, Failure> {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        var tries = 0
        while true {
          let answer = Self.once(member, words)
          // Of proxies that share a flag file one at a time moves it; the others find it moved a moment later.
          if case .failure(let failure) = answer, failure.code == .temporary, tries < patience {
            tries += 1
            Thread.sleep(forTimeInterval: 0.3)
            continue
          }
          return continuation.resume(returning: answer)
        }
      }
    }
  }

  private static func once(_ member: Fleet.Member, _ words: [String]) -> Result<String, Failure> {
    do {
      let (address, tls) = try ControlOptions.address(member.control ?? "", member.name)
      let client = ControlClient(address: address, password: member.password, tls: tls)
      return .success(try client.text(words))
    } catch let failure as Failure {
      return .failure(failure)
    } catch {
      return .failure(Failure(.configuration, "\(error)"))
    }
  }
}

/// `sluice fleet status`.
struct FleetStatus: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Where each proxy is; exit code 1 if not all are in the same place.")

  @OptionGroup var fleet: FleetOptions

  func run() async throws {
    let view = FleetView(
      try await fleet.ask(["STATUS"]).map { name, answer in
        switch answer {
        case .failure(let failure): return .init(name, failure: failure.message)
        case .success(let text):
          guard let place = try? JSONDecoder().decode(FleetPlace.self, from: Data(text.utf8)) else {
            return .init(name, failure: "answered STATUS with something unknown")
          }
          return .init(name, place)
        }
      })
    Output.line(FleetScreen.text(of: view))
    if !view.isOne { throw ArgumentParser.ExitCode(1) }
  }
}

/// Proxies beside each other, for a terminal.
enum FleetScreen {
  static func text(of view: FleetView) -> String {
    let compared = FleetColumn.allCases
    var table = TextTable(
      columns: ["proxy", "instance"] + compared.map(\.rawValue) + ["verdict", "stacks", "up"])
    for member in view.members {
      guard let place = member.place else {
        table.rows.append([member.name, "NO ANSWER"])
        continue
      }
      table.rows.append(
        ([member.name, place.instance ?? "-"] + compared.map { place[$0] }
          + [
            place.verdict ?? "-",
            place.down.isEmpty ? "up" : "\(place.down.joined(separator: ", ")) DOWN",
            place.upSeconds.map { StatusScreen.span($0) } ?? "-",
          ]).map(Output.printable))
    }
    let end =
      view.isOne
      ? "all \(view.members.count) are in the same place"
      : view.notes.map(Output.printable).joined(separator: "\n")
    return "\(table.text())\n\n\(end)"
  }
}

/// `sluice fleet rollback [WHY]`.
struct FleetRollback: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback", abstract: "Every key back to legacy, at every proxy, at once.")

  @Argument(help: "Why, for the ledgers.")
  var reason: [String] = []
  @OptionGroup var fleet: FleetOptions

  func run() async throws {
    let why = reason.joined(separator: " ")
    try FleetAnswers.show(try await fleet.ask(["ROLLBACK"] + (why.isEmpty ? [] : [why])))
  }
}

/// `sluice fleet stage NAME [PERCENT]`.
struct FleetStage: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stage", abstract: "Go to a stage with every proxy; each asks its own gates.")

  @Argument(help: "off, dualwrite, shadow, live, rampdown or complete.")
  var name: StageName
  @Argument(help: "The share of the keys that new answers for; for live alone.")
  var percent: Percent?
  @OptionGroup var force: ForceOption
  @OptionGroup var fleet: FleetOptions

  func validate() throws {
    if percent != nil, name != .live {
      throw ValidationError("a percentage counts in live alone; write: sluice fleet stage live 25")
    }
  }

  func run() async throws {
    let words = ["STAGE", name.rawValue] + (percent.map { [$0.text] } ?? []) + force.words
    try FleetAnswers.show(try await fleet.ask(words, patience: 10))
  }
}

/// What each has answered to an order.
enum FleetAnswers {
  static func show(_ answers: [(name: String, answer: Result<String, Failure>)]) throws {
    var table = TextTable(columns: ["proxy", "answer"])
    var failed = 0
    for (name, answer) in answers {
      switch answer {
      case .success(let text): table.rows.append([name, text])
      case .failure(let failure):
        failed += 1
        table.rows.append([
          name, "NOT DONE: \(failure.message.split(separator: "\n").first.map(String.init) ?? "")",
        ])
      }
    }
    Output.line(table.text(width: nil))
    if failed > 0 {
      Output.error("sluice: \(failed) of \(answers.count) did not do it; look at sluice fleet status")
      throw ArgumentParser.ExitCode(1)
    }
  }
}
