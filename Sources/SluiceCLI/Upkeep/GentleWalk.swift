import Foundation
import SluicePacing
import SluiceRedisClient
import SluiceServers

/// Lets a walk go as fast as it may: its own rate, what the stacks' answers say, and the room that new has.
struct GentleWalk {
  private let stacks: [(name: String, client: StackClient)]
  private var pace: WalkPace
  /// Looked after if the walk fills new.
  private var room: MemoryRoom?
  private var lookedAt: UInt64 = 0

  /// - Parameter fillsNew: whether the walk brings keys to new.
  init(legacy: StackClient, new: StackClient, rate: Int?, fillsNew: Bool) throws(Failure) {
    stacks = [("legacy", legacy), ("new", new)]
    pace = WalkPace(limit: rate.map(Double.init), stacks: 2, at: Self.now())
    if fillsNew { room = MemoryRoom(before: try new.memory()) }
    // Before the walk, so that it is known how the stacks answer without it.
    while pace.isLearning { try probe() }
  }

  /// Waits until so many keys more may be walked. Only when the connections of the walk owe it nothing.
  ///
  /// - Throws: a sentence and code 75 where new has no more room.
  mutating func wait(for keys: Int) throws(Failure) {
    if pace.isProbeDue(at: Self.now()) { try probe() }
    try look()
    var wait = pace.wait(for: keys, at: Self.now())
    // In parts, so that a signal is heard.
    while wait > 0, !Interruption.hasCome {
      let part = min(wait, 50_000_000)
      Thread.sleep(forTimeInterval: Double(part) / 1e9)
      wait -= part
      if pace.isProbeDue(at: Self.now()) { try probe() }
    }
  }

  /// How many keys to take at a time, so that a slow rate is an even one.
  func portion(atMost most: Int) -> Int { pace.rate.map { max(1, min(most, Int($0 / 10))) } ?? most }

  /// For the line that tells of progress; empty at full speed.
  var text: String {
    guard let slowed = pace.slowed, stacks.indices.contains(slowed.stack) else { return "" }
    return
      ", slowed to \(Int(slowed.rate)) keys/s: \(stacks[slowed.stack].name) answers in \(Self.milliseconds(slowed.latency)), "
      + "\(Self.milliseconds(slowed.quiet)) when quiet"
  }

  private mutating func probe() throws(Failure) {
    for (number, stack) in stacks.enumerated() {
      let before = Self.now()
      _ = try stack.client.all([[Array("PING".utf8)]])
      let now = Self.now()
      pace.probed(number, took: now &- before, at: now)
    }
  }

  private mutating func look() throws(Failure) {
    let now = Self.now()
    guard room != nil, now &- lookedAt >= 100_000_000 else { return }
    lookedAt = now
    guard let reading = try stacks[1].client.memory(), let why = room?.told(reading) else { return }
    throw Failure(
      .temporary,
      "new has no room for more: \(why); give it more memory or warm fewer keys (--match), then start it again: what is "
        + "there is skipped")
  }

  private static func milliseconds(_ nanoseconds: UInt64) -> String {
    "\(String(format: "%.1f", Double(nanoseconds) / 1e6)) ms"
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

extension StackClient {
  /// How the server stands with its memory; nil where it does not tell.
  func memory() throws(Failure) -> MemoryReading? {
    let replies = try ask([["INFO", "memory"], ["INFO", "stats"]].map { $0.map { Array($0.utf8) } })
    return MemoryReading(
      info: replies.compactMap { if case .error = $0 { nil } else { $0.text } }.joined(separator: "\r\n"))
  }
}
