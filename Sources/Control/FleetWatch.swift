import Foundation
import NIOCore
import SluiceAdmin
import SluiceConfiguration
import SluiceHTTPCaller

/// Looks at all proxies of the service, for the page: each is asked at its own admin door what it says of itself, all at once, and only
/// while somebody wants to know. Nobody waits for it but who has asked.
actor FleetWatch {
  private let path: String
  private var members: [Fleet.Member]
  private let caller = HTTPCaller()
  private var looking: Task<FleetReport, Never>?
  /// What was seen last.
  private(set) var last: (at: NIODeadline, report: FleetReport)?

  init(path: String, _ fleet: Fleet) { (self.path, members) = (path, fleet.members) }

  /// From one look to the next: the more there are, the less often.
  var pause: Duration { .milliseconds(max(2000, 100 * members.count)) }

  /// Reads the file again. One that cannot be used leaves the last good one in use.
  ///
  /// - Returns: what is wrong with it.
  func readAgain() -> String? {
    do throws(ConfigurationError) {
      members = try Fleet.load(file: path, by: .admin).members
      last = nil
      return nil
    } catch {
      let words = error.problems.first.map { "\($0)" } ?? "it cannot be read"
      return "the fleet in use stays as it was, for its file \(path) cannot be used: \(words)"
    }
  }

  /// Where they are, as of this second; asked for once, however many want to know at one moment.
  func report() async -> FleetReport {
    if let last, NIODeadline.now() - last.at < .seconds(1) { return last.report }
    if let looking { return await looking.value }
    let (members, caller) = (members, caller)
    let task = Task { await Self.look(at: members, caller) }
    looking = task
    let report = await task.value
    (looking, last) = (nil, (at: .now(), report: report))
    return report
  }

  func stop() async { await caller.stop() }

  private static func look(at members: [Fleet.Member], _ caller: HTTPCaller) async -> FleetReport {
    let places = await withTaskGroup(of: (Int, FleetView.Member).self) { group in
      for (index, member) in members.enumerated() {
        group.addTask { (index, await Self.ask(member, caller)) }
      }
      return await group.reduce(into: [Int: FleetView.Member]()) { $0[$1.0] = $1.1 }
    }
    return FleetReport(FleetView(members.indices.compactMap { places[$0] }))
  }

  private static func ask(_ member: Fleet.Member, _ caller: HTTPCaller) async -> FleetView.Member {
    guard let door = member.admin else { return .init(member.name, failure: "has no admin door") }
    let base = door.path.hasSuffix("/") ? String(door.path.dropLast()) : door.path
    var request = HTTPCaller.Request(door.with(path: base + "/api/status"))
    (request.tls, request.patience, request.answerBytes) = (member.tls, .seconds(2), 1 << 20)
    if let token = member.token { request.headers = [("Authorization", "Bearer \(token.revealed)")] }
    do throws(HTTPFault) {
      let answer = try await caller.call(request)
      switch answer.status {
      case 200:
        guard let place = try? JSONDecoder().decode(FleetPlace.self, from: Data(answer.body)) else {
          return .init(member.name, failure: "answers with something that is no status")
        }
        return .init(member.name, place)
      case 401: return .init(member.name, failure: "wants a token; name one of role view by token_file")
      case 403, 429: return .init(member.name, failure: "lets nobody look with this token, or not now")
      default: return .init(member.name, failure: "answers \(answer.status)")
      }
    } catch {
      return .init(member.name, failure: error.description)
    }
  }
}
