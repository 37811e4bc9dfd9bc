import Foundation
import Logging
import SluiceBuild
import SluiceCache
import SluiceFigures
import SluiceFlags
import SluiceJournal
import SluiceLedger
import SluiceRouting

/// Two caches, the flags and a ledger inside one process: the stages, the routing, the comparison and the way back of the proxy,
/// for a Swift service that wants no proxy.
///
///     let cache = try RoutedCache(legacy: old, new: new, flags: "flags", ledger: "sluice.db")
///     await cache.set("user:1", to: "Ada")     // primary, then mirror, as the stage says
///     cache.rollBack(reason: "too slow", who: "me")
///
/// A write goes to the primary; when that has acknowledged it, to the mirror, key by key in the order of the acknowledgements; the
/// caller does not wait for the mirror. A read that the sample chooses is repeated on the mirror at its place in that order; what
/// differs is asked again before it is called a divergence. A flip is in force at once: an operation waits only for what the stack
/// that answers now has yet to hear about its own key. It follows the flag file and the latch `ROLLBACK` beside it.
///
/// What is in doubt outlives the process if there is a ledger: the keys of writes that the mirror has not heard yet, and the suspects,
/// stand in the directory `<ledger>.suspects`, and the next start does not serve them before they are repaired. Without a ledger they
/// are forgotten with the process. Other processes are not serialised with this one: as with two proxies, `verify` closes the rest.
public final class RoutedCache: ReportingCache {
  public let flights = CacheFlights()
  let core: RoutedCore
  private let watcher: FlagWatcher?
  private let clock: Task<Void, Never>
  private let events: Task<Void, Never>

  /// Reads the flags, opens the ledger and begins to route.
  ///
  /// - Parameters:
  ///   - legacy: the cache that is left.
  ///   - new: the cache that is gone to.
  ///   - flags: a flag file or its directory, watched from now on; nil keeps the built-in flags (stage `off`) in memory.
  ///   - ledger: a SQLite file for flips, divergences and figures, and beside it the directory `<ledger>.suspects`; nil keeps no evidence,
  ///     and lets what is in doubt end with the process. A directory that cannot be used, or that another process uses, throws
  ///     nothing: `status` and the log say so.
  ///   - environment: where `USE_LEGACY_CACHE` and `USE_NEW_CACHE_FACTORY` are looked for.
  /// - Throws: `configuration` if the ledger cannot be opened. A flag file that cannot be used throws nothing: every key is
  ///   answered by legacy until it is right (law 9), and the log says so.
  public init(
    legacy: any Cache, new: any Cache, flags: String? = nil, ledger: String? = nil,
    options: Options = Options(), environment: [String: String] = ProcessInfo.processInfo.environment,
    logger: Logger = Logger(label: "sluice.routed")
  ) throws(CacheError) {
    let book: Ledger?
    do {
      book = try ledger.map {
        try Ledger(
          options.ledgerConfiguration($0), version: Build.version, summary: "in process",
          lost: { logger.error("\($0)") },
          commandName: { RoutedCommand(rawValue: $0)?.name ?? "UNKNOWN" })
      }
    } catch let error as LedgerError {
      throw CacheError(.configuration, "\(error)", context: ["path": .string(error.path)])
    } catch {
      throw CacheError(.configuration, "\(error)")
    }
    let (journal, journalError) = Self.openJournal(beside: ledger, behind: book?.before, logger)
    let start: FlagStart
    do throws(FlagError) {
      start = try FlagStart(path: flags, environment: environment, remembered: journal?.remembered)
    } catch {
      throw CacheError(.configuration, "the built-in flags cannot be used: \(error)")
    }
    let core = RoutedCore(
      legacy: legacy, new: new, start: start, ledger: book, journal: journal, journalError: journalError,
      options: options, logger: logger)
    self.core = core
    let (events, tell) = AsyncStream.makeStream(of: FlagEvent.self)
    watcher = start.file.map {
      FlagWatcher(
        file: $0, start: start.outcome, remembered: start.isRemembered ? start.definition : nil,
        latchAtStart: start.latchMark
      ) { tell.yield($0) }
    }
    self.events = Task { for await event in events { core.flagsHappened(event) } }
    clock = Task {
      while !Task.isCancelled {
        try? await Task.sleep(for: .seconds(1))
        await core.tick()
      }
    }
    core.started()
    watcher?.run()
  }

  private static func openJournal(
    beside ledger: String?, behind before: Ledger.Before?, _ logger: Logger
  ) -> (RoutedJournal?, String?) {
    guard let ledger else { return (nil, nil) }
    do throws(JournalError) {
      let earlier = SuspectJournal.Earlier(
        hasRun: before?.hasRun ?? false, mirrors: before?.mirrors ?? Set(StackID.allCases))
      return (try RoutedJournal(directory: ledger + ".suspects", earlier: earlier), nil)
    } catch {
      logger.error("suspects will not outlive this process: \(error)")
      return (nil, error.description)
    }
  }

