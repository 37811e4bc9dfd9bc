import Foundation
import SluiceTestSupport
import Testing

extension Acceptance {
  /// `sluice status --watch` on a terminal: one frame that fits it, drawn over the one before.
  @Suite struct WatchTests {
    @Test("A frame fits 80 × 24, has the big line first, and colour unless NO_COLOR", arguments: ["", "1"])
    func frame(noColour: String) throws {
      let stacks = try TwoStacks(stage: "live", percent: 25)
      let process = stacks.sluice
      let client = try process.client()
      for index in 0..<200 { _ = try client.command("SET", "k\(index)", "v") }
      for index in 0..<200 { _ = try client.command("GET", "k\(index)") }
      try process.control("ROLLBACK", "errors", "since", "14:05")
      let ran = try Terminal().run(
        "/usr/bin/timeout", ["3", try SluiceProcess.executable(), "status", "--watch"],
        environment: [
          "SLUICE_CONTROL": "127.0.0.1:\(process.controlPort)", "NO_COLOR": noColour, "TERM": "xterm",
        ], typing: nil)
      #expect(ran.exit == .code(124))
      let frames = ran.screen.components(separatedBy: "\u{1b}[H").filter { $0.contains("ROLLED BACK") }
      #expect(frames.count >= 2, "\(ran.screen)")
      for frame in frames {
        #expect(frame.contains("\u{1b}[1;37;41m") == noColour.isEmpty)
        // "\r\n" is one character.
        let plain = String(String.UnicodeScalarView(frame.unicodeScalars.filter { $0 != "\r" }))
        let lines = plain.replacing(/\u{1b}\[[0-9;]*[a-zA-Z]/, with: "").split(
          separator: "\n", omittingEmptySubsequences: false
        )
        #expect(lines.count <= 24 && lines.allSatisfy { $0.count <= 80 }, "\(frame)")
        #expect(lines[0].hasPrefix("ROLLED BACK: errors since 14:05, by control"), "\(lines[0])")
        #expect(lines.contains { $0.contains("sluice rearm") })
      }
    }

    @Test("It ends when nobody reads it any more")
    func unread() throws {
      let process = try SluiceProcess(legacy: "memory:", new: "memory:", .init(stage: "off"))
      let ran = try Child.run(
        "/usr/bin/env",
        [
          "bash", "-c",
          "timeout 10 '\(try SluiceProcess.executable())' status --watch | head -1; echo ended ${PIPESTATUS[0]}",
        ], environment: ["SLUICE_CONTROL": "127.0.0.1:\(process.controlPort)"])
      #expect(ran.output.hasSuffix("ended 0\n"), "\(ran)")
    }
  }
}
