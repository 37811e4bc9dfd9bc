import DequeModule
import SluiceCommands
import SluiceRESP
import SluiceRouting

/// Runs commands that touch keys of several lanes and cannot be split, or all keys, one at a time: every lane is
/// emptied and held while one of them runs (law 1).
///
/// Confined to the loop of the first lane.
package final class ExclusiveCommands: @unchecked Sendable {
  private struct Job {
    let frame: [UInt8]
    let sink: ReplySink
    let slot: UInt32
    /// Since when its client waits.
    let since: UInt64
    /// How often the lanes were held for it before, and a key was doubtful all the same.
    var tries = 0
  }

  /// So often a command is tried before it is refused: a flip that comes between, or a doubt that another lane has brought, is over
  /// with the next hold. A stack that cannot delete will not be able to soon.
  private static let mostTries = 3

  private let lanes: [Lane]
  private var jobs = Deque<Job>()
  private var isRunning = false
  private var missingGrants = 0
  private var isDoubtful = false
  /// Of the lanes with suspects: by which routing they have looked for those that the command would meet.
  private var versions: Set<UInt64> = []

  init(lanes: [Lane]) { self.lanes = lanes }

  /// Takes a whole command from any lane; the reply goes to `sink`.
  func run(_ frame: [UInt8], from lane: Lane, sink: ReplySink, slot: UInt32) {
    lane.want(
      .post(lanes[0]) {
        self.lanes[0].turnBegan()
        self.jobs.append(Job(frame: frame, sink: sink, slot: slot, since: self.lanes[0].now))
        self.next()
      })
  }

  private func next() {
    guard !isRunning, let job = jobs.popFirst() else { return }
    isRunning = true
    missingGrants = lanes.count
    isDoubtful = false
    versions = []
    for lane in lanes {
      lanes[0].want(
        .post(lane) {
          lane.hold(deadline: lane.settings.fenceDeadline) {
            let hasSuspects = !lane.legacy.suspects.isEmpty || !lane.new.suspects.isEmpty
            lane.purgeBeforeExclusive(job.frame.span) {
              let isDoubtful = lane.hasSuspect(job.frame.span)
              let version = hasSuspects ? lane.routing.snapshot.version : nil
              lane.want(.post(self.lanes[0]) { self.granted(job, version, isDoubtful: isDoubtful) })
            }
          }
        })
    }
  }

  /// - Parameter version: nil if the lane has no suspects.
  private func granted(_ job: Job, _ version: UInt64?, isDoubtful: Bool) {
    missingGrants -= 1
    if let version {
      if lanes.count > 1 { lanes[0].exclusiveMeetsSuspects = true }
      versions.insert(version)
    }
    self.isDoubtful = self.isDoubtful || isDoubtful
    guard missingGrants == 0 else { return }
    lanes[0].turnBegan()
    // In the midst of a flip a lane may have looked at the other stack than the one that is asked.
    let hasFlipped = !versions.isSubset(of: [lanes[0].routing.snapshot.version])
    let isDoubtful = self.isDoubtful || hasFlipped
    if isDoubtful, job.tries + 1 < Self.mostTries {
      var again = job
      again.tries += 1
      jobs.prepend(again)
      return finished()
    }
    lanes[0].figures.holds.record(.fence, nanoseconds: lanes[0].now &- job.since)
    lanes[0].waitingSince = job.since
    lanes[0].runExclusive(job.frame.span, isDoubtful: isDoubtful, sink: job.sink, slot: job.slot) {
      self.finished()
    }
    lanes[0].waitingSince = 0
  }

  private func finished() {
    for lane in lanes { lanes[0].want(.post(lane) { lane.release() }) }
    isRunning = false
    next()
  }
}

extension Lane {
  /// Runs one command while all lanes are held; `done` when its reply has come and its mirrored effect is through.
  fileprivate func runExclusive(
    _ frame: Span<UInt8>, isDoubtful: Bool, sink: ReplySink, slot: UInt32, done: @escaping () -> Void
  ) {
    exclusiveDone = done
    let sink = ExclusiveSink(on: self, for: sink, slot: slot)
    var framer = RequestFramer(limits: settings.limits)
    _ = framer.next(frame)
    let arguments = framer.arguments.span
    let spec = table.specs[table.resolve(in: frame, arguments: arguments)]
    var keys: [Int] = []
    _ = spec.keyIndices(in: frame, arguments: arguments, into: &keys)
    guard !isDoubtful else {
      refuse(Lane.doubtfulKey(spec.name), sink: sink, slot: 0)
      return progressed()
    }
    guard !refusesWrite(frame, arguments, spec, keys) else {
      refuseToWrite(spec, sink: sink, slot: 0)
      return progressed()
    }
    let primaries = Set(keys.map { routing.primary(of: frame.extracting(arguments[$0].range)) })
    if primaries.count > 1 {
      split(frame, arguments, spec, keys: keys, sink: sink, slot: 0)
    } else {
      forward(frame, spec, key: Span(), to: primaries.first ?? keyspacePrimary, sink: sink, slot: 0)
    }
    progressed()
  }
}

extension Lane {
  fileprivate static func doubtfulKey(_ name: String) -> String {
    "STACKDOWN sluice: a stack may hold an old value of a key of \(name), and cannot delete it just now; try again"
  }
}

/// Stands between an exclusive command and its client, to know when it is answered.
private final class ExclusiveSink: ReplySink, @unchecked Sendable {
  private unowned let lane: Lane
  private let sink: ReplySink
  private let slot: UInt32

  init(on lane: Lane, for sink: ReplySink, slot: UInt32) {
    self.lane = lane
    self.sink = sink
    self.slot = slot
    super.init(home: lane.index, tail: sink.tail)
  }

  override var client: ClientSession? { sink.client }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    lane.isExclusiveAnswered = true
    lane.deliver(reply, to: sink, slot: self.slot)
  }
}
