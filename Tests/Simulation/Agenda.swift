/// Whatever can be woken: a loop, a server, a client, a wire, somebody who gives orders.
class Actor {
  /// Does what there is to do at this moment.
  func act() {}
}

/// Virtual time, and what happens when: a heap by time, and within one moment in the order of entry.
struct Agenda {
  private struct Entry {
    let time: UInt64
    let order: UInt64
    /// Kept alive by its entry; a plain value, because entries change their places often.
    let actor: Unmanaged<Actor>

    func isBefore(_ other: Entry) -> Bool { time != other.time ? time < other.time : order < other.order }
  }

  private var heap: [Entry] = []
  private var order: UInt64 = 0
  /// Nanoseconds; an hour at the beginning, because 0 says "never" in many places.
  private(set) var now: UInt64 = 3_600_000_000_000

  var isEmpty: Bool { heap.isEmpty }

  mutating func add(_ actor: Actor, at time: UInt64) {
    order &+= 1
    heap.append(Entry(time: max(time, now), order: order, actor: .passRetained(actor)))
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].isBefore(heap[parent]) else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  /// Who is next, and the clock is then; nil if that is later than `end`, or nobody is.
  mutating func next(until end: UInt64) -> Actor? {
    guard let first = heap.first, first.time <= end else { return nil }
    now = first.time
    let last = heap.removeLast()
    guard !heap.isEmpty else { return first.actor.takeRetainedValue() }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && heap[child].isBefore(heap[least]) {
        least = child
      }
      if least == parent { break }
      heap.swapAt(least, parent)
      parent = least
    }
    return first.actor.takeRetainedValue()
  }

  mutating func pass(to time: UInt64) { now = max(now, time) }

  mutating func clear() {
    for entry in heap { entry.actor.release() }
    heap = []
  }
}

/// Somebody who acts once for many reasons to: the earliest moment counts.
struct Alarm {
  private var at = UInt64.max

  /// Whether the agenda must be told.
  mutating func isSooner(_ time: UInt64) -> Bool {
    guard time < at else { return false }
    at = time
    return true
  }

  /// Whether this is the moment; false for an entry that a sooner one has overtaken.
  mutating func rings(at now: UInt64) -> Bool {
    guard at <= now else { return false }
    at = .max
    return true
  }
}
