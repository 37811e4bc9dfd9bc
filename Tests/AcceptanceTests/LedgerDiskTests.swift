import GRDB
import LoadGenerator
import TestSupport
import Testing

extension Acceptance {
  /// A ledger that cannot be written costs the evidence, and neither traffic nor a rollback.
  @Suite struct LedgerDiskTests {
    /// Traffic flows, flips work and STATUS says what is wrong.
    private func expectTrafficDespite(_ stacks: TwoStacks, health: [String]) throws {
      let sluice = stacks.sluice
      let plan = LoadPlan(
        endpoint: sluice.endpoint, profile: .uniform(), connections: 20, pipeline: 16,
        limit: .commands(20_000),
        keys: 1000, verify: true)
      #expect(LoadRun.run(plan).isClean)
      try sluice.control("RAMP", "60")
      try eventually("STATUS names the trouble") {
        let status = try sluice.status()
        return health.contains(status.text("ledger.health") ?? "") && status.text("ledger.reason") != nil
      }
      #expect(LoadRun.run(plan).isClean)
      let ordered = MonotonicClock.now()
      try sluice.control("ROLLBACK", "no evidence")
      #expect(MonotonicClock.now() - ordered < 500_000_000)
      #expect(try sluice.status().flag("rolled_back") == true)
      #expect(LoadRun.run(plan).isClean)
      #expect(try sluice.terminate() == .code(0), "\(sluice.child.lastWords)")
    }

    private func options(_ ledger: String, launcher: [String] = []) -> SluiceProcess.Options {
      var options = SluiceProcess.Options(stage: "live", percent: 50)
      options.ledger = ledger
      options.launcher = launcher
      options.yaml = "ledger:\n  figures_interval: 1s\n"
      return options
    }

    @Test("a disk that fills up")
    func full() throws {
      let disk = try TinyDisk()
      let stacks = try TwoStacks(options("\(disk.path)/sluice.db", launcher: disk.launcher))
      try expectTrafficDespite(stacks, health: ["degraded"])
    }

    @Test("a folder that does not take a file")
    func readOnly() throws {
      // Not even root can make a file below /proc/self, whatever the modes of folders say.
      let stacks = try TwoStacks(options("/proc/self/sluice.db"))
      try expectTrafficDespite(stacks, health: ["off", "degraded"])
      #expect(stacks.sluice.child.errors.contains("no evidence is kept"), "\(stacks.sluice.child.errors)")
    }

    @Test("a ledger that another process has locked, until it lets go")
    func locked() throws {
      let folder = try ScratchFolder()
      let stacks = try TwoStacks(options("\(folder.path)/sluice.db"))
      let other = try DatabaseQueue(path: "\(folder.path)/sluice.db")
      try other.writeWithoutTransaction { database in
        try database.execute(sql: "BEGIN IMMEDIATE")
        let client = try stacks.sluice.client()
        try eventually(within: .seconds(20), "STATUS says that the ledger is held up") {
          _ = try client.command("SET", "a", "1")
          return try stacks.sluice.status().text("ledger.health") == "degraded"
        }
        try stacks.sluice.control("RAMP", "60")
        try database.execute(sql: "COMMIT")
      }
      try eventually(within: .seconds(20), "the ledger goes on") {
        try stacks.sluice.status().text("ledger.health") == "ok"
      }
      #expect(try stacks.sluice.terminate() == .code(0), "\(stacks.sluice.child.lastWords)")
      let flips = try Ledgerbook(stacks.sluice.ledgerPath).rows(.story)
      #expect(flips.map { $0["action"] } == ["start", "ramp"])
    }
  }
}

/// A disk of a few pages: a file system of its own where one may be mounted; elsewhere a limit on the size of a file,
/// which fails the same writes.
private final class TinyDisk {
  /// Where to write.
  let path: String
  /// What the writer has to be started by.
  let launcher: [String]
  private let folder: ScratchFolder
  private let isMounted: Bool

  init() throws {
    folder = try ScratchFolder()
    path = folder.path
    let mounted = try Child.run("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", folder.path])
    isMounted = mounted.exit == .code(0)
    // A file that grows beyond the limit also raises SIGXFSZ, which is fatal unless ignored.
    launcher =
      isMounted ? [] : ["/bin/sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\"", "prlimit", "--fsize=131072"]
  }

  deinit {
    if isMounted { _ = try? Child.run("umount", ["-l", path]) }
  }
}
