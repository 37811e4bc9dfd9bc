import SluiceAdmin
import Testing

@Suite struct AdminRouteTests {
  @Test(
    "every path of the door, and what it means",
    arguments: [
      ("GET", "/", AdminRoute.page), ("HEAD", "/", .page), ("GET", "/livez", .live),
      ("GET", "/readyz", .ready(isVerbose: false)), ("GET", "/readyz?verbose", .ready(isVerbose: true)),
      ("GET", "/readyz?verbose=0", .ready(isVerbose: false)), ("GET", "/metrics", .metrics(byCommand: false)),
      ("GET", "/metrics?commands=1", .metrics(byCommand: true)),
      ("GET", "/api/status", .status(withWindows: false)),
      ("GET", "/api/status?windows=1", .status(withWindows: true)),
      ("GET", "/api/gates", .gates), ("GET", "/api/plan", .plan), ("GET", "/api/divergences", .divergences),
      ("GET", "/api/story", .story(since: nil)), ("GET", "/api/story?since=15m", .story(since: .ago(900))),
      ("GET", "/api/story?since=2026-11-30T16:00:00Z", .story(since: .at("2026-11-30 16:00:00"))),
      ("GET", "/api/story?since=2026-11-30+16%3A00", .story(since: .at("2026-11-30 16:00"))),
      ("GET", "/events", .events), ("POST", "/api/rollback", .order(.rollback)),
      ("POST", "/api/stage", .order(.stage)),
      ("POST", "/api/ramp", .order(.ramp)), ("POST", "/api/rearm", .order(.rearm)),
      ("POST", "/api/close", .order(.close)),
      ("POST", "/api/reopen", .order(.reopen)), ("POST", "/api/reload", .order(.reload)),
    ])
  func paths(_ method: String, _ target: String, _ route: AdminRoute) throws {
    #expect(try AdminRoute(method: method, target: target) == route)
  }

  @Test("what is nothing is told apart from what is asked in another way")
  func refusals() {
    func refusal(_ method: String, _ target: String) -> AdminRoute.Refusal? {
      do throws(AdminRoute.Refusal) {
        _ = try AdminRoute(method: method, target: target)
        return nil
      } catch { return error }
    }
    for target in [
      "/nothing", "", "metrics", "//", "/api", "/api/", "/api/status/", "/../etc/passwd", "http://x/", "*",
    ] {
      #expect(refusal("GET", target) == .unknownPath, "\(target)")
    }
    #expect(refusal("GET", "/api/rollback") == .wrongMethod(allowed: "POST"))
    #expect(refusal("DELETE", "/api/stage") == .wrongMethod(allowed: "POST"))
    #expect(refusal("POST", "/metrics") == .wrongMethod(allowed: "GET, HEAD"))
    for since in [
      "yesterday", "-5m", "99999999999999999999d", "9223372036854775807d", "2026", "2026-1-30", "2026-11-30T",
      "%",
    ] {
      guard case .badQuery? = refusal("GET", "/api/story?since=\(since)") else {
        Issue.record("\(since)")
        continue
      }
    }
  }

  @Test("who may ask: health everybody, the way back the middle role, other orders the last one alone")
  func roles() throws {
    #expect(AdminRole.view < .rollBack && AdminRole.rollBack < .operate)
    for order in AdminOrder.allCases {
      #expect(AdminRoute.order(order).role == (order == .rollback ? .rollBack : .operate))
    }
    for route in [AdminRoute.page, .live, .ready(isVerbose: true)] { #expect(route.role == nil) }
    for route in [
      AdminRoute.metrics(byCommand: false), .status(withWindows: true), .gates, .plan, .story(since: nil),
      .divergences, .events,
    ] {
      #expect(route.role == .view)
    }
  }
}
