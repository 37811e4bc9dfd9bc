import ArgumentParser
import Foundation
import SluiceAssessment
import SluiceConfiguration
import SluiceRedisClient

/// `sluice assess`.
struct AssessCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "assess",
    abstract: "Say before a migration what will be easy, what wants a look, and what stops you.",
    discussion: """
      Reads only, within a minute, and gently: it asks both servers what they are and how they are used, and looks at a
      sample of legacy's keys at a bounded rate. No proxy is needed; if one runs, what it has refused is counted in.

      With --source it also looks through a tree of Python and Swift files for the places where caches are made.

      Examples:
        sluice assess --legacy redis://old:6379
        sluice assess --legacy redis://old:6379 --new redis://new:6379 --json
        sluice assess --legacy redis://old:6379 --new redis://new:6379 --source src/

      Exit code 0, or 65 if something stops you. docs/assess.md explains the rows.
      """)

  @Option(
    help: ArgumentHelp("The server whose traffic is to move: redis://… or unix:///path.", valueName: "url"))
  var legacy: String

  @Option(help: ArgumentHelp("The server to which it is to move.", valueName: "url"))
  var new: String?

  @Option(
    help: ArgumentHelp("Look for caches in the Python and Swift files of this folder.", valueName: "folder"))
  var source: String?

  @Option(help: ArgumentHelp("The most keys to look at, 0 to 1000000.", valueName: "keys"))
  var sample = 10_000

  @Option(help: ArgumentHelp("The most keys a second to look at.", valueName: "keys"))
  var rate = 2000

  @Option(help: ArgumentHelp("The longest time to look at keys, 1 to 40 seconds.", valueName: "seconds"))
  var seconds = 20

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var control: ControlOptions

  func validate() throws {
    guard (0...1_000_000).contains(sample) else {
      throw ValidationError("--sample: write a number from 0 to 1000000")
    }
    guard (1...1_000_000).contains(rate) else {
      throw ValidationError("--rate: write a number from 1 upwards")
    }
    guard (1...40).contains(seconds) else { throw ValidationError("--seconds: write a number from 1 to 40") }
  }

  func run() throws {
    let findings = try source.map(SourceWalk.findings)
    let limits = KeySampling.Limits(keys: sample, rate: rate, seconds: seconds)
    let addresses = (
      legacy: try Self.endpoint(legacy, "legacy"), new: try new.map { try Self.endpoint($0, "new") }
    )
    // New first: the sample of legacy takes the time, and a wrong address should not.
    let newSurvey = try addresses.new.map { try ServerInquiry.survey($0, "new", sample: nil) }
    let legacySurvey = try ServerInquiry.survey(addresses.legacy, "legacy", sample: limits)
    let assessment = Assessment(legacy: legacySurvey, new: newSurvey, proxy: try proxy())
    let report = AssessmentReport(
      legacy: ("\(addresses.legacy)", legacySurvey), new: addresses.new.map { ("\($0)", newSurvey) },
      rows: assessment.rows + (findings?.rows ?? []))
    if json { Output.json(report.json) } else { Output.line(report.text) }
    let stops = report.rows.filter { $0.verdict == .stops }
    guard stops.isEmpty else {
      throw Failure(
        .data,
        "\(stops.count) thing\(stops.count == 1 ? "" : "s") would stop this migration: "
          + Output.printable(stops.prefix(8).map { String($0.subject.prefix(60)) }.joined(separator: ", "))
          + (stops.count > 8 ? ", …" : "") + "; see the rows for what to do")
    }
  }

  private static func endpoint(_ text: String, _ name: String) throws(Failure) -> RedisEndpoint {
    do {
      return try StackOptions.server(try Endpoint(parsing: text), name)
    } catch let error as ValueError {
      throw Failure(.configuration, "--\(name): \(error.reason)")
    } catch let error as Failure {
      throw error
    } catch {
      throw Failure(.configuration, "--\(name): \(error)")
    }
  }

  /// What a running proxy has counted; nil if none is named and none answers at the usual place.
  private func proxy() throws(Failure) -> Assessment.Proxy? {
    do {
      var client = try control.client()
      client.commandTimeout = .seconds(5)
      let text = try client.text(["STATUS"])
      guard let status = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) else {
        throw Failure(
          .unavailable,
          "\(client.address) answered STATUS with something that is no JSON; is it a Sluice control port?")
      }
      return Self.counts(status)
    } catch {
      guard control.control != nil else { return nil }
      throw error as? Failure ?? Failure(.unavailable, "\(error)")
    }
  }

  static func counts(_ status: JSONValue) -> Assessment.Proxy {
    func read(_ list: JSONValue) -> [Assessment.Proxy.Count] {
      list.elements.map { row in
        let who = ["client", "library", "address"].compactMap { row[$0].text }.first ?? ""
        let count = row["count"].number.flatMap { Int(exactly: $0.rounded()) } ?? 0
        return Assessment.Proxy.Count(
          command: row["command"].text ?? "-", reason: row["reason"].text ?? "-", count: count, client: who)
      }
    }
    var proxy = Assessment.Proxy()
    proxy.refusals = read(status["refusals"])
    proxy.lacks = read(status["lacks"])
    return proxy
  }
}
