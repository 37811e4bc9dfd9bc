import Foundation
import GRDB
import SluiceLoadGenerator
import SluiceTestSupport
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
      try sluice.control("RAMP", "60", "FORCE", "the disk is no reason")
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
    }

    private func expectEnd(_ stacks: TwoStacks) throws {
      #expect(try stacks.sluice.terminate() == .code(0), "\(stacks.sluice.child.lastWords)")
    }

    private func options(_ ledger: String, launcher: [String] = []) -> SluiceProcess.Options {
      var options = SluiceProcess.Options(stage: "live", percent: 50)
      options.ledger = ledger
      options.launcher = launcher
      options.yaml = "ledger:\n  figures_interval: 1s\n"
      return options
    }

    @Test("a disk that fills up, until there is room again")
    func full() throws {
      let disk = try TinyDisk()
      let stacks = try TwoStacks(options("\(disk.path)/sluice.db", launcher: disk.launcher))
      try eventually("it begins well") { try stacks.sluice.status().text("ledger.health") == "ok" }
      try disk.fill(for: stacks.sluice.child)
      try expectTrafficDespite(stacks, health: ["degraded"])
      try disk.free(for: stacks.sluice.child)
      try eventually(within: .seconds(20), "it is well again") {
        try stacks.sluice.status().text("ledger.health") == "ok"
      }
      try expectEnd(stacks)
      let ledger = try Ledgerbook(stacks.sluice.ledgerPath)
      #expect(try ledger.rows(.runs).map { $0["end"] } == ["clean"])
      #expect(try ledger.rows(.story).map { $0["action"] } == ["start", "ramp", "rollback"])
    }

    @Test("a folder that does not take a file")
    func readOnly() throws {
      // Not even root can make a file below /proc/self, whatever the modes of folders say.
      let stacks = try TwoStacks(options("/proc/self/sluice.db"))
      try expectTrafficDespite(stacks, health: ["off", "degraded"])
      try expectEnd(stacks)
      #expect(stacks.sluice.child.errors.contains("no evidence is kept"), "\(stacks.sluice.child.errors)")
    }

    @Test("a ledger that another process has locked, until it lets go")
    func locked() throws {
      let folder = try ScratchFolder()
      let stacks = try TwoStacks(options("\(folder.path)/sluice.db"))
      var patient = Configuration()
      patient.busyMode = .timeout(5)
      let other = try DatabaseQueue(path: "\(folder.path)/sluice.db", configuration: patient)
      try other.writeWithoutTransaction { database in
        try database.execute(sql: "BEGIN IMMEDIATE")
        let client = try stacks.sluice.client()
        try eventually(within: .seconds(20), "STATUS says that the ledger is held up") {
          _ = try client.command("SET", "a", "1")
          return try stacks.sluice.status().text("ledger.health") == "degraded"
        }
        try stacks.sluice.control("RAMP", "60", "FORCE", "the disk is no reason")
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

/// A disk that can be full: a small file system of its own where one may be mounted; elsewhere a limit on the size of
/// the writer's files, which fails the same writes.
private final class TinyDisk {
  /// Where to write.
  let path: String
  /// What the writer has to be started by.
  let launcher: [String]
  private let folder: ScratchFolder
  private let isMounted: Bool
  private var filler: String { "\(path)/filler" }

  init() throws {
    folder = try ScratchFolder()
    path = folder.path
    let mounted = try Child.run("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", folder.path])
    isMounted = mounted.exit == .code(0)
    // A file that grows beyond the limit also raises SIGXFSZ, which is fatal unless ignored.
    launcher = isMounted ? [] : ["/bin/sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""]
  }

  deinit {
    if isMounted { _ = try? Child.run("umount", ["-l", path]) }
  }

  /// No file can grow from here on.
  func fill(for writer: Child) throws {
    if isMounted {
      let ran = try Child.run("dd", ["if=/dev/zero", "of=\(filler)", "bs=4096"])
      #expect(ran.errors.contains("No space left"), "\(ran.errors)")
    } else {
      try limit("4096", writer)
    }
  }

  /// Ends ``fill(for:)``.
  func free(for writer: Child) throws {
    if isMounted {
      try FileManager.default.removeItem(atPath: filler)
    } else {
      try limit("unlimited", writer)
    }
  }

  private func limit(_ size: String, _ writer: Child) throws {
    let ran = try Child.run("prlimit", ["--pid", "\(writer.pid)", "--fsize=\(size):unlimited"])
    #expect(ran.exit == .code(0), "\(ran.errors)")
  }
}
