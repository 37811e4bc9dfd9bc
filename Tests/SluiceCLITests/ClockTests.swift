import Foundation
import SluiceTestSupport
import Testing

/// A stack whose clock is wrong makes keys expire at the wrong time there; whoever looks is told.
@Suite struct ClockTests {
  /// The answer of a clock that is this far ahead, to the microsecond.
  private static func time(ahead seconds: Double) -> String {
    let now = Date().timeIntervalSince1970 + seconds
    let whole = now.rounded(.down)
    return "*2\r\n\(bulk("\(Int(whole))"))\(bulk("\(Int((now - whole) * 1e6))"))"
  }

  /// A stack that answers the hand-shake and has a clock of its own.
  private func stack(ahead seconds: Double, run: String) throws -> FakeControl {
    try FakeControl { words in
      switch words.first {
      case "PING": "+PONG\r\n"
      case "TIME": Self.time(ahead: seconds)
      case "CLIENT": ":7\r\n"
      case "INFO": bulk("# Server\r\nrun_id:\(run)\r\n")
      case "DBSIZE": ":0\r\n"
      default: "+OK\r\n"
      }
    }
  }

  @Test("status, log and start screen name a clock that is 30 s ahead, and none that is right")
  func ahead() throws {
    let (legacy, new) = (try stack(ahead: 0, run: "a"), try stack(ahead: 30.5, run: "b"))
    defer {
      legacy.stop()
      new.stop()
    }
    let sluice = try SluiceProcess(
      legacy: "redis://127.0.0.1:\(legacy.port)", new: "redis://127.0.0.1:\(new.port)")
    // Half a second on either side is for a machine that is busy.
    let sentence = "the clock of new (redis://127.0.0.1:\(new.port)) is 30."
    #expect(sluice.child.output.contains("WARNING      \(sentence)"), "\(sluice.child.output)")
    try eventually("the log says so") { sluice.child.errors.contains(sentence) }
    let status = try sluice.status()
    #expect(abs((status.number("stacks.new.clock_offset_ms") ?? 0) - 30_000) <= 1000)
    #expect(abs(status.number("stacks.legacy.clock_offset_ms") ?? 5000) <= 1000)
    #expect(try sluice.control("STATUS").text?.contains(sentence) == true)
    #expect(!(sluice.child.output + sluice.child.errors).contains("the clock of legacy"))
    let screen = try Child.run(
      try SluiceProcess.executable(), ["status", "--control", "127.0.0.1:\(sluice.controlPort)"])
    #expect(screen.output.contains("CLOCKS       \(sentence)"), "\(screen.output)")
  }
}
