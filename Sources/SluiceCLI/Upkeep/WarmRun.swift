import Foundation
import SluiceConfiguration
import SluiceCopying
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
  /// Whether small keys go over in batches. A stack with layers does not say what its values are.
  private var fillsSmall: Bool
  /// Whether keys are mostly strings.
  private var strings = Luck()
  /// Keys of which it is not known what they hold; small ones by type; and those that go over one by one.
  private var unsized: [[UInt8]] = []
  private var sorted: [ValueKind: [[UInt8]]] = [:]
  private var unfilled: [[UInt8]] = []

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
    var walk = KeyWalk(legacy, match: match, page: WarmRun.keysAtOnce)
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
    // Most keys of a cache are strings, and one that is none says so: then nobody is asked for types.
    if strings.isWorthIt {
      try order("FILLSMALL", missing, links, kind: .string)
    } else {
      unsized += missing
    }
    if unsized.count >= WarmRun.keysAtOnce { try size(links) }
    if unfilled.count >= ProxyLanes.keysAtOnce { try fillRest(links) }
  }

  /// Finds out what keys hold and how large they are, and orders what fits each.
  private mutating func size(_ links: LaneLinks) throws(Failure) {
    let sizes = try legacy.bySize(unsized)
    unsized = []
    unfilled += sizes.others
    for (kind, keys) in sizes.small {
      sorted[kind, default: []] += keys
      guard let waiting = sorted[kind], waiting.count >= WarmRun.keysAtOnce / 2 else { continue }
      sorted[kind] = []
      try order("FILLSMALL", waiting, links, kind: kind)
    }
  }

  /// One key after the other, the long way.
  private mutating func fillRest(_ links: LaneLinks) throws(Failure) {
    let rest = unfilled
    unfilled = []
    try order("FILL", rest, links)
  }

  /// Sends an order, in parts where it is too long for one, and counts what earlier ones have come to.
  private mutating func order(
    _ name: StaticString, _ keys: [[UInt8]], _ links: LaneLinks, kind: ValueKind? = nil
  ) throws(Failure) {
    var rest = keys[...]
    while !rest.isEmpty {
      let some = rest.prefix(ProxyLanes.share(of: rest, atMost: WarmRun.keysAtOnce))
      rest = rest[some.endIndex...]
      if let answered = try links.send(LaneLinks.Order(name: name, keys: Array(some), kind: kind)) {
        try take(answered)
      }
    }
  }

  /// Waits for all that is under way, and for what that leaves to do.
  private mutating func settle(_ links: LaneLinks) throws(Failure) {
    repeat {
      while let answered = try links.collect() { try take(answered) }
      if !unsized.isEmpty { try size(links) }
      for (kind, keys) in sorted where !keys.isEmpty {
        sorted[kind] = []
        try order("FILLSMALL", keys, links, kind: kind)
      }
      if !unfilled.isEmpty { try fillRest(links) }
    } while links.areBusy
  }

  private mutating func take(_ answered: LaneLinks.Answered) throws(Failure) {
    let keys = answered.order.keys
    switch answered.reply {
    case .string(let letters) where letters.count == keys.count:
      for (key, letter) in zip(keys, letters) {
        switch letter {
        case UInt8(ascii: "c"): counts.copied += 1
        case UInt8(ascii: "p"): counts.present += 1
        case UInt8(ascii: "a"): counts.absent += 1
        case UInt8(ascii: "t") where answered.order.kind == .string: unsized.append(key)
        default: unfilled.append(key)
        }
        if answered.order.kind == .string { strings.note(letter != UInt8(ascii: "t")) }
      }
    case .array(let lines) where lines.count == keys.count:
      try count(zip(keys, lines.map { $0.text ?? "" }), attempts: WarmRun.attempts)
    case .error(let text) where text.contains("unknown control command") && answered.order.kind != nil:
      // A proxy of an earlier release.
      fillsSmall = false
      unfilled += keys
    case .error(let text): throw ControlClient.refusal(text)
    default: throw Failure(.software, "the proxy answered an order about keys with something unknown")
    }
  }

  private static let attempts = 5
  /// Keys of one order, and of one page: a server that is asked about many answers nobody else meanwhile.
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
