import Foundation
import NIOCore
import SluiceEvidence

/// What everybody at the door sees: put together once, however many ask, and at most five times a second.
actor AdminFrames {
  struct Frame: Sendable {
    var report: StatusReport
    var evidence: Evidence
    var tally: FlipTally
    /// When the account of the routing in force began, in seconds since 1970.
    var stepBegan: Double
    var at: NIODeadline
  }

  private let status: @Sendable () async -> StatusReport
  private let cutover: Cutover
  private var last: Frame?
  private var making: Task<Frame, Never>?
  /// Orders so far: a frame that was begun before one says nothing of it.
  private var orders = 0
  /// Of the routing that was in force when somebody asked last.
  private var lastVersion: UInt64 = 0

  init(_ cutover: Cutover, status: @escaping @Sendable () async -> StatusReport) {
    self.cutover = cutover
    self.status = status
  }

  /// A frame that is younger than 200 ms, than every flip, and than every order of the door that was answered.
  func frame() async -> Frame {
    // By whatever way a flip has come.
    let version = await cutover.inForce.snapshot.version
    if version != lastVersion {
      lastVersion = version
      changed()
    }
    if let last, NIODeadline.now() - last.at < .milliseconds(200) { return last }
    if let making { return await making.value }
    let seen = orders
    let (status, cutover) = (status, cutover)
    let task = Task {
      let at = NIODeadline.now()
      let report = await status()
      return Frame(
        report: report, evidence: await cutover.evidence, tally: await cutover.tally,
        stepBegan: await cutover.accountBegan.timeIntervalSince1970, at: at)
    }
    making = task
    let frame = await task.value
    if seen == orders {
      making = nil
      last = frame
    }
    return frame
  }

  private var lastRest: (at: NIODeadline, text: String)?
  private var makingRest: Task<String, Never>?

  /// What goes with a frame and costs more, as `make` puts it together: also once, however many come at one moment.
  func rest(
    youngerThan age: TimeAmount, _ make: @escaping @Sendable (Frame) async -> String
  ) async -> String {
    if let lastRest, NIODeadline.now() - lastRest.at < age { return lastRest.text }
    if let makingRest { return await makingRest.value }
    let task = Task { await make(await self.frame()) }
    makingRest = task
    let text = await task.value
    lastRest = (at: NIODeadline.now(), text: text)
    makingRest = nil
    return text
  }

  /// Something was ordered: what was seen before is old.
  func changed() {
    orders += 1
    (last, making) = (nil, nil)
  }
}
