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
  /// Whether sizes are asked for, and small keys go over in batches. A stack with layers does not say what its values are.
  private var fillsSmall: Bool
  /// Whether batches bring over collections.
  private var blocks = Luck()

  init(
    legacy: StackClient, new: StackClient, lanes: ProxyLanes, rate: Int?, match: String?,
    fillsSmall: Bool = true
  ) {
    self.legacy = legacy
    self.new = new
    self.lanes = lanes
    self.rate = rate
    self.match = match
    self.fillsSmall = fillsSmall
  }

  /// Walks until the end, or until `isInterrupted`; true at the end.
  mutating func run(progress: inout Progress, isInterrupted: () -> Bool) throws(Failure) -> Bool {
    var walk = KeyWalk(legacy, match: match)
    let links = lanes.links
    var gentle = try GentleWalk(legacy: legacy, new: new, rate: rate, fillsNew: true)
    while let keys = try walk.next() {
      var rest = keys[...]
      while !rest.isEmpty {
        if isInterrupted() {
          try settle(links)
          return false
        }
        let portion = gentle.portion(atMost: WarmRun.keysAtOnce)
        let some = Array(rest.prefix(ProxyLanes.share(of: rest.prefix(portion), atMost: portion)))
        rest = rest.dropFirst(some.count)
        do { try gentle.wait(for: some.count) } catch {
          // What is on its way is counted, too.
          try settle(links)
          throw error
        }
        try bring(some, links)
        share = walk.progress
        progress.show(
          walk.progress,
          "\(counts.scanned) keys seen, \(counts.copied) copied, \(counts.present) were there\(gentle.text)")
      }
      share = walk.progress
      (counts.tooLong, longKey) = (walk.tooLong.count, walk.tooLong.example)
      if isInterrupted() {
        try settle(links)
        return false
      }
    }
    try settle(links)
    return true
  }

  private mutating func bring(_ keys: [[UInt8]], _ links: LaneLinks) throws(Failure) {
    counts.scanned += keys.count
    let missing = try new.lacks(keys)
    counts.present += keys.count - missing.count
    guard fillsSmall else { return try order("FILL", missing, links) }
    let sizes = try legacy.bySize(missing)
    try order("FILLSMALL", sizes.strings, links)
    // Between some servers no dump of them goes over: then the batch only costs time.
    try order(blocks.isWorthIt ? "FILLSMALL" : "FILL", sizes.blocks, links, areBlocks: true)
    try order("FILL", sizes.others, links)
  }

  /// Sends an order, and counts what an earlier one has come to.
  private mutating func order(
    _ name: StaticString, _ keys: [[UInt8]], _ links: LaneLinks, areBlocks: Bool = false
  ) throws(Failure) {
    guard !keys.isEmpty else { return }
    if let answered = try links.send(LaneLinks.Order(name: name, keys: keys, areBlocks: areBlocks)) {
      try take(answered, links)
    }
  }

  /// Waits for all that is under way.
  private mutating func settle(_ links: LaneLinks) throws(Failure) {
    while let answered = try links.collect() { try take(answered, links) }
  }

  private mutating func take(_ answered: LaneLinks.Answered, _ links: LaneLinks) throws(Failure) {
    let keys = answered.order.keys
    switch answered.reply {
    case .string(let letters) where letters.count == keys.count:
      var others: [[UInt8]] = []
      for (key, letter) in zip(keys, letters) {
        switch letter {
        case UInt8(ascii: "c"): counts.copied += 1
        case UInt8(ascii: "p"): counts.present += 1
        case UInt8(ascii: "a"): counts.absent += 1
        default: others.append(key)
        }
        if answered.order.areBlocks { blocks.note(letter != UInt8(ascii: "-")) }
      }
      try order("FILL", others, links)
    case .array(let lines) where lines.count == keys.count:
      try count(zip(keys, lines.map { $0.text ?? "" }), attempts: WarmRun.attempts)
    case .error(let text) where text.contains("unknown control command") && fillsSmall:
      // A proxy of an earlier release.
      fillsSmall = false
      try order("FILL", keys, links)
    case .error(let text): throw ControlClient.refusal(text)
    default: throw Failure(.software, "the proxy answered an order about keys with something unknown")
    }
  }

  private static let attempts = 5
  /// Keys of one order.
  private static let keysAtOnce = 500

  /// What a write or a busy lane has kept from being filled is asked for again, a few times.
  private mutating func fill(_ keys: [[UInt8]], attempts: Int) throws(Failure) {
    guard !keys.isEmpty else { return }
    try count(zip(keys, try lanes.carryOut("FILL", keys)), attempts: attempts)
  }

  private mutating func count(
    _ outcomes: some Sequence<([UInt8], String)>, attempts: Int
  ) throws(Failure) {
    var again: [[UInt8]] = []
    var overtaken: [[UInt8]] = []
    for (key, outcome) in outcomes {
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
}
