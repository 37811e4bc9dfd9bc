import SluiceAdmin
import Testing

@Suite struct AdminOrderTests {
  @Test(
    "a body becomes the words that the control port takes",
    arguments: [
      (AdminOrder.rollback, #"{"reason": "errors on checkout"}"#, ["ROLLBACK", "errors on checkout"]),
      (.rollback, "", ["ROLLBACK"]), (.rollback, " {} ", ["ROLLBACK"]),
      (.rollback, #"{"reason": null}"#, ["ROLLBACK"]),
      (.stage, #"{"stage": "shadow"}"#, ["STAGE", "shadow"]),
      (.stage, #"{"stage": "live", "percent": 25}"#, ["STAGE", "live", "25"]),
      (
        .stage, #"{"stage": "live", "percent": "12.5", "force": "we know"}"#,
        ["STAGE", "live", "12.5", "FORCE", "we know"]
      ),
      (.ramp, #"{"percent": 0.5}"#, ["RAMP", "0.5"]), (.ramp, #"{"percent": 100.0}"#, ["RAMP", "100"]),
      (.rearm, "{}", ["REARM"]), (.approve, "", ["APPROVE"]),
      (.pause, #"{"reason": "it is Friday"}"#, ["PAUSE", "it is Friday"]), (.resume, "{}", ["RESUME"]),
      (.rearm, #"{"fleet": true, "resume": "mended"}"#, ["REARM", "FLEET", "RESUME", "mended"]),
      (
        .close, #"{"reason": "meant", "kind": "ttl", "keys": "price:*"}"#,
        ["CLOSE", "KIND=ttl", "KEYS=price:*", "meant"]
      ),
      (.reopen, #"{"reason": "again"}"#, ["REOPEN", "again"]),
      (.reload, #"{"reshuffle": true}"#, ["RELOAD", "RESHUFFLE"]),
      (.reload, #"{"reshuffle": false}"#, ["RELOAD"]),
    ])
  func words(_ order: AdminOrder, _ body: String, _ words: [String]) throws {
    #expect(try order.words(Array(body.utf8)) == words)
  }

  @Test(
    "what cannot be meant is refused with what to write",
    arguments: [
      (AdminOrder.rollback, "why"), (.rollback, "[1]"), (.rollback, "\"why\""),
      (.rollback, #"{"reason": 5}"#),
      (.rollback, #"{"reson": "typo"}"#), (.stage, "{}"), (.stage, #"{"stage": 5}"#), (.ramp, "{}"),
      (.approve, #"{"step": 1}"#),

      (.ramp, #"{"percent": true}"#), (.ramp, #"{"percent": [50]}"#), (.rearm, #"{"fleet": "yes"}"#),
      (.rearm, #"{"fleet": 1}"#),
      (.reload, #"{"reshuffle": null, "x": 1}"#), (.rollback, #"{"reason": "a""#), (.rollback, "\u{fffd}"),
    ])
  func refused(_ order: AdminOrder, _ body: String) {
    #expect(throws: AdminProblem.self) { try order.words(Array(body.utf8)) }
  }

  @Test("no body, however mangled, is more than refused")
  func mangled() {
    let body = Array(#"{"stage": "live", "percent": 12.5, "force": "why \u00e9 \\ \""}"#.utf8)
    for end in body.indices { _ = try? AdminOrder.stage.words(Array(body[..<end])) }
    for place in body.indices {
      for byte in [0, 0x22, 0x5c, 0x7b, 0xff] as [UInt8] {
        var other = body
        other[place] = byte
        _ = try? AdminOrder.stage.words(other)
      }
    }
  }
}
