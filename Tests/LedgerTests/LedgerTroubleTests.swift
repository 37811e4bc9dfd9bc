import Foundation
import GRDB
import SluiceFigures
import Testing

@testable import SluiceLedger

/// What goes wrong under the ledger: it shows, it loses samples at most, and it heals.
@Suite struct LedgerTroubleTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
  }

  @Test func aFullDiskCostsSamplesAndNeitherCountsNorFlips() async throws {
    let ledger = try scratch.open {
      $0.queueLimit = 500
      $0.samplesPerClass = .max
      $0.samplesPerKey = .max
    }
    // The real SQLITE_FULL: the file may not grow by a page.
    try ledger.sql("PRAGMA max_page_count = 1")
    try await outage(of: ledger, reason: "the disk is full") {
      try ledger.sql("PRAGMA max_page_count = 1000000")
    }
  }

  @Test func aReadOnlyFileCostsSamplesAndNeitherCountsNorFlips() async throws {
    let ledger = try scratch.open {
      $0.queueLimit = 500
      $0.samplesPerClass = .max
      $0.samplesPerKey = .max
    }
    try ledger.sql("PRAGMA query_only = 1")
    try await outage(of: ledger, reason: "the file is read-only") { try ledger.sql("PRAGMA query_only = 0") }
  }

  @Test func aLockedFileCostsSamplesAndNeitherCountsNorFlips() async throws {
    let ledger = try scratch.open {
      $0.queueLimit = 500
      $0.samplesPerClass = .max
      $0.samplesPerKey = .max
    }
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    configuration.busyMode = .timeout(5)
    let other = try DatabaseQueue(path: scratch.path, configuration: configuration)
    try other.inDatabase { try $0.execute(sql: "BEGIN EXCLUSIVE") }
    try await outage(of: ledger, reason: "another process holds a lock") {
      try other.inDatabase { try $0.execute(sql: "COMMIT") }
    }
  }

  /// Records through an outage and past it: everything exact is there afterwards, and what is lost is counted.
  private func outage(of ledger: Ledger, reason: String, end: () throws -> Void) async throws {
    // Two big samples at a time need pages of their own, so that a file that must not grow refuses them.
    let key = String(repeating: "k", count: 3000)
    ledger.record(figures(matched: 1), from: time(0), to: time(1))
    for number in 0..<300 { ledger.record(divergence(key: "\(number)" + key)) }
    ledger.record(flip(.ramp, at: 1, from: .init(.live, percent: 25), to: .init(.live, percent: 50)))
    #expect(
      await eventually {
        guard case .degraded(let why, _) = ledger.health().state else { return false }
        return why.contains(reason)
      })
    for second in 1...1000 {
      let at = Double(second)
      ledger.record(
        figures(matched: 2, diverged: [(.value, 7)], reads: 3), from: time(at), to: time(at + 1))
      ledger.record(divergence(key: "\(second)" + key))
    }
    ledger.record(flip(.rollback, at: 1001, from: .init(.live, percent: 50), to: .init(.off, percent: 0)))
    ledger.record(figures(matched: 4), from: time(1001), to: time(1002))
    let worst = ledger.health()
    #expect(worst.queued <= 500)
    #expect(worst.waiting <= 2 * LedgerQueue.intervalLimit)
    #expect(worst.lostSamples > 0)

    try end()
    #expect(
      await eventually {
        let health = ledger.health()
        return health.state == .ok && health.queued == 0 && health.waiting == 0
      })
    ledger.close(clean: true)
    #expect(try scratch.rows("SELECT sum(matched), sum(diverged) FROM intervals") == ["2005|1000"])
    #expect(try scratch.rows("SELECT sum(operations) FROM figures") == ["3000"])
    #expect(try scratch.rows("SELECT sum(count) FROM divergence_counts") == ["1000"])
    #expect(
      try scratch.rows("SELECT action, to_percent FROM flips ORDER BY id") == ["ramp|50.0", "rollback|0.0"])
    #expect(try scratch.rows("SELECT sum(matched) FROM intervals WHERE flip = 0") == ["1"])
    #expect(try scratch.rows("SELECT sum(matched) FROM intervals WHERE flip = 2") == ["4"])
    #expect(
      try scratch.rows("SELECT (SELECT count(*) FROM divergences) + lost_samples FROM runs") == ["1300"])
    #expect(try scratch.rows("SELECT clean FROM runs") == ["1"])
  }

  @Test func aDiskThatStaysFullDoesNotKeepTheLedgerFromClosing() async throws {
    let ledger = try scratch.open { $0.closeMilliseconds = 50 }
    try ledger.sql("PRAGMA query_only = 1")
    ledger.record(flip(.ramp, at: 1, from: .init(.live, percent: 25), to: .init(.live, percent: 50)))
    ledger.close(clean: true)
    #expect(try scratch.rows("SELECT clean, ended_at FROM runs") == ["0|-"])
  }

  @Test func aWriteThatFailsIsReportedByTheSystemToo() async {
    // EFBIG instead of ENOSPC: the limit of the process on the size of a file, which needs a process of its own.
    await #expect(processExitsWith: .success) {
      signal(SIGXFSZ, SIG_IGN)
      let scratch = try Scratch()
      let ledger = try scratch.open()
      var limit = rlimit(rlim_cur: 4096, rlim_max: rlim_t.max)
      guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { exit(2) }
      ledger.record(figures(matched: 3), from: time(0), to: time(1))
      ledger.record(flip(.ramp, at: 1, from: .init(.live, percent: 25), to: .init(.live, percent: 50)))
      guard
        await eventually({
          if case .degraded = ledger.health().state { true } else { false }
        })
      else { exit(3) }
      limit.rlim_cur = rlim_t.max
      guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { exit(4) }
      guard await eventually({ ledger.health().state == .ok && ledger.health().waiting == 0 }) else {
        exit(5)
      }
      ledger.close(clean: true)
      guard try scratch.rows("SELECT matched, clean FROM intervals, flips, runs") == ["3|1"] else { exit(6) }
    }
  }

  @Test func aKilledProcessLeavesAReadableLedgerAndARunThatIsNotClean() async throws {
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = scratch.path as String] in
      let ledger = try Ledger(LedgerConfiguration(path: path), version: "1", summary: "") { "\($0)" }
      ledger.record(flip(.ramp, at: 1, from: .init(.live, percent: 25), to: .init(.live, percent: 50)))
      ledger.record(figures(matched: 3), from: time(0), to: time(1))
      guard await eventually({ ledger.health().written == 2 }) else { exit(1) }
      kill(getpid(), SIGKILL)
    }
    #expect(try scratch.rows("PRAGMA integrity_check") == ["ok"])
    #expect(try scratch.rows("SELECT to_percent, matched FROM flips, intervals") == ["50.0|3"])
    #expect(try scratch.rows("SELECT end FROM run_list") == ["running or killed"])
    try scratch.open().close(clean: true)
    #expect(try scratch.rows("SELECT end FROM run_list") == ["killed", "clean"])
  }
}

extension Ledger {
  /// Runs a statement on the writer's own connection.
  fileprivate func sql(_ sql: String) throws {
    try store.database.inDatabase { try $0.execute(sql: sql) }
  }
}
