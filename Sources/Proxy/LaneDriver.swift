import NIOCore
import NIOPosix
import SluiceCore
import SluiceSockets
import SluiceTLS

#if canImport(Glibc)
  import Glibc
#endif

/// Drives one lane on an event loop: whoever brings the lane an event calls `carryOut` behind it, and what the lane wants done is done, in
/// its order.
///
/// Confined to its loop but for `execute`; that is the proof behind `@unchecked Sendable`.
final class LaneDriver: Loop, @unchecked Sendable {
  let eventLoop: EventLoop
  private var lane: Lane?
  private let report: @Sendable (ProxyEvent) -> Void
  private var turnEnd: @Sendable () -> Void = {}
  private var isCarryingOut = false
  /// What is carried out now; its storage and the lane's take turns.
  private var underWay: [Effect] = []
  /// What sockets are given, one behind the other: as soon as the kernel has taken it, its storage is free again.
  private var scratch = ByteBuffer()

  /// Clients that are in the hand-shake of TLS.
  fileprivate var greeted: [ObjectIdentifier: any Channel] = [:]

  init(_ eventLoop: EventLoop, report: @escaping @Sendable (ProxyEvent) -> Void) {
    self.eventLoop = eventLoop
    self.report = report
  }

  /// Once, before the loop is used.
  func drive(_ lane: Lane) {
    self.lane = lane
    turnEnd = { [unowned self] in
      self.lane?.endTurn()
      carryOut()
    }
  }

  // MARK: What a lane asks of its loop

  var now: UInt64 { eventLoop.now.uptimeNanoseconds }
  var isCurrent: Bool { eventLoop.inEventLoop }

  func execute(_ work: @escaping @Sendable () -> Void) {
    eventLoop.execute {
      work()
      self.carryOut()
    }
  }

  /// Runs something on the loop and returns what comes of it; nil if the loop has ended.
  func ask<Answer: Sendable>(_ work: @escaping @Sendable () -> Answer) async -> Answer? {
    try? await eventLoop.submit {
      defer { self.carryOut() }
      return work()
    }.get()
  }

  // MARK: What a lane wants done

  /// Does what the lane wants done. What happens to it by that is only noted meanwhile, and done behind it.
  func carryOut() {
    guard !isCarryingOut, let lane, !lane.effects.isEmpty else { return }
    isCarryingOut = true
    while !lane.effects.isEmpty {
      swap(&underWay, &lane.effects)
      for effect in underWay { perform(effect, lane) }
      underWay.removeAll(keepingCapacity: true)
    }
    isCarryingOut = false
  }

  private func perform(_ effect: Effect, _ lane: Lane) {
    switch effect {
    case .endTurn:
      // Tasks run when all sockets of this turn have been read.
      eventLoop.execute(turnEnd)
    case .write(let socket, let bytes):
      let channel = channel(socket)
      let taken = bytes.count >= LaneDriver.large ? channel.writeAtOnce(bytes.span) : 0
      if taken < bytes.count {
        scratch.clear()
        scratch.append(bytes.span.extracting(taken..<bytes.count))
        channel.write(scratch)
      }
      lane.giveBack(bytes)
    case .whenTaken(let socket, let work):
      channel(socket).whenTaken {
        work()
        self.carryOut()
      }
    case .read(let socket, let isOn): channel(socket).setAutoRead(isOn)
    case .close(let socket, let ending): channel(socket).close(ending)
    case .connect(let endpoint, let end): connect(endpoint, end)
    case .arm(let delay, let work):
      eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(delay)) {
        work()
        self.carryOut()
      }
    case .post(let other, let work): other.loop.execute(work)
    case .report(let event): report(event)
    case .yield: sched_yield()
    }
  }

  /// From so many bytes on a copy costs more than to ask whether something waits.
  private static let large = 1 << 14

  private func channel(_ socket: any Socket) -> ChannelSocket {
    unsafeDowncast(socket, to: ChannelSocket.self)
  }

  private func connect(_ endpoint: StackEndpoint, _ end: any LinkEnd) {
    endpoint.withPassword(on: eventLoop) { endpoint in
      let handler = LinkHandler(end, endpoint, self)
      endpoint.connect(on: self.eventLoop, handler).assumeIsolated().whenFailure { error in
        handler.isOver = true
        end.closed(endpoint.reason(of: error))
        self.carryOut()
      }
    }
  }
}

/// Clients in the hand-shake of TLS, whom the lane has not met.
extension LaneDriver {
  func greets(_ channel: any Channel) { greeted[ObjectIdentifier(channel)] = channel }
  func greeted(_ channel: any Channel) { greeted[ObjectIdentifier(channel)] = nil }
  func cutGreeted() { for channel in greeted.values { channel.cut() } }
}

extension ByteBuffer {
  /// Appends bytes; the same as `writeBytes` of a span, in a third of the instructions. By way of the readable bytes: those that are
  /// writable NIO finds by `dropFirst`, which costs more than the copy where the compiler leaves it a call.
  @inline(__always)
  mutating func append(_ bytes: Span<UInt8>) {
    guard bytes.count > 0 else { return }
    let start = readableBytes
    reserveCapacity(minimumWritableBytes: bytes.count)
    moveWriterIndex(forwardBy: bytes.count)
    withUnsafeMutableReadableBytes { target in
      bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: target[start...]).copyMemory(from: $0) }
    }
  }
}

extension StackEndpoint {
  /// Goes on with the endpoint as it is now: its password may be another one at each hand-shake.
  fileprivate func withPassword(on loop: EventLoop, _ next: @escaping (StackEndpoint) -> Void) {
    guard let passwords else { return next(self) }
    NIOThreadPool.singleton.runIfActive(eventLoop: loop) { passwords.read() }.assumeIsolated().whenComplete {
      var endpoint = self
      endpoint.password = ((try? $0.get()) ?? nil) ?? endpoint.password
      next(endpoint)
    }
  }
}
