import Foundation
import SluiceAdmin
import SluiceAdminDoor
import SluiceLedger

/// What those who look are sent: `status` twice a second, and `rest` (what the ledger and the windows say) every five, and behind each order;
/// `fleet` every two where others are named.
/// Nothing is made while nobody looks.
extension AdminDesk {
  /// What a viewer gets first.
  func greeting(_ visitor: Visitor?) async -> [UInt8] {
    let frame = await frames.frame()
    let you =
      "{\"name\":\(JSONText.quoted(visitor?.name ?? "")),\"role\":\(JSONText.quoted(visitor?.role.rawValue ?? ""))}"
    let fleet = await fleet?.last?.report
    return Self.event("you", you) + Self.event("status", frame.report.compactJSON)
      + Self.event("rest", await frames.rest(youngerThan: .seconds(5)) { await rest($0) })
      + (fleet.map { Self.event("fleet", $0.json) } ?? [])
  }

  /// The proxies beside each other, for as long as somebody looks. Goes on until the task is cancelled.
  func publishFleet(to door: AdminDoor) async {
    guard let fleet else { return }
    while !Task.isCancelled {
      try? await ContinuousClock().sleep(for: .milliseconds(250))
      guard door.viewers > 0 else { continue }
      door.publish(Self.event("fleet", await fleet.report().json))
      try? await ContinuousClock().sleep(for: await fleet.pause)
    }
  }

  /// Goes on until the task is cancelled.
  func publish(to door: AdminDoor) async {
    var flips: Date?
    var next = ContinuousClock.now
    while !Task.isCancelled {
      try? await ContinuousClock().sleep(for: .milliseconds(500))
      guard door.viewers > 0 else { continue }
      let frame = await frames.frame()
      door.publish(Self.event("status", frame.report.compactJSON))
      let isNews = frame.tally.last?.at != flips
      guard isNews || .now >= next else { continue }
      // The row of a flip is in the ledger a moment later.
      if isNews { try? await ContinuousClock().sleep(for: .milliseconds(250)) }
      flips = frame.tally.last?.at
      let began = ContinuousClock.now
      door.publish(Self.event("rest", await frames.rest(youngerThan: .zero) { await rest($0) }))
      // A large ledger takes longer to ask, and is asked less often: never more than a fortieth of the time.
      next = .now + max(.seconds(5), (.now - began) * 40)
    }
  }

  private func rest(_ frame: AdminFrames.Frame) async -> String {
    let ledger = await pages.json(
      [.story, .why, .keys, .latest, .closed], of: frame.report.ledger.path, limit: 40)
    let windows = StatusReport.compact(StatusReport.Series(frame.evidence))
    return "{\"ledger\":\(ledger),\"windows\":\(windows)}"
  }

  private static func event(_ name: String, _ data: String) -> [UInt8] {
    // A line break would end the event; JSON without spaces has none.
    Array("event: \(name)\ndata: \(data)\n\n".utf8)
  }
}
