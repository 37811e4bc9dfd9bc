import Commands
import Figures
import RESP
import Routing

/// Asks both stacks one read again whose answers differed, through the lane: the primary first, and the mirror at the
/// place in the log where the primary answered. What still differs then is a divergence (design, section 6).
final class Recheck: ReplySink, @unchecked Sendable {
  private unowned let lane: Lane
  private let spec: CommandSpec
  private let request: [UInt8]
  private let keys: [[UInt8]]
  private var primary = StackID.legacy
  private let routing: LaneRouting
  /// A key was a suspect at some moment since: that it differs is known, and it is being repaired.
  private var isDoubtful = false
  private var answers: [[UInt8]] = []

  init(_ request: Span<UInt8>, spec: CommandSpec, on lane: Lane) {
    self.lane = lane
    self.spec = spec
    routing = lane.routing
    let bytes = request.withUnsafeBufferPointer { Array($0) }
    self.request = bytes
    var framer = RequestFramer(limits: lane.settings.limits)
    _ = framer.next(request)
    var indices: [Int] = []
    _ = spec.keyIndices(in: request, arguments: framer.arguments.span, into: &indices)
    keys = indices.map { Array(bytes[framer.arguments[$0].range]) }
    super.init(home: lane.index)
  }

  func start() {
    let key = keys.first ?? []
    primary = lane.routing.primary(of: key.span)
    ask(primary)
  }

  private func noteDoubt() {
    for suspects in lane.stacks.map(\.suspects) where !suspects.isEmpty {
      if suspects.isEverything || keys.contains(where: suspects.contains) { isDoubtful = true }
    }
  }

  private func ask(_ stack: StackID) {
    noteDoubt()
    let connection = lane.connection(stack)
    guard connection.isUp, !connection.mirrorIsFull(adding: request.count) else { return failed() }
    let request = request
    connection.send(
      request.span,
      Pending(
        slot: 0, command: UInt16(truncatingIfNeeded: spec.id), role: .recheck, sequel: .none,
        sentAt: lane.now), sink: self)
  }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    answers.append(reply.withUnsafeBufferPointer { Array($0) })
    if answers.count == 1 { ask(primary.other) } else { judge() }
  }

  /// One of the stacks could not be asked: nothing is known, and nothing is claimed.
  override func replyFailed(slot: UInt32) { failed() }

  private func failed() {
    lane.figures.compare.dropped &+= 1
    finish()
  }

  private func judge() {
    // A flip in between has put the two questions on two sides of it.
    guard lane.routing === routing, !lane.isFenced else { return failed() }
    noteDoubt()
    guard !isDoubtful else { return failed() }
    let legacy = primary == .legacy ? answers[0] : answers[1]
    let new = primary == .legacy ? answers[1] : answers[0]
    switch ReplyComparison.verdict(
      spec.comparison, tolerance: spec.tolerance, legacy: legacy.span, new: new.span)
    {
    case .identical:
      lane.figures.compare.superseded &+= 1
    case .equivalent:
      lane.figures.compare.matched &+= 1
    case .different(let kind, let offset):
      let command = UInt16(truncatingIfNeeded: spec.id)
      lane.figures.recordDivergence(kind, command: command)
      lane.report(
        .divergence(
          Divergence(
            kind: kind, command: command, key: keys.first ?? [], legacy: legacy, new: new,
            firstDifference: offset)))
    }
    finish()
  }

  private func finish() { lane.rechecks -= 1 }
}

extension CommandSpec {
  /// How far two times may lie apart: a second, for rounding and the way between two questions, in the unit of the
  /// command (`PTTL` and `PEXPIRETIME` answer milliseconds).
  fileprivate var tolerance: Int { name.hasPrefix("P") ? 1000 : 1 }
}
