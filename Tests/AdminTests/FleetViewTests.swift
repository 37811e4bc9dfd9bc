import Foundation
import SluiceAdmin
import Testing

/// Proxies beside each other: what is said of them, and who is not where the others are.
@Suite struct FleetViewTests {
  private func place(_ text: String) throws -> FleetPlace {
    try JSONDecoder().decode(FleetPlace.self, from: Data(text.utf8))
  }

  private func place(stage: String = "live", percent: String = "25", version: String = "aaaaaaaaaa") throws
    -> FleetPlace
  {
    try place(
      #"{"stage": "\#(stage)", "percent": \#(percent), "effective_stage": "\#(stage)", "flags": {"version": "\#(version)"}, "stacks": {"legacy": {"health": "up"}, "new": {"health": "down"}}}"#
    )
  }

  @Test("a place is read from STATUS, and nothing but the stage has to be there")
  func reading() throws {
    let full = try place()
    #expect(full.place == "live 25 %" && full[.flags] == "aaaaaaaa" && full.down == ["new"])
    #expect(full[.rolledBack] == "no" && full[.inForce] == "live")
    let least = try place(#"{"stage": "off", "percent": null}"#)
    #expect(least.place == "off" && least[.service] == "-" && least.down == ["legacy", "new"])
    for (percent, text) in [
      ("33.33", "live 33.33 %"), ("0.5", "live 0.5 %"), ("12.05", "live 12.05 %"), ("100", "live 100 %"),
      ("1e300", "live"), ("null", "live"),
    ] {
      #expect(try place(percent: percent).place == text)
    }
    for text in ["{}", "[]", "1", #"{"stage": 1}"#, #"{"stage": "off", "flags": 1}"#, ""] {
      #expect(throws: (any Error).self) { try place(text) }
    }
  }

  @Test("who is not where most are drifts; where there is no most, all do")
  func drift() throws {
    let (here, there) = (try place(), try place(percent: "50"))
    let one = FleetView([.init("a", here), .init("b", here)])
    #expect(one.isOne && one.members.allSatisfy { $0.drifts.isEmpty })
    let most = FleetView([.init("a", there), .init("b", here), .init("c", here)])
    #expect(most.notes == ["DRIFT of stage: live 25 % (b, c); live 50 % (a)"])
    #expect(most.members.map(\.drifts) == [[.stage], [], []])
    let even = FleetView([.init("a", there), .init("b", here)])
    #expect(even.members.map(\.drifts) == [[.stage], [.stage]])
  }

  @Test("who does not answer is no place, and keeps the others from being one")
  func silence() throws {
    let view = FleetView([.init("a", try place()), .init("b", failure: "cannot be reached")])
    #expect(!view.isOne && view.notes == ["b: cannot be reached"])
    #expect(view.members.allSatisfy { $0.drifts.isEmpty })
    let none = FleetView([])
    #expect(none.isOne && none.members.isEmpty)
  }
}
