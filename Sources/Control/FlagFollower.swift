import SluiceFlags

/// Brings what the watcher tells to the switchboard, one thing after the other, and knows when all of it is in force.
final class FlagFollower: Sendable {
  private enum News: Sendable {
    case event(FlagEvent)
    /// Everything that was told before it has been acted upon.
    case caughtUp(CheckedContinuation<Void, Never>)
  }

  private let watcher: FlagWatcher
  private let cutover: Cutover
  private let tell: AsyncStream<News>.Continuation

  init(_ file: FlagFile, _ start: FlagStart, allowReshuffle: Bool, _ cutover: Cutover) {
    self.cutover = cutover
    // Events are few and must be acted upon in their order: a stream keeps it.
    let (news, tell) = AsyncStream.makeStream(of: News.self)
    self.tell = tell
    Task {
      for await one in news {
        switch one {
        case .event(let event): await cutover.flagsHappened(event)
        case .caughtUp(let waiting): waiting.resume()
        }
      }
    }
    watcher = FlagWatcher(
      file: file, start: start.outcome, remembered: start.isRemembered ? start.definition : nil,
      latchAtStart: start.latchMark, allowReshuffle: allowReshuffle
    ) { tell.yield(.event($0)) }
  }

  func run() { watcher.run() }

  func stop() {
    watcher.stop()
    tell.finish()
  }

  /// Reads the file now. Returns when what it says is in force, also if the watcher had seen the edit already and its news was still
  /// on the way: "nothing new" of a file that is not in force yet would be a lie.
  func reload(allowReshuffle: Bool) async throws(Cutover.Refused) -> String {
    let before = await cutover.inForce.definition
    let event: FlagEvent? = await withCheckedContinuation { continuation in
      watcher.reload(allowReshuffle: allowReshuffle) { continuation.resume(returning: $0) }
    }
    await withCheckedContinuation { continuation in
      if case .terminated = tell.yield(.caughtUp(continuation)) { continuation.resume() }
    }
    if event == nil { await cutover.loadRefused() }
    if case .rejected(let error) = event { throw Cutover.Refused(await cutover.refusal(error)) }
    let now = await cutover.inForce.definition
    if now.version != before.version { return "OK reloaded: \(FlagEdit(from: before, to: now).text)" }
    // What the gates have refused stands in the file, and is not in force.
    if let error = await cutover.flagsError { throw Cutover.Refused(error) }
    let tenths = Int(max(0, min(1e9, -(await cutover.inForce.loadedAt.timeIntervalSinceNow) * 10)))
    let since = tenths < 600 ? "since \(tenths / 10).\(tenths % 10) s" : "since \(tenths / 600) min"
    return "OK the file is in force \(since), and says nothing new: \(await cutover.place())"
  }
}
