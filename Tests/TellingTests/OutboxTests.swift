import SluiceTelling
import Testing

/// What is to be sent, as a machine: each receiver once at least, in order, and nobody waits for another.
@Suite struct OutboxTests {
  private func letter(_ id: Int, to receiver: String = "a", at: Int64 = 0) -> Outbox.Letter {
    Outbox.Letter(id: "\(id)", receiver: receiver, event: "moved", at: at, body: [])
  }

  private func due(_ outbox: inout Outbox, at now: Int64) -> [String] {
    outbox.due(at: now).send.map { "\($0.receiver)\($0.id)" }
  }

  @Test("One at a time and in order for each receiver, and nobody waits for another")
  func order() {
    var outbox = Outbox()
    for id in 1...3 { for receiver in ["a", "b"] { _ = outbox.add(letter(id, to: receiver)) } }
    var sent = due(&outbox, at: 0)
    #expect(sent == ["a1", "b1"])
    sent = due(&outbox, at: 0)
    #expect(sent == [])
    var isDone = outbox.ended(letter(1), .delivered, at: 0)
    #expect(isDone)
    sent = due(&outbox, at: 0)
    #expect(sent == ["a2"])
    isDone = outbox.ended(letter(1, to: "b"), .failed("down"), at: 0)
    #expect(!isDone && outbox.trouble(of: "b") == "down" && outbox.trouble(of: "a") == nil)
    #expect(outbox.waiting == 5)
  }

  @Test("Failures are tried again after pauses that double up to five minutes, until it is heard once")
  func patience() {
    var outbox = Outbox()
    _ = outbox.add(letter(1))
    // The same event again is no other letter.
    _ = outbox.add(letter(1))
    var (now, pauses) = (Int64(0), [Int64]())
    for _ in 0..<12 {
      let sent = due(&outbox, at: now)
      #expect(sent == ["a1"])
      _ = outbox.ended(letter(1), .failed("down"), at: now)
      let failed = now
      while outbox.due(at: now).send.isEmpty { now += 500 }
      // It is under way now: as if it had not been asked.
      _ = outbox.ended(letter(1), .failed("down"), at: failed)
      pauses.append(now - failed)
      now = failed + 600_000
    }
    #expect(Array(pauses.prefix(1)) == [1000] && pauses.allSatisfy { $0 <= 300_000 })
    #expect(pauses.max() == 300_000)
    let sent = due(&outbox, at: now + 600_000)
    #expect(sent == ["a1"])
    let isDone = outbox.ended(letter(1), .delivered, at: now)
    #expect(isDone && outbox.waiting == 0 && outbox.delivered == 1 && outbox.lost == 0)
  }

  /// A receiver with a clock of its own, that is away for a while.
  private struct Receiver {
    /// How it is away, so that each way is tried.
    enum Away: CaseIterable {
      /// Nobody listens, or it has trouble of its own: known at once.
      case refusing
      /// It takes the connection and says nothing until patience ends.
      case silent
      /// It has heard, and its answer is lost.
      case deaf
    }

    let away: Away
    let until: Int64
    private(set) var heard: [String] = []

    init(_ away: Away, until: Int64) { (self.away, self.until) = (away, until) }

    /// What comes of a letter that is sent at `now`, and when that is known.
    mutating func take(_ letter: Outbox.Letter, at now: Int64) -> (Outbox.Outcome, at: Int64) {
      guard now < until else {
        heard.append(letter.id)
        return (.delivered, now + 5)
      }
      switch away {
      case .refusing: return (.failed("it cannot be reached"), now + 1)
      case .silent: return (.failed("it did not answer within 10000 ms"), now + 10_000)
      case .deaf:
        heard.append(letter.id)
        return (.failed("it closed the connection before it had answered"), now + 5)
      }
    }
  }

  @Test(
    "A receiver that is down for a minute gets everything once, in order, soon after it is back",
    arguments: Receiver.Away.allCases, [UInt64(1), 2, 3])
  private func aMinute(_ away: Receiver.Away, _ seed: UInt64) throws {
    var (outbox, receiver) = (Outbox(), Receiver(away, until: 60_000))
    var generator = Seeded(state: seed)
    var underWay: (letter: Outbox.Letter, outcome: Outbox.Outcome, at: Int64)?
    var (made, attempts, last) = (0, 0, Int64(0))
    // Milliseconds; what happens goes on for half a minute when it is back.
    for now in stride(from: 0, through: 150_000, by: 5) as StrideThrough<Int64> {
      if now <= 90_000, generator.next() % 400 == 0 {
        made += 1
        _ = outbox.add(letter(made, at: now))
      }
      if let ended = underWay, ended.at <= now {
        underWay = nil
        _ = outbox.ended(ended.letter, ended.outcome, at: now)
      }
      for letter in outbox.due(at: now).send {
        #expect(underWay == nil, "one at a time")
        attempts += 1
        let (outcome, at) = receiver.take(letter, at: now)
        underWay = (letter, outcome, at)
        if outbox.waiting > 0 { last = now }
      }
    }
    let all = (1...made).map { "\($0)" }
    #expect(outbox.waiting == 0 && outbox.lost == 0 && outbox.delivered == UInt64(made) && made > 20)
    // By the ids, which each request has in a header, it is told what it has heard before.
    var seen: Set<String> = []
    #expect(receiver.heard.filter { seen.insert($0).inserted } == all, "all of it, in order")
    if away != .deaf { #expect(receiver.heard == all, "and nothing twice") }
    // The pauses have grown: nobody is hammered for a minute.
    #expect(attempts - made < 12, "\(attempts) for \(made)")
    #expect(last < 135_000)
  }

  private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
  }

  @Test(
    "What a receiver refuses for good keeps nobody waiting, and what is too old or too much is lost by count")
  func lost() {
    var outbox = Outbox()
    _ = outbox.add(letter(1))
    _ = outbox.add(letter(2))
    _ = due(&outbox, at: 0)
    let isDone = outbox.ended(letter(1), .refused("404"), at: 0)
    #expect(isDone && outbox.lost == 1)
    var sent = due(&outbox, at: 0)
    #expect(sent == ["a2"])
    _ = outbox.ended(letter(2), .failed("down"), at: 0)
    let old = outbox.due(at: Outbox.age + 1).old
    #expect(old.map(\.id) == ["2"] && outbox.waiting == 0 && outbox.lost == 2)
    for id in 0..<Outbox.limit { _ = outbox.add(letter(10 + id)) }
    sent = due(&outbox, at: 2000)
    #expect(sent == ["a10"])
    // The one that is on its way stays.
    let gone = outbox.add(letter(9999))
    #expect(gone?.id == "11" && outbox.waiting == Outbox.limit && outbox.lost == 3)
  }
}
