import Foundation
import SluiceFigures
import SluiceRouting
import Testing

@testable import SluiceLedger

/// The file is not what it was any more: that is noticed and said, and this run's story is told again in another one.
@Suite struct LostLedgerTests {
  private let scratch: Scratch

  init() throws {
    scratch = try Scratch()
  }

  enum Harm: String, CaseIterable {
    case deleted, deletedWithItsLog, moved, replaced, folder, cut, cutShort, garbage, logDeleted

    /// Whether nothing stands in its place, so that the next one can.
    var leavesThePath: Bool { self == .deleted || self == .deletedWithItsLog || self == .moved }
  }

  private func harm(_ harm: Harm) throws {
    let files = FileManager.default
    let path = scratch.path
    switch harm {
    case .deleted: try files.removeItem(atPath: path)
    case .deletedWithItsLog:
      for name in [path, path + "-wal", path + "-shm"] { try files.removeItem(atPath: name) }
    case .moved: try files.moveItem(atPath: path, toPath: path + ".aside")
    case .replaced:
      try Data("something else".utf8).write(to: URL(fileURLWithPath: path + ".tmp"))
      #expect(rename(path + ".tmp", path) == 0)
    case .folder:
      try files.removeItem(atPath: path)
      try files.createDirectory(atPath: path, withIntermediateDirectories: false)
    case .cut: #expect(truncate(path, 0) == 0)
    case .cutShort: #expect(truncate(path, 8192) == 0)
    case .garbage:
      let handle = try #require(FileHandle(forWritingAtPath: path))
      try handle.write(contentsOf: Data((0..<20_000).map { _ in UInt8.random(in: 0...255) }))
      try handle.close()
    case .logDeleted: try files.removeItem(atPath: path + "-wal")
    }
  }

  @Test(arguments: Harm.allCases) func aLostFileIsFollowedByAnother(_ how: Harm) async throws {
    let told = Told()
    let ledger = try Ledger(
      scratch.configuration(), version: "1.2.3", summary: "s", lost: { told.add($0) },
      commandName: { "C\($0)" })
    ledger.record(flip(.ramp, at: 1, from: .init(.live, percent: 25), to: .init(.live, percent: 50)))
    ledger.record(figures(matched: 3, diverged: [(.value, 7)], reads: 5), from: time(1), to: time(2))
    #expect(await eventually { ledger.health().written == 2 })
    #expect(ledger.health().replaced == nil && ledger.health().path == scratch.path)
    if how == .cutShort {
      // What is in the log alone is not missing in the file.
      try await ledger.store.database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
    }
    // It has been looked at while it was whole.
    try await Task.sleep(for: .milliseconds(50))

    try harm(how)
    #expect(await eventually { ledger.health().replaced != nil }, "\(ledger.health())")
    let health = ledger.health()
    let next = how.leavesThePath ? scratch.path : scratch.path + ".2"
    #expect(health.path == next && health.state == .ok)
    #expect(told.sentences == [health.replaced ?? ""])
    ledger.record(flip(.rollback, at: 3, from: .init(.live, percent: 50), to: .init(.off, percent: 0)))
    ledger.record(figures(matched: 4), from: time(3), to: time(4))
    ledger.close(clean: true)

    let book = Scratch.Book(next)
    #expect(try book.rows("SELECT action FROM flips ORDER BY id") == ["ramp", "rollback"])
    #expect(try book.rows("SELECT sum(matched), sum(diverged) FROM intervals") == ["7|1"])
    #expect(try book.rows("SELECT sum(matched) FROM intervals WHERE flip = 1") == ["3"])
    #expect(try book.rows("SELECT count(*), sum(clean) FROM runs") == ["1|1"])
    #expect(try book.rows("SELECT summary LIKE 's; the ledger %' FROM runs") == ["1"])
    if how == .moved {
      let aside = Scratch.Book(scratch.path + ".aside")
      #expect(try aside.rows("SELECT matched FROM intervals") == ["3"], "it was whole when it was left")
    }
  }

