import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Several proxies share a folder of flags: a rollback is for all of them, a re-arm for one.
  @Suite struct SharedLatchTests {
    /// A proxy on a flag file that is not its own.
    private final class Member {
      private let folder: ScratchFolder
      private let name: String
      private let arguments: [String]
      private var child: Child
      private var port: UInt16 = 0
      private var starts = 0

      init(_ name: String, flags: String, ledger: Bool = true) throws {
        self.name = name
        folder = try ScratchFolder()
        arguments =
          [
            "serve", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--legacy", "memory:", "--new",
            "memory:",
          ]
          + ["--flags", flags] + (ledger ? ["--ledger", "\(folder.path)/sluice.db"] : [])
        child = try Child(SluiceProcess.executable(), arguments, in: folder, name: name)
        try listens()
      }

      private func listens() throws {
        try eventually("\(name) listens: \(child.lastWords)") {
          let line = child.output.split(separator: "\n").first { $0.hasPrefix("  control ") }
          port = line?.split(separator: ":").last.flatMap { UInt16($0.prefix { $0.isNumber }) } ?? 0
          return port > 0 && child.output.contains("  ledger ")
        }
      }

      func restart(_ signal: Int32) throws {
        child.send(signal)
        _ = try child.wait(within: .seconds(20))
        starts += 1
        child = try Child(SluiceProcess.executable(), arguments, in: folder, name: "\(name)-\(starts)")
        try listens()
      }

      @discardableResult func order(_ words: String...) throws -> String {
        let client = try RedisClient(RedisEndpoint(.tcp(host: "127.0.0.1", port: port)))
        return try client.command(words.map { Array($0.utf8) }).text ?? ""
      }

      var isRolledBack: Bool {
        get throws { try order("STATUS").contains(#""rolled_back" : true"#) }
      }
    }

    private let folder: ScratchFolder
    private var flags: String { "\(folder.path)/sluice.flagd.json" }
    private var latch: String { "\(folder.path)/ROLLBACK" }
    private var isThere: Bool { FileManager.default.fileExists(atPath: latch) }

    init() throws {
      folder = try ScratchFolder()
      _ = try folder.write("sluice.flagd.json", FlagText.make(stage: "live", percent: 50))
    }

    @Test("a restart changes nobody's side: who was not re-armed comes up rolled back, who was does not")
    func rollingRestart() throws {
      let fleet = try ["one", "two", "three"].map { try Member($0, flags: flags) }
      try fleet[2].order("ROLLBACK", "drill")
      try eventually("it reaches all") { try fleet.allSatisfy { try $0.isRolledBack } }
      let said = try fleet[0].order("REARM")
      #expect(said.contains("stays, for others look at that folder"), "\(said)")
      #expect(isThere)
      #expect(try fleet.map { try $0.isRolledBack } == [false, true, true])
      for (member, signal) in zip(fleet, [SIGKILL, SIGTERM, SIGKILL]) { try member.restart(signal) }
      #expect(try fleet.map { try $0.isRolledBack } == [false, true, true])
      #expect(try fleet[0].order("STATUS").contains("latch_left"))
      // A new order reaches the one that was re-armed, too.
      try fleet[1].order("ROLLBACK", "once more")
      try eventually("it reaches the first") { try fleet[0].isRolledBack }
      try fleet[0].order("REARM")
      try fleet[1].order("REARM")
      #expect(try fleet[2].order("REARM", "FLEET").hasPrefix("OK re-armed"))
      #expect(!isThere)
      #expect(try fleet.map { try $0.isRolledBack } == [false, false, false])
      for member in fleet { try member.restart(SIGTERM) }
      #expect(try fleet.map { try $0.isRolledBack } == [false, false, false])
    }

    @Test("the file removed for all lifts nothing where nobody was told, not over a restart either")
    func fleetWordAtOne() throws {
      let fleet = try ["one", "two"].map { try Member($0, flags: flags) }
      try fleet[0].order("ROLLBACK", "drill")
      try eventually("it reaches both") { try fleet.allSatisfy { try $0.isRolledBack } }
      try fleet[0].order("REARM", "FLEET")
      #expect(!isThere)
      try fleet[1].restart(SIGKILL)
      #expect(try fleet.map { try $0.isRolledBack } == [false, true])
      #expect(try fleet[1].order("STATUS").contains("somebody has removed it"))
      try fleet[1].order("ROLLBACK")
      try eventually("an order writes the file again") { isThere }
      try eventually("and reaches the other") { try fleet[0].isRolledBack }
    }

    @Test("one that keeps no memory has the file alone, and keeps it while it runs")
    func withoutMemory() throws {
      let (one, two) = (try Member("one", flags: flags), try Member("two", flags: flags, ledger: false))
      try one.order("ROLLBACK", "drill")
      try eventually("it reaches both") { try one.isRolledBack && two.isRolledBack }
      try one.order("REARM")
      try two.restart(SIGTERM)
      #expect(try two.isRolledBack)
      #expect(try !one.isRolledBack)
    }

    @Test("who is alone removes the file; touched again it is another order")
    func alone() throws {
      let one = try Member("one", flags: flags)
      try one.order("ROLLBACK", "drill")
      try one.order("REARM")
      #expect(!isThere)
      #expect(FileManager.default.createFile(atPath: latch, contents: nil))
      try eventually("it rolls back") { try one.isRolledBack }
    }

    @Test("a flag file that became a folder keeps its latch beside it, over a restart too")
    func aFolderInItsPlace() throws {
      let one = try Member("one", flags: flags, ledger: false)
      try FileManager.default.removeItem(atPath: flags)
      try FileManager.default.createDirectory(atPath: flags, withIntermediateDirectories: false)
      try one.order("ROLLBACK", "drill")
      try eventually("the file is there") { isThere }
      try one.restart(SIGTERM)
      #expect(try one.isRolledBack)
    }
  }
}
