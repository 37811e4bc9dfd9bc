import ArgumentParser
import Foundation

/// `sluice status`.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show what a running proxy does: stage, stacks, comparison, flags, ledger.",
    discussion: """
      The verdict of the comparison is pass, cold (new lacks keys, nothing else differs), differs or hold;
      nothing compared is hold, never pass.

      Examples:
        sluice status
        sluice status --watch                every second, until ctrl-C
        sluice status --hour                 the last hour, minute by minute
        sluice status --json | jq .stage
        sluice status --control unix:/run/sluice.sock
      """)

  @Flag(help: "Print the status as JSON, as the proxy sent it.")
  var json = false

  @Flag(help: "Show what fits the window, redrawn every second until ctrl-C.")
  var watch = false

  @Flag(
    help: "Show the last hour, minute by minute; with --json also in pieces of ten seconds for ten minutes.")
  var hour = false

  @OptionGroup var options: ControlOptions

  func run() async throws {
    let client = try options.client()
    guard watch else {
      write(try show(client))
      return
    }
    guard !json, !hour, Terminal.size != nil else { return try await repeated(client) }
    var (last, seen) = (WatchFrame(), ContinuousClock.now)
    Output.clearScreen()
    while true {
      var frame = last
      do {
        frame = WatchScreen.frame(try decoded(try client.text(["STATUS"]), client))
        (last, seen) = (frame, .now)
      } catch {
        // A proxy that is away for a moment does not end the watching, and what is old is not shown as if it were new.
        let seconds = (ContinuousClock.now - seen).components.seconds
        frame = last.headed("NO ANSWER for \(seconds) s, what follows is old: \(error.message)")
      }
      let (columns, lines) = Terminal.size ?? (80, 24)
      guard Output.frame(frame.fitted(columns: columns, lines: lines)) else { return }
      try await Task.sleep(for: .seconds(1))
    }
  }

  /// One after the other, for a file, a pipe, or what does not fit a window.
  private func repeated(_ client: ControlClient) async throws {
    while true {
      let frame = current(client)
      if !json, Terminal.size != nil { Output.clearScreen() }
      guard write(frame) else { return }
      try await Task.sleep(for: .seconds(1))
    }
  }

  @discardableResult
  private func write(_ text: String) -> Bool { json ? Output.json(text) : Output.line(text) }

  private func current(_ client: ControlClient) -> String {
    do { return try show(client) } catch { return json ? "" : "sluice: \(error.message)" }
  }

  private func show(_ client: ControlClient) throws(Failure) -> String {
    let text = try client.text(["STATUS"] + (hour ? ["HOUR"] : []))
    if json { return text }
    let status = try decoded(text, client)
    return hour ? StatusScreen.hour(status) : StatusScreen.render(status)
  }

  private func decoded(_ text: String, _ client: ControlClient) throws(Failure) -> JSONValue {
    guard let status = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) else {
      throw Failure(
        .software,
        "\(client.address) answered STATUS with something that is no JSON; is it a Sluice control port?")
    }
    return status
  }
}
