import Foundation
import SluiceAdmin
import SluiceLedger
import SluiceRouting

/// Answers what comes to the door. It decides nothing by itself: orders go the way of the control port's, and what it shows is `STATUS`.
struct AdminDesk: Sendable {
  let desk: ControlDesk
  let frames: AdminFrames
  let pages: LedgerPages
  /// Nil asks nobody, which is for this machine alone.
  let tokens: TokenKeeper?
  /// Addresses of proxies that say who it is.
  let proxies: Set<String>
  /// The proxies of the service; nil where nobody has named the others.
  var fleet: FleetWatch?
  /// Whether every loop of the data plane answers.
  let isAlive: @Sendable () async -> Bool
  /// Where it listens, for the metrics and the page.
  let page = AdminPage()

  /// Who gives an order, and what they may do.
  struct Visitor: Sendable, Equatable {
    /// As it stands in every audit row.
    var name: String
    var role: AdminRole
  }

  func answer(_ request: AdminRequest) async -> AdminResponse {
    let route: AdminRoute
    do throws(AdminRoute.Refusal) {
      route = try AdminRoute(method: request.method, target: request.target)
    } catch {
      return Self.answer(to: error)
    }
    if case .live = route { return await live() }
    if let refusal = AdminPolicy.refusal(request, isOpen: tokens == nil) { return refusal }
    let visitor: Visitor?
    switch await self.visitor(of: request) {
    case .success(let found): visitor = found
    // Who has a wrong token is told so; who needs none need not bring one.
    case .failure(let refused):
      if route.role != nil { return refused.response }
      visitor = nil
    }
    if let role = route.role {
      guard let visitor else { return Self.asked }
      guard visitor.role >= role else {
        return .refusal(
          403,
          "\(visitor.name) may \(visitor.role.rawValue), and this takes \(role.rawValue); use a token of that role"
        )
      }
    }
    return await Self.inTime(route) { await answer(route, request, visitor) }
      ?? .refusal(503, "there is no answer yet; a loop of the proxy may be busy, so try again")
  }

  private func answer(_ route: AdminRoute, _ request: AdminRequest, _ visitor: Visitor?) async
    -> AdminResponse
  {
    switch route {
    case .live: return await live()
    case .page:
      let rows = visitor == nil ? Self.stranger : await frames.frame().report.table
      var response = AdminResponse(200, type: "text/html; charset=utf-8", Array(page.html(rows).utf8))
      response.headers = [("content-security-policy", page.policy)]
      return response
    case .ready(let isVerbose):
      let readiness = Readiness(await frames.frame().report)
      return .text(
        readiness.isReady ? 200 : 503, readiness.text(isVerbose: isVerbose, withWords: visitor != nil))
    case .metrics(let byCommand):
      let frame = await frames.frame()
      let format = MetricsText.Format(accept: request.headers["accept"])
      let text = MetricsText.render(Metrics.families(frame, byCommand: byCommand), as: format)
      return AdminResponse(200, type: format.type, Array(text.utf8))
    case .status(let withWindows):
      let frame = await frames.frame()
      var report = frame.report
      if withWindows { report.windows = StatusReport.Windows(frame.evidence) }
      return .json(report.json)
    case .gates: return .json(await frames.frame().report.gatesJSON)
    case .plan: return .json(await frames.frame().report.planJSON)
    case .story(let since):
      let path = await frames.frame().report.ledger.path
      return .json(await pages.json([.story, .why], of: path, since: since.map(Self.text)))
    case .divergences:
      let path = await frames.frame().report.ledger.path
      return .json(await pages.json([.keys, .latest, .closed], of: path))
    case .fleet:
      guard let fleet else {
        return .refusal(404, "nobody has named the other proxies; admin.fleet takes a file of them")
      }
      return .json(await fleet.report().json)
    case .events:
      var response = AdminResponse(200, type: "text/event-stream; charset=utf-8", await greeting(visitor))
      response.isStream = true
      return response
    case .order(let order):
      guard let visitor else { return Self.asked }
      return await carryOut(order, request.body, who: visitor.name)
    }
  }

  private func live() async -> AdminResponse {
    let isAlive = isAlive
    let answer = await Deadline.within(.seconds(1)) { await isAlive() }
    return answer == true ? .text(200, "ok") : .text(503, "a loop of the data plane does not answer")
  }

