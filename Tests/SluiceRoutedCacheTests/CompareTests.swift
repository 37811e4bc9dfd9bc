import SluiceCache
import SluiceFigures
import SluiceLedger
import Testing

@testable import SluiceRoutedCache

@Suite struct CompareTests {
  @Test("What differs and stays different is a divergence of its kind, in the status and in the ledger")
  func divergences() async throws {
    let bed = try Bed("shadow")
    let plants: [(String, CacheValue?, CacheValue?)] = [
      ("same", "v", "v"), ("value", "v", "w"), ("type", "v", 1), ("missing", "v", nil), ("extra", nil, "v"),
      ("number", 1, 1.0),
    ]
    for (key, legacy, new) in plants {
      bed.legacy.plant(key, legacy)
      bed.new.plant(key, new)
      #expect(await bed.cache.value(for: key) == legacy)
    }
    #expect(await bed.cache.settled(within: .seconds(30)))
    let compare = bed.cache.status.compare
    #expect(compare.kinds == ["value": 1, "type": 1, "missing_in_new": 1, "missing_in_legacy": 1])
    #expect(compare.matched == 2)
    #expect(compare.verdict == "differs")
    await bed.cache.close()
    let story = try LedgerReader(path: bed.ledger).table(.differences, limit: 10)
    #expect(story.rows.count == 4, "\(story.text())")
  }

  @Test("A difference that is gone when asked again is superseded")
  func superseded() async throws {
    let bed = try Bed("shadow")
    bed.legacy.plant("k", "v")
    bed.new.plant("k", "v")
    bed.new.lieOnce("k", "something else")
    #expect(await bed.cache.value(for: "k") == "v")
    #expect(await bed.cache.settled(within: .seconds(30)))
    let compare = bed.cache.status.compare
    #expect(compare.superseded == 1 && compare.diverged == 0 && compare.matched == 0)
    #expect(compare.verdict == "pass")
  }

  @Test("A mirror that cannot be asked proves nothing")
  func mirrorDown() async throws {
    let bed = try Bed("shadow")
    bed.legacy.plant("k", "v")
    bed.new.setDown(true)
    #expect(await bed.cache.value(for: "k") == "v")
    #expect(await bed.cache.settled(within: .seconds(30)))
    let status = bed.cache.status
    #expect(status.compare.dropped == 1 && status.compare.diverged == 0)
    #expect(status.compare.verdict == "hold")
    #expect((status.stacks["new"]?.errors ?? 0) > 0)
  }

  @Test("Only the keys of the sample are compared")
  func sample() async throws {
    let bed = try Bed("shadow", compare: 0)
    bed.legacy.plant("k", "v")
    #expect(await bed.cache.value(for: "k") == "v")
    #expect(await bed.cache.settled(within: .seconds(30)))
    #expect(bed.new.events.isEmpty)
    #expect(bed.cache.status.compare.verdict == "hold")
  }

  @Test(
    "Times to live may lie apart by rounding, and no more",
    arguments: [
      (Duration?.none, Duration?.none, AnswerComparison.Verdict.identical),
      (.seconds(60), .seconds(60), .identical), (.seconds(60), .milliseconds(58_500), .equivalent),
      (.seconds(60), .seconds(50), .different(.ttl)), (nil, .seconds(50), .different(.ttl)),
    ])
  func times(_ legacy: Duration?, _ new: Duration?, _ verdict: AnswerComparison.Verdict) {
    #expect(AnswerComparison.verdict(legacy: .ttl(legacy), new: .ttl(new)) == verdict)
  }

  @Test("A time to live that is asked for later may be shorter by that much")
  func apart() {
    func verdict(_ new: Duration) -> AnswerComparison.Verdict {
      AnswerComparison.verdict(legacy: .ttl(.seconds(60)), new: .ttl(new), apart: .seconds(9))
    }
    #expect(verdict(.seconds(50)) == .equivalent)
    #expect(verdict(.seconds(48)) == .different(.ttl))
  }

  @Test("Values mean the same by what JSON says")
  func meaning() {
    func verdict(_ legacy: CacheValue?, _ new: CacheValue?) -> AnswerComparison.Verdict {
      AnswerComparison.verdict(legacy: .value(legacy), new: .value(new))
    }
    #expect(verdict(["a": [1, 2.0]], ["a": [1.0, 2]]) == .equivalent)
    #expect(verdict(["a": 1], ["a": 1, "b": 2]) == .different(.value))
    #expect(verdict([1, 2], [2, 1]) == .different(.value))
    #expect(verdict(.double(1e300), .int(1)) == .different(.value))
    #expect(verdict(.null, nil) == .different(.missingInNew))
    // Not a number is what both stacks have.
    #expect(verdict([.double(.nan)], [.double(.nan)]) == .identical)
    // Swift takes these for the same text; the stacks hold other bytes.
    #expect(verdict("\u{E9}", "e\u{301}") == .different(.value))
    #expect(verdict(["\u{E9}": 1], ["e\u{301}": 1.0]) == .different(.value))
    let answers = [Reading.Answer.value(["a\",\"b"]), .value(["a", "b"])]
    #expect(answers[0].evidence != answers[1].evidence)
    #expect(AnswerComparison.verdict(legacy: .exists(true), new: .exists(false)) == .different(.missingInNew))
    let failed = Reading.Answer.failed(CacheError(.infrastructure, "x"))
    #expect(AnswerComparison.verdict(legacy: failed, new: failed) == .unknown)
  }
}