  deinit {
    watcher?.stop()
    core.latch?.leave()
    clock.cancel()
    events.cancel()
  }

  /// Waits until the mirror has heard everything, at most for `limit`, writes the last figures and ends the run in the ledger.
  /// The cache still routes afterwards, without evidence, and what comes in doubt then ends with the process.
  public func close(within limit: Duration = .seconds(5)) async {
    watcher?.stop()
    core.latch?.leave()
    clock.cancel()
    events.cancel()
    await core.close(within: limit)
  }

  // MARK: Cache

  public func lookup(_ key: String) async -> CacheLookup {
    switch await core.read(.value, key) {
    case .value(let value?): .hit(value)
    case .value(nil), .exists, .ttl: .miss(.absent)
    case .failed(let error): .miss(.failed(error))
    }
  }

  public func store(_ key: String, _ value: CacheValue, ttl: Duration?) async -> Result<Bool, CacheError> {
    await core.write(.set, key, .set(value, ttl: ttl))
  }

  public func remove(_ key: String) async -> Result<Bool, CacheError> {
    await core.write(.delete, key, .remove)
  }

  public func exists(_ key: String) async -> Bool {
    guard case .exists(let isThere) = await core.read(.exists, key) else { return false }
    return isThere
  }

  public func remainingTTL(of key: String) async -> Duration? {
    guard case .ttl(let time) = await core.read(.ttl, key) else { return nil }
    return time
  }

  /// Holds all keys while it runs on both stacks. A failure where no stack that answers could be asked; one that could not be is in doubt
  /// as a whole, so that nothing of before is served.
  public func removeAll(matching pattern: String) async -> Result<Int, CacheError> {
    await core.invalidate(pattern)
  }

  public func storedValue(for key: String) async throws(CacheError) -> CacheValue? {
    try await core.storedValue(key)
  }

  public func disconnect() async { await core.disconnect() }

  // MARK: The cutover

  /// Goes back: every key is answered by legacy from the moment this returns. Waits for nothing; the latch outlives the process.
  /// Returns a sentence for the operator.
  @discardableResult
  public func rollBack(reason: String, who: String) -> String { core.rollBack(reason: reason, who: who) }

  /// Lifts the latch of this cache; the flags are in force again, with stage `shadow` at most, and say so: the way up begins anew. The file `ROLLBACK` stays while others look at its folder, who are
  /// rolled back until each of them is re-armed.
  ///
  /// - Parameters:
  ///   - isFleet: the file goes, for all who share it.
  ///   - resume: why it goes back to where it was at once, with the flags as they are.
  /// - Throws: `validation` if nobody may lift it (`USE_LEGACY_CACHE`), or if evidence speaks against resuming; `infrastructure` if the
  ///   latch file cannot be removed, or the flag file cannot be made to say `shadow`.
  @discardableResult
  public func rearm(isFleet: Bool = false, resume: String? = nil, who: String) throws(CacheError) -> String {
    try core.rearm(isFleet: isFleet, resume: resume, who: who)
  }

  /// Goes to a stage, or to another percentage, or both, and writes the flag file. Returns a sentence for the operator.
  ///
  /// - Parameter force: why a step up is taken although its gates are not met; nil leaves it undone then.
  /// - Throws: `validation` if the flags cannot be changed so, or a gate is not met; nothing was changed then.
  @discardableResult
  public func move(
    to stage: Stage? = nil, percentage: Percentage? = nil, who: String, reason: String = "",
    force: String? = nil
  ) throws(CacheError) -> String {
    try core.move(to: stage, percentage: percentage, who: who, reason: reason, force: force)
  }

  /// Answers for what is known against new: the differences that are open, each until it differs in another way, and a pause. Returns a
  /// sentence for the operator.
  ///
  /// - Throws: `validation` if no reason is given: it is written down.
  @discardableResult
  public func closeFindings(reason: String, who: String) throws(CacheError) -> String {
    try core.closeFindings(reason: reason, who: who)
  }

  /// What is in force and what was counted, in the words of `sluice status`.
  public var status: RoutedStatus { core.status }

  /// Where a key goes now, and why.
  public func explain(_ key: String) -> Explanation { core.explain(key) }

  /// Waits until everything that was acknowledged has reached the mirror, and all comparisons are done. Returns false if it
  /// took longer than `limit`.
  public func settled(within limit: Duration = .seconds(5)) async -> Bool {
    await core.settled(within: limit)
  }
}
