import Foundation
import SluiceLoadGenerator
import SluiceTestSupport
import Testing

extension Acceptance {
  /// The latch on disk: there when the order is acknowledged, and no secret when it cannot be.
  @Suite struct LatchFileTests {
    @Test("a proxy that is killed as soon as it has acknowledged a rollback starts rolled back")
    func killedAtOnce() throws {
      let stacks = try TwoStacks(stage: "live", percent: 100)
      let sluice = stacks.sluice
      for round in 0..<10 {
        try sluice.control("ROLLBACK", "round \(round)")
        sluice.child.kill()
        try sluice.restart()
        #expect(try sluice.status().flag("rolled_back") == true, "round \(round)")
        try sluice.control("REARM")
      }
      let folder = URL(fileURLWithPath: sluice.flagsPath).deletingLastPathComponent().path
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder) == ["sluice.flagd.json"],
        "nothing is left of the rollbacks")
    }

    @Test("a latch that could not be written is written as soon as it can be")
    func placeComesBack() throws {
      let stacks = try TwoStacks(stage: "live", percent: 100)
      let sluice = stacks.sluice
      let folder = URL(fileURLWithPath: sluice.flagsPath).deletingLastPathComponent()
      let aside = folder.appendingPathExtension("aside")
      try FileManager.default.moveItem(at: folder, to: aside)
      try sluice.control("ROLLBACK", "the disk is gone")
      try eventually("status says that the latch is not on disk") {
        try sluice.status().text("latch_error") != nil
      }
      try FileManager.default.moveItem(at: aside, to: folder)
      try eventually("the latch is on disk") { try sluice.status().text("latch_error") == nil }
      sluice.child.kill()
      try sluice.restart()
      #expect(try sluice.status().flag("rolled_back") == true)
      let note = try String(contentsOf: folder.appendingPathComponent("ROLLBACK"), encoding: .utf8)
      #expect(note.contains("the disk is gone"), "\(note)")
    }

    @Test("where the latch cannot be written status says so, and a re-arm needs no file")
    func noPlaceForTheLatch() throws {
      let stacks = try TwoStacks(stage: "live", percent: 100)
      let sluice = stacks.sluice
      let folder = URL(fileURLWithPath: sluice.flagsPath).deletingLastPathComponent().path
      try FileManager.default.removeItem(atPath: folder)
      try sluice.control("ROLLBACK", "no folder")
      try eventually("status says that the latch is not on disk") {
        try sluice.status().text("latch_error")?.contains("No such file") == true
      }
      let again = try sluice.control("ROLLBACK", "no folder").text ?? ""
      #expect(again.contains("its file is not there"), "\(again)")
      #expect(try sluice.run("status").output.contains("ITS FILE IS NOT THERE"))
      try sluice.control("REARM", "RESUME", "no file is there to say shadow")
      #expect(try sluice.status().flag("rolled_back") == false)
      #expect(try sluice.status().text("latch_error") == nil)
    }

    @Test("a re-arm does not warn of the latch file that it has removed itself")
    func noWarningOfOurOwnDoing() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      for round in 0..<20 {
        try stacks.sluice.control("ROLLBACK", "round \(round)")
        try stacks.sluice.control("REARM")
        // The watcher has looked, and what it told was heard.
        try stacks.sluice.control("RELOAD")
      }
      let log = stacks.sluice.child.errors
      #expect(!log.contains("the latch file is gone"), "\(log)")
    }
  }
}
