import Foundation
import Testing

@testable import SluiceCLI

/// What a small window shows.
@Suite struct WatchFrameTests {
  private func lines(_ frame: WatchFrame, _ columns: Int, _ limit: Int) -> [String] {
    frame.fitted(columns: columns, lines: limit).map(\.text)
  }

  @Test("What matters least goes first, and what must be seen stays")
  func ranks() {
    var frame = WatchFrame()
    frame.add("ROLLED BACK", .bad, rank: 0)
    for index in 0..<30 { frame.add("line \(index)", rank: 3) }
    frame.add("way back", rank: 0)
    #expect(lines(frame, 80, 4) == ["ROLLED BACK", "line 0", "line 1", "way back"])
    #expect(lines(frame, 80, 1) == ["ROLLED BACK"])
  }

  @Test("Long lines go on below their own words, three lines at most, and none is wider than the window")
  func wraps() {
    var frame = WatchFrame()
    frame.add(StatusScreen.row("plan", String(repeating: "word ", count: 60)))
    let shown = lines(frame, 40, 24)
    #expect(shown.count == 3 && shown.allSatisfy { $0.count <= 40 })
    #expect(shown[1].hasPrefix("             word") && shown[2].hasSuffix("…"))
    frame = WatchFrame()
    frame.add(String(repeating: "x", count: 500))
    #expect(lines(frame, 40, 24).allSatisfy { $0.count <= 40 })
  }

  @Test("Nothing that a stranger wrote reaches the terminal as a command")
  func escaped() {
    var frame = WatchFrame()
    frame.add("why\u{1b}[2J", .bad)
    let text = WatchFrame.redraw(frame.fitted(columns: 80, lines: 24), colour: true)
    #expect(text == "\u{1b}[H\u{1b}[1;37;41mwhy\\x1b[2J\u{1b}[0m\u{1b}[K\u{1b}[J")
    #expect(
      WatchFrame.redraw(frame.fitted(columns: 80, lines: 24), colour: false)
        == "\u{1b}[Hwhy\\x1b[2J\u{1b}[K\u{1b}[J")
  }

  @Test("Whatever STATUS says or leaves out, there is a frame, and it fits")
  func frames() throws {
    for text in [
      "{}", #"{"rolled_back": true}"#, #"{"stage": "live", "percent": 25, "step": {"paused": "slow"}}"#,
      #"{"stage": "live", "percent": 25, "compare": {"verdict": "pass", "since_flip": {"matched": 5}}}"#,
    ] {
      let status = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
      let shown = lines(WatchScreen.frame(status), 80, 24)
      #expect((1...24).contains(shown.count) && shown.allSatisfy { $0.count <= 80 })
    }
    let status = try JSONDecoder().decode(
      JSONValue.self,
      from: Data(
        #"{"stage": "live", "percent": 25, "compare": {"verdict": "pass", "since_flip": {"matched": 5}}}"#
          .utf8))
    #expect(lines(WatchScreen.frame(status), 80, 24).first == "LIVE 25 %   PASS")
  }

  @Test("A table gives way in its words, not in its numbers")
  func tables() {
    var table = TextTable(columns: ["name", "count", "words"], numeric: ["count"])
    table.rows = [["a", "123456", String(repeating: "w", count: 100)]]
    let lines = table.text(width: 30).split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 30 } && lines[1].contains("123456") && lines[1].hasSuffix("…"))
    #expect(table.text(width: nil).split(separator: "\n")[1].count > 100)
  }

  @Test("A plan's place: up is an advance, down and a pause are not")
  func places() throws {
    func place(_ text: String) throws -> PlanPlace {
      PlanPlace(try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)))
    }
    let first = try place(#"{"stage": "live", "percent": 25, "plan": {"place": "25 %"}}"#)
    #expect(first.outcome(since: first) == .waiting)
    #expect(try place(#"{"stage": "live", "percent": 50}"#).outcome(since: first) == .advanced)
    #expect(try place(#"{"stage": "rampdown"}"#).outcome(since: first) == .advanced)
    #expect(
      try place(#"{"stage": "shadow", "plan": {"place": "shadow"}}"#).outcome(since: first)
        == .stopped("it went down, from 25 % to shadow"))
    #expect(
      try place(#"{"stage": "live", "percent": 50, "step": {"paused": "slow"}}"#).outcome(since: first)
        == .stopped("paused: slow"))
    #expect(WaitTime(argument: "2h") == WaitTime(seconds: 7200) && WaitTime(argument: "0s") == nil)
    #expect(WaitTime(argument: "99999999999999999d") == nil && WaitTime(argument: "h") == nil)
  }
}
