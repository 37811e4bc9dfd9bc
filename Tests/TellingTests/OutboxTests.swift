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
