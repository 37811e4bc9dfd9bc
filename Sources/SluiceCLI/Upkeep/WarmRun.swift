import Foundation
import SluiceConfiguration
import SluiceRedisClient

/// Fills the new stack from the legacy one, through the proxy's lanes.
struct WarmRun {
  /// What became of the keys.
  struct Counts: Encodable, Equatable {
    var scanned = 0
    /// New has them now.
    var copied = 0
    /// New had them already.
    var present = 0
    /// Deleted, or expired, since they were seen.
    var absent = 0
    /// A write came in between, and new has what it wrote.
    var overtaken = 0
    /// Suspects, which the proxy repairs by itself.
    var doubtful = 0
    var refused = 0
    /// No way can carry them, by reason.
    var uncarried: [String: Int] = [:]
    /// Their names are longer than an order to the proxy may be.
    var tooLong = 0
  }

  let legacy: StackClient
  let new: StackClient
  let lanes: ProxyLanes
  /// Keys a second; nil is as fast as it goes.
  let rate: Int?
  let match: String?
  private(set) var counts = Counts()
  private(set) var share = 0.0
  private(set) var refusal: String?
  /// A key that no way can carry.
  private(set) var uncarriedKey = ""
  /// A key that was left out for its name, cut.
  private(set) var longKey = ""

  init(legacy: StackClient, new: StackClient, lanes: ProxyLanes, rate: Int?, match: String?) {
    self.legacy = legacy
    self.new = new
    self.lanes = lanes
    self.rate = rate
    self.match = match
  }

  /// Walks until the end, or until `isInterrupted`; true at the end.
  mutating func run(progress: inout Progress, isInterrupted: () -> Bool) throws(Failure) -> Bool {
    var walk = KeyWalk(legacy, match: match)
    while let keys = try walk.next() {
      // Small portions, so that a slow rate is an even one.
      let portion = rate.map { max(1, min(ProxyLanes.keysAtOnce, $0 / 10)) } ?? ProxyLanes.keysAtOnce
      for start in stride(from: 0, to: keys.count, by: portion) {
        if isInterrupted() { return false }
        try bring(Array(keys[start..<min(start + portion, keys.count)]))
        progress.show(
          walk.progress, "\(counts.scanned) keys seen, \(counts.copied) copied, \(counts.present) were there")
        pause(since: progress)
      }
      share = walk.progress
      (counts.tooLong, longKey) = (walk.tooLong.count, walk.tooLong.example)
      if isInterrupted() { return false }
    }
    return true
  }

  private mutating func bring(_ keys: [[UInt8]]) throws(Failure) {
    counts.scanned += keys.count
    let exist = try new.all(keys.map { [Array("EXISTS".utf8), $0] })
    let missing = zip(keys, exist).filter { $0.1 != .integer(1) }.map(\.0)
    counts.present += keys.count - missing.count
    try fill(missing, attempts: 5)
  }

  /// What a write or a busy lane has kept from being filled is asked for again, a few times.
  private mutating func fill(_ keys: [[UInt8]], attempts: Int) throws(Failure) {
    guard !keys.isEmpty else { return }
    var again: [[UInt8]] = []
    var overtaken: [[UInt8]] = []
    for (key, outcome) in zip(keys, try lanes.carryOut("FILL", keys)) {
      switch outcome {
      case "copied": counts.copied += 1
      case "present": counts.present += 1
      case "absent": counts.absent += 1
      case _ where outcome.hasPrefix("uncarried "):
        counts.uncarried[String(outcome.dropFirst("uncarried ".count)), default: 0] += 1
        if uncarriedKey.isEmpty { uncarriedKey = TerminalText.key(key) }
      case _ where attempts > 1: again.append(key)
      case "overtaken": overtaken.append(key)
      case "doubtful": counts.doubtful += 1
      default:
        counts.refused += 1
        refusal = outcome.hasPrefix("refused ") ? String(outcome.dropFirst("refused ".count)) : outcome
        if outcome.contains("does not mirror writes") {
          throw Failure(.data, "\(Output.printable(refusal ?? "")); somebody has changed the stage")
        }
      }
    }
    try count(overtaken: overtaken)
    if !again.isEmpty { Thread.sleep(forTimeInterval: 0.05) }
    try fill(again, attempts: attempts - 1)
  }

  /// By a write, and new has what it wrote, or both have nothing; or by a flip or a command for all lanes, and new lacks the key still.
  private mutating func count(overtaken keys: [[UInt8]]) throws(Failure) {
    let questions = keys.map { [Array("EXISTS".utf8), $0] }
    for (there, here) in zip(try new.all(questions), try legacy.all(questions)) {
      if there == .integer(1) || here != .integer(1) {
        counts.overtaken += 1
      } else {
        counts.refused += 1
        refusal = "flips, or commands for all lanes, came in between each time"
      }
    }
  }

  private func pause(since progress: Progress) {
    guard let rate else { return }
    let due = Double(counts.scanned) / Double(rate)
    let ahead = due - progress.elapsed / .seconds(1)
    if ahead > 0 { Thread.sleep(forTimeInterval: min(ahead, 1)) }
  }
}
