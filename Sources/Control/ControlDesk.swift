import Foundation
import SluiceFlags
import SluiceProxy
import SluiceRESP
import SluiceRouting

/// Answers the commands of the control port.
struct ControlDesk: Sendable {
  let cutover: Cutover
  let follower: FlagFollower?
  let status: @Sendable () async -> StatusReport
  let password: DoorPassword?
  /// Reads the files of passwords, certificates and users; returns what cannot be used, one sentence each.
  let readFiles: @Sendable () async -> [String]
  /// Passwords that were tried at the port.
  var guesses = PasswordGuesses()

  static let ok = Array("+OK\r\n".utf8)

  static func error(_ message: String) -> [UInt8] {
    var reply: [UInt8] = []
    reply.appendError(message)
    return reply
  }

  /// What an order by words for people comes to, for whoever does not speak RESP.
  func carryOut(_ command: ControlCommand, who: String) async -> Result<String, Cutover.Refused> {
    let reply = await answer(command, who: who)
    // An error, or one text: the orders of the door answer nothing else.
    let end = reply.firstIndex(of: UInt8(ascii: "\r")) ?? reply.endIndex
    switch reply.first {
    case UInt8(ascii: "-"):
      let words = String(decoding: reply[..<end].dropFirst(), as: UTF8.self)
      return .failure(Cutover.Refused(whole: words))
    case UInt8(ascii: "$"):
      return .success(String(decoding: reply[end...].dropFirst(2).dropLast(2), as: UTF8.self))
    default: return .success(String(decoding: reply[..<end].dropFirst(), as: UTF8.self))
    }
  }

  /// The whole reply, framed.
  func answer(_ command: ControlCommand, who: String) async -> [UInt8] {
    var reply: [UInt8] = []
    do throws(Cutover.Refused) {
      switch command {
      case .status(let withWindows):
        var report = await status()
        if withWindows { report.windows = StatusReport.Windows(await cutover.evidence) }
        reply.appendBulk(report.json)
      case .stage(let stage, let percentage, let force):
        reply.appendBulk(try await cutover.move(to: stage, percentage: percentage, who: who, force: force))
      case .ramp(let percentage, let force):
        reply.appendBulk(try await cutover.move(to: nil, percentage: percentage, who: who, force: force))
      case .rollback(let reason): reply.appendBulk(await cutover.rollBack(reason: reason, who: who))
      case .rearm(let isFleet, let resume):
        reply.appendBulk(try await cutover.rearm(isFleet: isFleet, resume: resume, who: who))
      case .close(let meant, let reason):
        reply.appendBulk(try await cutover.close(meant, reason: reason, who: who))
      case .reopen(let reason): reply.appendBulk(await cutover.reopen(reason: reason, who: who))
      case .approve: reply.appendBulk(try await cutover.approve(who: who))
      case .pause(let reason): reply.appendBulk(try await cutover.pause(reason: reason, who: who))
      case .resume(let reason): reply.appendBulk(try await cutover.resume(reason: reason, who: who))
      case .reload(let allowReshuffle):
        let problems = await readFiles()
        let answer = try await reload(allowReshuffle)
        reply.appendBulk(([answer] + problems).joined(separator: "; but "))
      case .which(let keys): append(await explained(keys), to: &reply)
      case .keys(let order, let keys):
        append(await cutover.proxy.carryOut(order, on: keys).map(\.text), to: &reply)
      case .fillSmall(let kind, let keys):
        reply.appendBulk(await cutover.proxy.fillSmall(kind, keys).span)
      case .walked(let walked, let losses):
        guard await cutover.walked(walked, since: losses) else {
          throw Cutover.Refused("a stack has lost everything since; walk again")
        }
        reply.appendBulk(
          "OK \(walked == .new ? "new is known to hold what legacy holds" : "both are known to be equal")")
      case .help: append(ControlCommand.helpLines, to: &reply)
      case .greeting: reply.appendArrayHeader(0)
      case .ping, .quit, .auth: reply = ControlDesk.ok
      }
    } catch {
      return ControlDesk.error(error.message)
    }
    return reply
  }

  private func append(_ lines: [String], to reply: inout [UInt8]) {
    reply.appendArrayHeader(lines.count)
    for line in lines { reply.appendBulk(line) }
  }

  private func reload(_ allowReshuffle: Bool) async throws(Cutover.Refused) -> String {
    guard let follower else { return "OK nothing to read: the flags are kept in memory" }
    return try await follower.reload(allowReshuffle: allowReshuffle)
  }

  private func explained(_ keys: [[UInt8]]) async -> [String] {
    let snapshot = await cutover.inForce.snapshot
    return keys.map { key in
      let why = snapshot.explain(key.span)
      let bucket = String(why.bucket, radix: 16)
      return
        "key=\(String(decoding: key, as: UTF8.self)) bucket=0x\(String(repeating: "0", count: 8 - bucket.count))\(bucket) "
        + "position=\(String(format: "%.3f", why.position))% variant=\(why.variant.name) primary=\(why.primary.name) "
        + "why=\(why.reason.text)"
    }
  }
}

extension Explanation.Reason {
  /// For people.
  fileprivate var text: String {
    switch self {
    case .rolledBack: "rolled back"
    case .fallenBack: "new cannot be reached"
    case .stage(let stage): "stage \(stage.name)"
    case .disabled: "cache-stack is DISABLED"
    case .emptyKey: "the key is empty"
    case .fractional: "fractional"
    case .rule: "rule"
    case .defaultVariant: "default variant"
    }
  }
}
