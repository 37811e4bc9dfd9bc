import SluiceConfiguration
import SluiceCopying
import SluiceRedisClient

/// Several connections to the control port, each with one order about keys under way: while the lanes carry some out, the next ones
/// are found.
final class LaneLinks {
  /// `FILL` or `FILLSMALL`, and the keys.
  struct Order {
    let name: StaticString
    let keys: [[UInt8]]
    /// What they hold, behind `FILLSMALL`.
    var kind: ValueKind?
  }

  typealias Answered = (order: Order, reply: Reply)

  private let client: ControlClient
  private var links: [(connection: RedisClient, order: Order?)] = []
  private var turn = 0
  private var frames = FramedCommands()

  static let count = 3

  init(_ client: ControlClient) { self.client = client }

  /// Sends an order; what its connection had under way has been answered by then, and is returned.
  func send(_ order: Order) throws(Failure) -> Answered? {
    if links.count < LaneLinks.count {
      links.append((try client.connect(), nil))
      turn = links.count - 1
    } else {
      turn = (turn + 1) % links.count
    }
    let answered = try collect(turn)
    frames.removeAll()
    frames.begin(words: order.keys.count + (order.kind == nil ? 1 : 2))
    frames.word(order.name)
    if let kind = order.kind { frames.word(kind.name) }
    for key in order.keys { frames.word(key) }
    do {
      try links[turn].connection.append(frames)
      try links[turn].connection.send()
    } catch {
      throw client.trouble(error)
    }
    links[turn].order = order
    return answered
  }

  /// Whether an order is under way.
  var areBusy: Bool { links.contains { $0.order != nil } }

  /// Waits for the oldest order; nil if none is under way.
  func collect() throws(Failure) -> Answered? {
    for step in 1...LaneLinks.count where !links.isEmpty {
      if let answered = try collect((turn + step) % links.count) { return answered }
    }
    return nil
  }

  private func collect(_ number: Int) throws(Failure) -> Answered? {
    guard let order = links[number].order else { return nil }
    links[number].order = nil
    do { return (order, try links[number].connection.reply()) } catch { throw client.trouble(error) }
  }
}
