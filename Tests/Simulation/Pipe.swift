import DequeModule
import SluiceCore

/// Whoever stands at an end of a pipe.
protocol PipeEnd: AnyObject {
  /// Bytes, the end of the stream or a reset have come.
  func pipeHasNews(_ pipe: Pipe)
  /// There is room again for what would not fit.
  func pipeHasRoom(_ pipe: Pipe)
}

/// One direction of a connection: the kernels on both sides and the wire between them. Bytes come in their order, in pieces and at
/// moments that the seed decides.
final class Pipe: Actor {
  private unowned(unsafe) let world: SimWorld
  private let capacity: Int
  private var wire = Deque<(at: UInt64, bytes: Bytes, isEnd: Bool)>()
  private var inTransit = 0
  /// What has come and was not read.
  private(set) var arrived = Bytes()
  /// The writer has closed its side, and everything before that has come.
  private(set) var hasEnded = false
  /// The connection was reset: what had come can still be read, and nothing else comes.
  private(set) var isReset = false
  private var isClosed = false
  private var wantsRoom = false
  /// Who stands there, until it leaves.
  var reader: (any PipeEnd)?
  var writer: (any PipeEnd)?

  init(_ world: SimWorld, capacity: Int) {
    self.world = world
    self.capacity = capacity
  }

  // MARK: The writer's side

  /// Takes as much as there is room for; the writer is told when there is room for the rest.
  ///
  /// - Returns: how many bytes were taken.
  func write(_ bytes: Bytes) -> Int {
    guard !isClosed, !isReset else { return bytes.count }
    let room = capacity - inTransit - arrived.count
    let length = min(room, bytes.count)
    wantsRoom = length < bytes.count
    guard length > 0 else { return 0 }
    // A copy of its own: whose bytes they are writes on.
    var taken = Bytes()
    taken.append(bytes.span.extracting(0..<length))
    inTransit += length
    while world.splits(taken.count) { send(taken.take(world.chance.between(1, taken.count - 1))) }
    send(taken)
    return length
  }

  private func send(_ bytes: Bytes, isEnd: Bool = false) {
    let at = max(wire.last?.at ?? 0, world.now + world.latency())
    wire.append((at, bytes, isEnd))
    world.agenda.add(self, at: at)
  }

  /// Nothing more is written.
  func close() {
    guard !isClosed, !isReset else { return }
    isClosed = true
    writer = nil
    send(Bytes(), isEnd: true)
  }

  /// What is on the wire is lost from some place on.
  func reset() {
    guard !isReset else { return }
    isReset = true
    writer = nil
    let survivors = world.chance.below(wire.count + 1)
    while wire.count > survivors { _ = wire.popLast() }
    for (_, bytes, _) in wire { arrive(bytes) }
    wire = []
    inTransit = 0
    reader?.pipeHasNews(self)
  }

  // MARK: The reader's side

  override func act() {
    guard !isReset else { return }
    var hasNews = false
    while let first = wire.first, first.at <= world.now {
      wire.removeFirst()
      inTransit -= first.bytes.count
      if first.isEnd { hasEnded = true } else { arrive(first.bytes) }
      hasNews = true
    }
    if hasNews { reader?.pipeHasNews(self) }
  }

  private func arrive(_ bytes: Bytes) {
    if arrived.count == 0 {
      arrived = bytes
    } else {
      arrived.append(bytes.span)
    }
  }

  func read(atMost most: Int) -> Bytes? {
    guard arrived.count > 0 else { return nil }
    let bytes = arrived.take(min(most, arrived.count))
    if wantsRoom, !isReset {
      wantsRoom = false
      writer?.pipeHasRoom(self)
    }
    return bytes
  }

  /// Nobody reads any more.
  func abandon() {
    arrived = Bytes()
    reader = nil
  }

  var isOver: Bool { (hasEnded || isReset) && arrived.count == 0 }
}
