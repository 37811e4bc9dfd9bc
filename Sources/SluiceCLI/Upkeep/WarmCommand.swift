import ArgumentParser
import Foundation
import SluiceControl
import SluiceRedisClient

/// `sluice warm`.
struct WarmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "warm",
    abstract: "Fill the new stack from the legacy one, while traffic goes on.",
    discussion: """
      Every key of legacy that new lacks is copied with its time to live, by the proxy itself and in order with the
      writes of its clients: newer data is never overwritten, and nothing that was deleted comes back. It
      needs a stage that mirrors writes: dualwrite, shadow, live or rampdown.

      Stop it at any time with ctrl-C and start it again: what is there is skipped.

      Examples:
        sluice warm
        sluice warm --rate 5000 --match 'session:*'
        sluice warm --config sluice.yaml      where the stacks have passwords

      Afterwards: sluice verify
      """)

  @OptionGroup var options: WalkOptions

  func run() throws {
    let lanes = ProxyLanes(try options.control.client())
    let status = try lanes.status()
    try WarmCommand.expectMirroring(status)
    let stacks = try options.stacks.connect(status)
    WalkPriority.lowerForWarm(status)
    var run = WarmRun(
      legacy: stacks.legacy, new: stacks.new, lanes: lanes, rate: options.rate, match: options.match,
      fillsSmall: StackAddress.arePlain(status))
    let (isComplete, elapsed) = try options.run("warm") { (progress, isInterrupted) throws(Failure) in
      try run.run(progress: &progress, isInterrupted: isInterrupted)
    } failed: { elapsed in
      Output.error(
        WarmCommand.text(run.counts, isComplete: false, share: run.share, elapsed, json: false))
    }
    Output.line(
      WarmCommand.text(run.counts, isComplete: isComplete, share: run.share, elapsed, json: options.json))
    guard isComplete else { throw ExitCode(Interruption.exitCode) }
    if run.counts.refused > 0 {
      throw Failure(
        .temporary,
        "\(run.counts.refused) keys could not be brought over (\(Output.printable(run.refusal ?? ""))); start it again"
      )
    }
    // What no way can carry the proxy knows key by key, so the rest may be counted on.
    let said =
      options.match == nil && run.counts.tooLong == 0
      ? try WarmCommand.tellThatAllIsThere(lanes, since: status["times_found_empty"].number) : nil
    if !run.counts.uncarried.isEmpty {
      let count = run.counts.uncarried.values.reduce(0, +)
      let reasons = run.counts.uncarried.sorted { $0.value > $1.value }.map { "\($0.value) with \($0.key)" }
      throw Failure(
        .data,
        "\(count) key\(count == 1 ? "" : "s") cannot be carried to new in any way (\(Output.printable(reasons.joined(separator: "; ")))), "
          + "for example \(run.uncarriedKey); new lacks them"
      )
    }
    if run.counts.tooLong > 0 {
      throw Failure(.data, WarmCommand.leftOut(run.counts.tooLong, run.longKey, "new lacks them"))
    }
    if let said, !options.json { Output.line(Output.printable(said)) }
  }

  /// From now on the proxy may count on new: it repeats updates there instead of copying keys.
  static func tellThatAllIsThere(_ lanes: ProxyLanes, since losses: Double?) throws(Failure) -> String? {
    do throws(Failure) { return try lanes.tell("new", since: losses) } catch {
      throw Failure(.temporary, "new may lack what was brought over: \(error.message); start it again")
    }
  }

  /// Why a walk that saw every key has not dealt with all of them.
  static func leftOut(_ count: Int, _ example: String, _ means: String) -> String {
    "\(count) keys were left out, \(means): names above \(ControlLimits.wordBytes) bytes fit into no order to the proxy "
      + "(\(example))"
  }

  static func expectMirroring(_ status: JSONValue) throws(Failure) {
    let stage = status["effective_stage"].text ?? "-"
    switch stage {
    case "off":
      throw Failure(
        .data,
        status["rolled_back"].bool == true
          ? "the proxy is rolled back to a stage that does not mirror writes: what is copied would grow old; first: sluice rearm"
          : "stage off does not mirror writes: what is copied would grow old; first: sluice stage dualwrite")
    case "complete":
      throw Failure(
        .data,
        "in stage complete legacy hears of no write, so what it has is old; first: sluice stage rampdown")
    default: break
    }
  }

  static func text(
    _ counts: WarmRun.Counts, isComplete: Bool, share: Double, _ elapsed: Duration, json: Bool
  ) -> String {
    if json {
      return """
        {"complete": \(isComplete), "seconds": \(elapsed / .seconds(1)), "scanned": \(counts.scanned), \
        "copied": \(counts.copied), "present": \(counts.present), "absent": \(counts.absent), \
        "overtaken": \(counts.overtaken), "doubtful": \(counts.doubtful), "too_long": \(counts.tooLong), \
        "uncarried": \(counts.uncarried.values.reduce(0, +)), "refused": \(counts.refused)}
        """
    }
    let rows = [
      ("copied", counts.copied, ""), ("there already", counts.present, ""),
      ("gone meanwhile", counts.absent, "deleted, or expired"),
      ("overtaken", counts.overtaken, "a write came in between, and is what new has"),
      ("doubtful", counts.doubtful, "the proxy repairs them by itself"), ("refused", counts.refused, ""),
      ("not carried", counts.uncarried.values.reduce(0, +), "no way can carry them to new"),
      ("left out", counts.tooLong, "their names fit into no order to the proxy"),
    ]
    var table = TextTable(columns: ["", "keys", " "], numeric: ["keys"])
    for (name, count, note) in rows where count > 0 || name == "copied" || name == "there already" {
      table.rows.append([name, "\(count)", note])
    }
    let head =
      isComplete
      ? "looked at all \(counts.scanned) keys of legacy in \(Progress.seconds(elapsed))"
      : "stopped at about \(Int(share * 100)) %, after \(counts.scanned) keys; start it again, and what is there is skipped"
    return head + "\n" + table.text()
  }
}