  @Test func whatCannotBeBegunAgainIsSaidAndTriedAgain() async throws {
    let ledger = try scratch.open()
    ledger.record(flip(.ramp, at: 1, from: .init(.live, percent: 25), to: .init(.live, percent: 50)))
    #expect(await eventually { ledger.health().written == 1 })
    let aside = scratch.directory + "-aside"
    try FileManager.default.moveItem(atPath: scratch.directory, toPath: aside)
    defer { try? FileManager.default.removeItem(atPath: aside) }
    #expect(
      await eventually {
        guard case .degraded(let reason, _) = ledger.health().state else { return false }
        return reason.contains("was moved away") && reason.contains("no other can be begun")
      }, "\(ledger.health())")
    ledger.record(flip(.rollback, at: 3, from: .init(.live, percent: 50), to: .init(.off, percent: 0)))
    try FileManager.default.createDirectory(atPath: scratch.directory, withIntermediateDirectories: false)
    #expect(await eventually { ledger.health().state == .ok && ledger.health().waiting == 0 })
    ledger.close(clean: true)
    #expect(try scratch.rows("SELECT action FROM flips ORDER BY id") == ["ramp", "rollback"])
  }

  @Test func anUntouchedFileIsLeftAlone() async throws {
    let ledger = try scratch.open()
    let reader = Scratch.Book(scratch.path)
    for second in 0..<200 {
      ledger.record(figures(matched: 1, reads: 1), from: time(Double(second)), to: time(Double(second + 1)))
      if second % 20 == 0 {
        _ = try reader.rows("SELECT count(*) FROM runs")
        try await ledger.store.database.writeWithoutTransaction { _ = try $0.checkpoint(.passive) }
      }
      try await Task.sleep(for: .milliseconds(1))
    }
    #expect(ledger.health().replaced == nil)
    ledger.close(clean: true)
  }

  // MARK: Whose it is

  @Test func nobodyElseCanReadIt() throws {
    func modes() -> [String: Int] {
      var modes: [String: Int] = [:]
      for end in ["", "-wal", "-shm"] {
        let attributes = try? FileManager.default.attributesOfItem(atPath: scratch.path + end)
        modes[end] = attributes?[.posixPermissions] as? Int
      }
      return modes
    }
    let private3 = ["": 0o600, "-wal": 0o600, "-shm": 0o600]
    try scratch.open().close(clean: true)
    #expect(modes() == ["": 0o600])
    // One that an older version has made, and left open to all.
    #expect(chmod(scratch.path, 0o644) == 0)
    let ledger = try scratch.open()
    #expect(modes() == private3)
    for end in private3.keys { #expect(chmod(scratch.path + end, 0o644) == 0) }
    let second = try scratch.open()
    #expect(modes() == private3)
    second.close(clean: true)
    ledger.close(clean: true)
  }

  @Test func aSecondOneThatWantsItAloneIsRefused() throws {
    let first = try scratch.open { $0.isExclusive = true }
    let error = #expect(throws: LedgerError.self) { try scratch.open { $0.isExclusive = true } }
    #expect(error?.code == .inUse && error?.message.contains("in use by another proxy") == true)
    // A benchmark writes beside a proxy.
    try scratch.open().close(clean: true)
    first.close(clean: true)
    try scratch.open { $0.isExclusive = true }.close(clean: true)
  }

  @Test func whatWasBeforeIsKnown() throws {
    let first = try scratch.open()
    #expect(first.before == Ledger.Before())
    first.record(flip(.ramp, at: 1, from: .init(.live, percent: 25), to: .init(.live, percent: 50)))
    first.record(flip(.stage, at: 2, from: .init(.live, percent: 50), to: .init(.complete, percent: 50)))
    first.close(clean: true)
    let second = try scratch.open()
    #expect(second.before.hasRun && second.before.position == .init(.complete, percent: 50))
    #expect(second.before.mirrors == [.legacy])
    second.close(clean: true)
  }
}

private final class Told: @unchecked Sendable {
  private let lock = NSLock()
  private var all: [String] = []
  func add(_ sentence: String) { lock.withLock { all.append(sentence) } }
  var sentences: [String] { lock.withLock { all } }
}
