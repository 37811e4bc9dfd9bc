import SluiceCore

/// Who is told what happens at a socket of the proxy.
protocol SocketUser: AnyObject {
  func opened(_ socket: SimSocket)
  func read(_ bytes: Span<UInt8>)
  func isWritable(_ isWritable: Bool)
  /// The other side has said all it will say.
  func ended()
  func closed(_ reason: String)
}

/// A socket of the proxy: the rules of an event loop's channel, with a pipe of the world in each direction.
final class SimSocket: Socket, PipeEnd {
  /// How the proxy's shell sets one up.
  struct Rules {
    /// Most bytes of one read.
    var read: Int
    /// It is writable up to `high` bytes that wait, and again below `low`.
    var low: Int
    var high: Int
    var allowsHalfClosure: Bool
  }

  let loop: SimLoop
  let number: Int
  private let inbound: Pipe
  private let outbound: Pipe
  private let rules: Rules
  /// Nil once it is closed.
  private var user: (any SocketUser)?
  private var waiting = Bytes()
  /// Bytes that were ever written, and that the kernel has taken.
  private var written = 0
  private var taken = 0
  /// Called when so many bytes were taken.
  private var awaited: [(mark: Int, work: () -> Void)] = []
  private var isRead = true
  private var hasSaidEnd = false
  private var isOutputClosed = false
  private var wantsToWrite = false
  var isQueued = false
  private var isClosed = false
  private var isWritable = true

  init(
    _ loop: SimLoop, number: Int, inbound: Pipe, outbound: Pipe, _ rules: Rules, for user: any SocketUser
  ) {
    self.loop = loop
    self.number = number
    self.inbound = inbound
    self.outbound = outbound
    self.rules = rules
    self.user = user
  }

  /// The connection stands.
  func open() {
    inbound.reader = self
    outbound.writer = self
    user?.opened(self)
    loop.carryOut()
    if !isClosed, !inbound.arrived.isEmpty || inbound.isOver { loop.enqueue(self) }
  }

  // MARK: What the machines may ask

  var unwritten: Int { waiting.count }
  var inKernel: Int { 0 }
  var unread: Int { 0 }

  // MARK: What the wire says

  func pipeHasNews(_ pipe: Pipe) { if !isClosed { loop.enqueue(self) } }

  func pipeHasRoom(_ pipe: Pipe) {
    wantsToWrite = true
    if !isClosed { loop.enqueue(self) }
  }

  /// The loop has come to this socket.
  func turn() {
    guard !isClosed else { return }
    if wantsToWrite {
      wantsToWrite = false
      push()
      loop.carryOut()
      guard !isClosed else { return }
    }
    guard isRead else { return }
    if let bytes = inbound.read(atMost: loop.world.readSize(rules.read)) {
      user?.read(bytes.span)
      loop.carryOut()
      guard !isClosed else { return }
    }
    if !inbound.arrived.isEmpty { return loop.enqueue(self) }
    if inbound.isReset { return isOver("lost the connection: it was reset") }
    guard inbound.hasEnded, !hasSaidEnd else { return }
    hasSaidEnd = true
    if rules.allowsHalfClosure { user?.ended() } else { isOver("closed the connection") }
    loop.carryOut()
  }

  private func isOver(_ reason: String) {
    let user = user
    close(withReset: false)
    user?.closed(reason)
    loop.carryOut()
  }

  // MARK: Effects

  func write(_ bytes: Span<UInt8>) {
    guard !isClosed, !isOutputClosed else { return }
    waiting.append(bytes)
    written += bytes.count
    push()
    if isWritable, waiting.count > rules.high { change(isWritable: false) }
  }

  func whenTaken(_ work: @escaping () -> Void) {
    guard !isClosed, !waiting.isEmpty else { return loop.schedule(in: 0, work) }
    awaited.append((written, work))
  }

  func setRead(_ isOn: Bool) {
    isRead = isOn
    if isOn, !isClosed, !inbound.arrived.isEmpty || (inbound.isOver && !hasSaidEnd) { loop.enqueue(self) }
  }

  /// Hands to the kernel what it takes.
  private func push() {
    guard !waiting.isEmpty else { return }
    let count = outbound.write(waiting)
    waiting.drop(count)
    taken += count
    while let first = awaited.first, first.mark <= taken {
      awaited.removeFirst()
      first.work()
    }
    if !isClosed, !isWritable, waiting.count < rules.low { change(isWritable: true) }
  }

  private func change(isWritable: Bool) {
    self.isWritable = isWritable
    user?.isWritable(isWritable)
  }

  func close(_ ending: Effect.Ending) {
    guard !isClosed else { return }
    switch ending {
    case .half:
      isOutputClosed = true
      outbound.close()
    case .orderly, .now, .reset:
      let user = user
      close(withReset: ending == .reset)
      user?.closed("closed the connection")
    }
  }

  /// Unread bytes make a close a reset as well.
  private func close(withReset: Bool) {
    guard !isClosed else { return }
    isClosed = true
    user = nil
    waiting = Bytes()
    let works = awaited
    awaited = []
    if withReset || !inbound.arrived.isEmpty { outbound.reset() } else { outbound.close() }
    inbound.abandon()
    loop.world.isGone(self)
    for (_, work) in works { work() }
  }

  /// The process is gone; so is everything that refers to anything.
  func vanish() {
    awaited = []
    close(withReset: false)
  }
}

/// A client of the proxy, as its door knows it.
final class ClientUser: SocketUser {
  private let session: ClientSession
  private let left: () -> Void

  init(_ session: ClientSession, left: @escaping () -> Void) {
    self.session = session
    self.left = left
  }

  func opened(_ socket: SimSocket) { session.arrived(by: socket) }
  func read(_ bytes: Span<UInt8>) { session.read(bytes) }
  func isWritable(_ isWritable: Bool) { session.writability(isWritable) }
  func ended() { session.ended() }

  func closed(_ reason: String) {
    session.left()
    left()
  }
}

/// A link to a stack.
final class LinkUser: SocketUser {
  private let end: any LinkEnd
  private let endpoint: StackEndpoint

  init(_ end: any LinkEnd, _ endpoint: StackEndpoint) {
    self.end = end
    self.endpoint = endpoint
  }

  func opened(_ socket: SimSocket) { end.reached(socket, endpoint, isOpen: true) }
  func read(_ bytes: Span<UInt8>) { end.read(bytes) }
  func isWritable(_ isWritable: Bool) {}
  func ended() {}
  func closed(_ reason: String) { end.closed(reason) }
}
