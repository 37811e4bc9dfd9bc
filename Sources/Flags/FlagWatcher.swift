import Dispatch
import Foundation
import SluiceLocks

/// Follows the flag file and the latch beside it on a thread of its own, and tells what changes.
///
/// It watches the directory, not the file, so that a rename over the file and a symlink that is turned (as
/// Kubernetes does with `..data`) are seen; and it looks once a second anyway, for file systems that report
/// nothing.
public final class FlagWatcher: Sendable {
  private let file: FlagFile
  private let latch: RollbackLatch
  private let onEvent: @Sendable (FlagEvent) -> Void
  private let start: Result<FlagDefinition, FlagError>
  private let remembered: FlagDefinition?
  private let latchAtStart: RollbackLatch.Mark?
  private let allowReshuffle: Bool
  private let alarm = DirectoryAlarm()
  private let mailbox = Mutex(Mailbox())
  private let finished = DispatchSemaphore(value: 0)

  private struct Mailbox {
    var reloads: [Reload] = []
    var state = State.idle
  }

  private enum State {
    case idle, running, stopping, stopped
  }

  private struct Reload {
    let allowReshuffle: Bool
    let completion: @Sendable (FlagEvent?) -> Void
  }

  /// - Parameters:
  ///   - file: what to follow; the latch is the file `ROLLBACK` in its directory.
  ///   - start: what came of loading the file at start; the first edit is measured against it.
  ///   - remembered: what is in force while the file is not good since the start.
  ///   - latchAtStart: which latch file was there at start; only changes are told.
  ///   - allowReshuffle: accept edits that move keys back and forth.
  ///   - onEvent: called on the watcher's thread, one event after the other. It must not call `stop`.
  public init(
    file: FlagFile, start: Result<FlagDefinition, FlagError>, remembered: FlagDefinition? = nil,
    latchAtStart: RollbackLatch.Mark?, allowReshuffle: Bool = false,
    onEvent: @escaping @Sendable (FlagEvent) -> Void
  ) {
    self.file = file
    latch = RollbackLatch(directory: file.directory)
    self.start = start
    self.remembered = remembered
    self.latchAtStart = latchAtStart
    self.allowReshuffle = allowReshuffle
    self.onEvent = onEvent
  }

  /// Starts the thread. Does nothing the second time.
  public func run() {
    let isFirst = mailbox.withLock { mailbox in
      guard mailbox.state == .idle else { return false }
      mailbox.state = .running
      return true
    }
    guard isFirst else { return }
    let thread = Thread { self.loop() }
    thread.name = "flags"
    thread.start()
  }

  /// Ends the thread and waits for it. No event is told afterwards.
  public func stop() {
    let mustWait = mailbox.withLock { mailbox in
      defer { mailbox.state = mailbox.state == .running ? .stopping : .stopped }
      return mailbox.state == .running
    }
    guard mustWait else { return }
    alarm.ring()
    finished.wait()
  }

  /// Reads the file now, whatever it looked like before, and reports errors that were reported already.
  ///
  /// - Parameters:
  ///   - allowReshuffle: accept an edit that moves keys back and forth.
  ///   - completion: called on the watcher's thread after `onEvent` with the same event; nil means that the
  ///     file is the
  ///     one in force, or that the watcher does not run.
  public func reload(
    allowReshuffle: Bool = false, completion: @escaping @Sendable (FlagEvent?) -> Void = { _ in }
  ) {
    let isQueued = mailbox.withLock { mailbox in
      guard mailbox.state == .running else { return false }
      mailbox.reloads.append(Reload(allowReshuffle: allowReshuffle, completion: completion))
      return true
    }
    if isQueued { alarm.ring() } else { completion(nil) }
  }

  private func loop() {
    var intake = FlagIntake(start: start, remembered: remembered, allowReshuffle: allowReshuffle)
    var seen = latchAtStart
    var timeout: UInt64 = 0
    while true {
      alarm.watch(file.directory)
      alarm.wait(milliseconds: timeout)
      let (reloads, isStopping) = mailbox.withLock { mailbox in
        defer { mailbox.reloads = [] }
        return (mailbox.reloads, mailbox.state != .running)
      }
      // The latch first: a rollback must not wait for what a file has to say.
      let mark = latch.mark
      if mark != seen, !isStopping {
        seen = mark
        onEvent(mark != nil ? .latchAppeared : .latchDisappeared)
      }
      for reload in reloads {
        let event = event(of: intake.reload(read(), allowReshuffle: reload.allowReshuffle))
        if let event { onEvent(event) }
        reload.completion(event)
      }
      if isStopping { break }
      timeout = FlagWatcher.pollMilliseconds
      switch intake.read(read(), now: DispatchTime.now().uptimeNanoseconds / 1_000_000) {
      case .nothing: break
      case .lookAgain(let after): timeout = after
      case .tell(let event): onEvent(event)
      }
    }
    mailbox.withLock { $0.state = .stopped }
    finished.signal()
  }

  private static let pollMilliseconds: UInt64 = 1000

  private func read() -> FlagIntake.Reading {
    do throws(FlagError) {
      return .bytes(try file.read())
    } catch {
      return .failure(error)
    }
  }

  private func event(of decision: FlagIntake.Decision) -> FlagEvent? {
    guard case .tell(let event) = decision else { return nil }
    return event
  }
}
