import ArgumentParser
import Foundation
import SluiceRedisClient
import SluiceRouting

/// `sluice verify`.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compare both stacks key by key, and repair on request.",
    discussion: """
      Walks both stacks and compares type, value and time to live. What differs is asked again through the proxy, in
      order with the writes of its clients, before it is called a difference. --repair
      makes the other stack's key what its primary's is.

      Without a running proxy (name the stacks by --legacy and --new, or --config) it compares only, and keys that are
      being written may be reported.

      Exit code 0: equal, or all that differed was repaired. 1: not equal.
      75: some keys could not be settled. 65: the names of some are too long to ask for.

      Examples:
        sluice verify
        sluice verify --repair
        sluice verify --sample 5 --match 'session:*'
      """)

  @Flag(help: "Make the key of the other stack what the primary's is, for every key that differs.")
  var repair = false

  @Option(help: "Look at this share of the keys only, in percent; always the same ones.")
  var sample: Percent?

  @OptionGroup var options: WalkOptions

  func validate() throws {
    if share.isNothing {
      throw ValidationError("--sample: write a percentage above 0, with two decimals at most")
    }
  }

  func run() throws {
    let (lanes, status) = try findProxy()
    let stacks = try options.stacks.connect(status)
    WalkPriority.lowerForVerify(status)
    let comparer = try KeyComparer(legacy: stacks.legacy, new: stacks.new, tolerance: 1000)
    var run = VerifyRun(
      comparer, lanes: lanes, match: options.match, sample: share, repairs: repair, rate: options.rate)
    let (isComplete, elapsed) = try options.run("verify") { (progress, isInterrupted) throws(Failure) in
      try run.run(progress: &progress, isInterrupted: isInterrupted)
    }
    if options.json {
      Output.json(try text(run, isComplete, elapsed))
    } else {
      Output.line(screen(run, isComplete, elapsed))
    }
    guard isComplete else { throw ExitCode(Interruption.exitCode) }
    if run.differences.count > run.counts.repaired { throw ExitCode(1) }
    if run.counts.unsettled > 0 {
      throw Failure(
        .temporary,
        "\(run.counts.unsettled) keys could not be settled (\(Output.printable(run.trouble ?? "doubtful"))); run it again"
      )
    }
    if run.counts.tooLong > 0 {
      throw Failure(
        .data, WarmCommand.leftOut(run.counts.tooLong, run.longKey, "nobody knows whether they are equal"))
    }
    guard run.counts.compared > 0 else {
      throw Failure(
        .data, "nothing was compared: neither stack has such a key, and zero of zero is no evidence")
    }
    // All of both was looked at: the proxy may count on it.
    guard options.match == nil, sample == nil, let lanes else { return }
    do {
      _ = try lanes.tell("both", since: status?["times_found_empty"].number)
    } catch {
      throw Failure(
        .temporary, "both hold the same, and the proxy does not count on it: \(error.message); run it again")
    }
  }

  private var share: Share {
    guard let sample, let percent = Double(sample.text) else { return .everything }
    let weight = UInt64((percent * 10_000).rounded())
    return Share(weight: weight, rest: 1_000_000 - weight) ?? .everything
  }

  /// A proxy that was not named and is not there is none; one that was named must answer.
  private func findProxy() throws -> (ProxyLanes?, JSONValue?) {
    let lanes = ProxyLanes(try options.control.client())
    do {
      return (lanes, try lanes.status())
    } catch {
      guard error.code == .unavailable, options.control.control == nil,
        options.stacks.config != nil || (options.stacks.legacy != nil && options.stacks.new != nil)
      else { throw error }
      if repair {
        throw Failure(
          .unavailable, "a repair goes through the proxy, to be in order with its writes: \(error.message)")
      }
      Output.error(
        "verify: without a proxy; keys that are written meanwhile may be reported, and nothing is repaired")
      return (nil, nil)
    }
  }

  private func screen(_ run: VerifyRun, _ isComplete: Bool, _ elapsed: Duration) -> String {
    let counts = run.counts
    var lines = [
      isComplete
        ? "compared \(counts.compared) keys in \(Progress.seconds(elapsed))"
        : "stopped at about \(Int(run.share * 100)) %, after \(counts.compared) keys"
    ]
    if counts.superseded > 0 {
      lines.append("\(counts.superseded) looked different at first and were not when asked again")
    }
    if counts.tooLong > 0 {
      lines.append("\(counts.tooLong) left out for their long names: \(run.longKey)")
    }
    if counts.unsettled > 0 { lines.append("\(counts.unsettled) could not be settled") }
    if counts.closed > 0 { lines.append("\(counts.closed) differ and are meant to (sluice close)") }
    if counts.uncarried > 0 {
      lines.append(
        "\(counts.uncarried) of those that differ cannot be carried in any way (\(Output.printable(run.trouble ?? "")))"
      )
    }
    let found = VerifyCommand.found(run.differences.count, of: counts.compared, isComplete)
    if run.differences.count == 0 {
      lines.append(found)
    } else {
      lines += [run.differences.table().text(), found]
      if repair {
        lines.append(
          "\(counts.repaired) repaired"
            + (counts.notRepaired > 0
              ? ", \(counts.notRepaired) not\(run.trouble.map { " (\(Output.printable($0)))" } ?? "")" : ""))
      }
    }
    return lines.joined(separator: "\n")
  }

  static func found(_ different: Int, of compared: Int, _ isComplete: Bool) -> String {
    guard compared > 0 else { return "nothing compared: no evidence" }
    return (different == 0 ? "no difference found" : "\(different) keys differ")
      + (isComplete ? "" : " so far")
  }

  private func text(_ run: VerifyRun, _ isComplete: Bool, _ elapsed: Duration) throws -> String {
    let counts = run.counts
    let document: [String: Any] = [
      "complete": isComplete, "seconds": elapsed / .seconds(1), "compared": counts.compared,
      "superseded": counts.superseded, "unsettled": counts.unsettled, "different": run.differences.count,
      "repaired": counts.repaired, "not_repaired": counts.notRepaired, "too_long": counts.tooLong,
      "uncarried": counts.uncarried, "closed": counts.closed,
      "differences": run.differences.described,
    ]
    let data = try JSONSerialization.data(withJSONObject: document, options: [.prettyPrinted, .sortedKeys])
    return String(decoding: data, as: UTF8.self)
  }
}