  // MARK: Orders

  /// The very way of the control port: the same words, the same desk, the same answer.
  private func carryOut(_ order: AdminOrder, _ body: [UInt8], who: String) async -> AdminResponse {
    let command: ControlCommand
    do {
      command = try ControlCommand(try order.words(body).map { Array($0.utf8) })
    } catch let problem as AdminProblem {
      return .refusal(400, problem.reason)
    } catch let invalid as ControlCommand.Invalid {
      return .refusal(400, String(invalid.message.drop { $0 != " " }.dropFirst()))
    } catch {
      return .refusal(400, "\(error)")
    }
    let answer = await desk.carryOut(command, who: who)
    await frames.changed()
    switch answer {
    case .success(let text): return .json("{\"answer\":\(JSONText.quoted(text))}\n")
    case .failure(let refused):
      let word = String(refused.message.prefix { $0 != " " })
      let words = String(refused.message.dropFirst(word.count).drop { $0 == " " })
      return .json(409, "{\"error\":\(JSONText.quoted(words)),\"word\":\(JSONText.quoted(word))}\n")
    }
  }

  // MARK: Who it is

  private struct Refused: Error {
    var response: AdminResponse
  }

  private static var asked: AdminResponse {
    var response = AdminResponse.refusal(
      401, "say who you are: Authorization: Bearer and a token of this door")
    response.headers = [("www-authenticate", "Bearer realm=\"sluice\"")]
    return response
  }

  private func visitor(of request: AdminRequest) async -> Result<Visitor?, Refused> {
    let peer = request.peer
    // Only whom we were told to believe may speak for others.
    let forwarded =
      peer.address.map { proxies.contains($0) } ?? false
      ? AdminPolicy.forwardedUser(request.headers["x-forwarded-user"]) : nil
    guard let tokens else {
      let place = peer.address.map { "admin \($0):\(peer.port ?? 0)" }
      return .success(Visitor(name: forwarded ?? peer.user ?? place ?? "admin", role: .operate))
    }
    guard let given = request.bearer else { return .success(nil) }
    switch await tokens.holder(of: given, from: peer.address ?? "a socket") {
    case .holder(let name, let role): return .success(Visitor(name: forwarded ?? name, role: role))
    case .unknown: return .failure(Refused(response: Self.wrong))
    case .turnedAway:
      var response = AdminResponse.refusal(
        429, "too many wrong tokens came from your address; wait some seconds and try again")
      response.headers = [("retry-after", "5")]
      return .failure(Refused(response: response))
    }
  }

  private static var wrong: AdminResponse {
    var response = AdminResponse.refusal(401, "this is no token of this door")
    response.headers = [("www-authenticate", "Bearer realm=\"sluice\", error=\"invalid_token\"")]
    return response
  }

  // MARK: Words

  private static func answer(to refusal: AdminRoute.Refusal) -> AdminResponse {
    switch refusal {
    case .unknownPath:
      return .refusal(404, "there is nothing here; docs/admin.md lists what there is, / is the page")
    case .wrongMethod(let allowed):
      var response = AdminResponse.refusal(405, "that is asked by \(allowed)")
      response.headers = [("allow", allowed)]
      return response
    case .badQuery(let reason): return .refusal(400, reason)
    }
  }

  /// What the page says to who has no token and no JavaScript.
  private static let stranger: [(name: String, value: String)] = [
    (
      "status",
      "This door asks for a token. Without JavaScript: curl -H 'Authorization: Bearer TOKEN' and this address."
    )
  ]

  private static func text(_ since: AdminRoute.Since) -> String {
    switch since {
    case .at(let text): return text
    case .ago(let seconds):
      // The ledger writes UTC, to the millisecond.
      let iso = Date(timeIntervalSinceNow: -Double(seconds)).formatted(.iso8601)
      return iso.replacing("T", with: " ").replacing("Z", with: "")
    }
  }

  /// Nil if it takes too long. An order takes the time that it takes.
  private static func inTime(
    _ route: AdminRoute, _ work: @escaping @Sendable () async -> AdminResponse
  ) async -> AdminResponse? {
    if case .order = route { return await work() }
    return await Deadline.within(.seconds(5), work)
  }
}
