import DequeModule
import SluiceRedis

/// The calls of one link, in the order in which they came: which of them are out, which of them wait, and until when.
///
/// ```
///   add ──▶ waiting ── next ──▶ sent ── answered ──▶ finished
///              ▲                  │
///              └── lost (reads, once)                 expire: finished where it is; its reply is taken and dropped
/// ```
///
/// Pure: nanoseconds come in, calls to be answered come out.
struct LinkQueue {
  struct Entry {
    let call: LinkCall
    var isRepeated = false
    var sentAt: UInt64 = 0
    var replies: LinkReplies?
    /// Replies still to come.
    var left: Int
    var deadline: UInt64
  }

  /// The most calls that are out at once, and the most that wait.
  let window: Int
  let room: Int
  private(set) var waiting: Deque<Entry> = []
  private(set) var sent: Deque<Entry> = []
  private var deadlines: Deque<(call: LinkCall, at: UInt64)> = []
  /// When bytes came last.
  private(set) var heardAt: UInt64 = 0

  init(window: Int = 4096, room: Int = 65_536) {
    self.window = window
    self.room = room
  }

  var isEmpty: Bool { waiting.isEmpty && sent.isEmpty }

  /// Takes a call in. False if there is no room for it.
  mutating func add(_ call: LinkCall, deadline: UInt64) -> Bool {
    guard waiting.count < room else { return false }
    waiting.append(Entry(call: call, left: call.command.count, deadline: deadline))
    forgetDone()
    // Nearly always the last: only a call that also pays for a connection has more time than others.
    var place = deadlines.endIndex
    while place > deadlines.startIndex, deadlines[place - 1].at > deadline { place -= 1 }
    deadlines.insert((call, deadline), at: place)
    return true
  }

  /// The next call to be sent; nil if there is none, or none more may be out.
  mutating func next(at now: UInt64) -> LinkCall? {
    while sent.count < window, var entry = waiting.popFirst() {
      if entry.call.isOver { continue }
      entry.sentAt = now
      sent.append(entry)
      return entry.call
    }
    return nil
  }

  mutating func heard(at now: UInt64) { heardAt = now }

  /// Takes the next reply in. False if nobody asked for one.
  mutating func answered(_ reply: Reply, _ order: LinkOrder) -> Bool {
    guard !sent.isEmpty else { return false }
    sent[0].left -= 1
    let isLast = sent[0].left == 0
    if sent[0].replies == nil {
      sent[0].replies = LinkReplies(first: reply)
    } else {
      sent[0].replies?.rest.append(reply)
    }
    guard isLast, let entry = sent.popFirst(), var replies = entry.replies else { return true }
    replies.order = order.next()
    if !entry.call.finish(.success(replies)) { entry.call.command.late?() }
    forgetDone()
    return true
  }

  /// The connection is there: who waited for it has as long as everybody else from now on.
  mutating func connected(deadline: UInt64) {
    deadlines = Deque(deadlines.map { ($0.call, min($0.at, deadline)) })
    for index in waiting.indices { waiting[index].deadline = min(waiting[index].deadline, deadline) }
  }

  /// The connection is gone. Reads that were out wait again, once; the others are answered with `error`.
  mutating func lost(_ error: RedisError) {
    var again: [Entry] = []
    let out = sent
    sent = []
    for var entry in out {
      if entry.call.command.isRead, !entry.isRepeated, !entry.call.isOver {
        entry.isRepeated = true
        entry.replies = nil
        entry.left = entry.call.command.count
        again.append(entry)
      } else if !entry.call.finish(.failure(error)) {
        entry.call.command.late?()
      }
    }
    waiting.insert(contentsOf: again, at: 0)
    forgetDone()
  }

  /// Nobody is asked any more: all are answered with `error`.
  mutating func failed(_ error: RedisError) {
    let all = (sent, waiting)
    sent = []
    waiting = []
    deadlines = []
    for entry in all.0 where !entry.call.finish(.failure(error)) { entry.call.command.late?() }
    for entry in all.1 { entry.call.finish(.failure(error)) }
  }

  /// Answers those whose time is over. True if the oldest of them was out and nothing at all has come since: the server is silent.
  mutating func expire(at now: UInt64, _ error: RedisError) -> Bool {
    while let first = deadlines.first, first.at <= now || first.call.isOver {
      deadlines.removeFirst()
      first.call.finish(.failure(error))
    }
    guard let oldest = sent.first else { return false }
    // Not one that was cancelled a moment after it had left.
    return oldest.deadline <= now && heardAt < oldest.sentAt
  }

  /// When the next time is over; nil if nobody waits.
  var nextDeadline: UInt64? { deadlines.first?.at }

  private mutating func forgetDone() {
    while let first = deadlines.first, first.call.isOver { deadlines.removeFirst() }
  }
}
