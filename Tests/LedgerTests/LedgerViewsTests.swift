import Foundation
import GRDB
import SluiceFigures
import SluiceRouting
import Testing

@testable import SluiceLedger

/// Every view answers its question right on data made by hand.
@Suite struct LedgerViewsTests {
  let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    let ledger = try scratch.open()
    var before = LaneFigures()
    before[.legacy, .primary, .read].operations = 100
    before[.legacy, .primary, .read].hits = 75
    before[.legacy, .primary, .read].misses = 25
    before.suspects[.new].made = 5
    for microseconds in 1...100 {
      before[.legacy, .primary, .read].latency.record(nanoseconds: Int64(microseconds) * 1000)
    }
    ledger.record(before, from: time(0), to: time(10))

    ledger.record(flip(.stage, at: 10, from: .init(.off, percent: 0), to: .init(.shadow, percent: 0)))
    ledger.record(
      figures(matched: 8, diverged: [(.missingInNew, 7), (.missingInNew, 7)]), from: time(10), to: time(20))
    ledger.record(divergence(.missingInNew, key: "user:1"))

    ledger.record(
      flip(.ramp, at: 20, from: .init(.shadow, percent: 0), to: .init(.live, percent: 25), reason: "plan"))
    var after = figures(
      matched: 5, diverged: [(.missingInNew, 7), (.value, 7), (.value, 7), (.ttl, 8)], reads: 50)
    after.compare.dropped = 9
    (after.compare.servedDifferent, after.compare.servedMissing) = (2, 1)
    after.suspects[.new] = suspects(made: 2, repaired: 6, deleted: 1)
    after.suspects[.legacy] = suspects(made: 1, deleted: 1, wholeStack: 1)
    after[.new, .primary, .write].operations = 10
    after.recordError(.timeout, on: .new, .primary, .write)
    after.recordError(.reply, on: .new, .primary, .write)
    for _ in 0..<2 { after.recordError(.trouble, on: .new, .primary, .write) }
    after[.new, .primary, .write].latency.record(nanoseconds: 3_000)
    let (early, late) = (time(61).milliseconds, time(69).milliseconds)
    let shop = RefusalCounts.Client(name: "shop-7", library: "redis-py 5.0.8", address: "10.0.0.7:5000")
    let other = RefusalCounts.Client(name: "", library: "", address: "10.0.0.8:5000")
    after.refusals.record(.init(command: 7, reason: "transaction"), at: early, client: shop)
    after.refusals.record(.init(command: 7, reason: "transaction"), at: late, client: other)
    after.refusals.record(.init(command: 8, reason: "cross_stack"), at: early, client: shop)
    after.lacks.record(.init(command: 8, reason: "new_lacks_it"), at: late, client: shop)
    (after.copies.dump, after.copies.pieces) = (5, 1)
    after.uncarried.record(
      Array("user:9".utf8), to: .new, type: "hash", reason: "fields with a time", at: early)
    after.uncarried.record([0xff, 0x0a], to: .legacy, type: "", reason: "too hot", at: late)
    ledger.record(ServerRecord(at: time(60), stack: .legacy, server: "Redis", version: "6.2.5", stamp: 9))
    ledger.record(ServerRecord(at: time(60), stack: .new, server: "Valkey", version: "9.1.2", stamp: 80))
    ledger.record(after, from: time(60), to: time(70))
    ledger.record(
      ErrorSample(at: time(62), stack: .new, kind: .timeout, command: 7, message: "no reply in 1 s"))
    for key in ["user:1", "user:1", "user:2", "cart:9", "plain"] {
      ledger.record(divergence(key: key, at: 65))
    }

    var rollback = flip(.rollback, at: 80, from: .init(.live, percent: 25), to: .init(.off, percent: 0))
    rollback.fences = [
      .init(lane: 0, heldMicroseconds: 812, commands: 7),
      .init(lane: 1, heldMicroseconds: 20_100, commands: 2, cutOff: [.new]),
    ]
    ledger.record(rollback)
    ledger.record(figures(reads: 1), from: time(80), to: time(90))
    ledger.record(
      flip(.rearm, at: 90, from: .init(.off, percent: 0), to: .init(.live, percent: 12.5), reason: "fixed"))
    var last = figures(matched: 1)
    last.refusals.record(.init(command: 7, reason: "transaction"), at: time(95).milliseconds, client: shop)
    last.lacks.record(.init(command: 8, reason: "new_lacks_it"), at: time(95).milliseconds, client: other)
    last.copies.dump = 2
    last.uncarried.record(
      Array("user:9".utf8), to: .new, type: "hash", reason: "fields with a time", at: time(95).milliseconds)
    ledger.record(ServerRecord(at: time(95), stack: .new, server: "Valkey", version: "9.1.2", stamp: 80))
    ledger.record(ServerRecord(at: time(96), stack: .new, server: "", version: "", stamp: nil))
    last[.new, .primary, .read].operations = 4
    (last[.new, .primary, .read].hits, last[.new, .primary, .read].misses) = (3, 1)
    last[.new, .primary, .read].latency.record(nanoseconds: 7_000)
    last.waits.replaced(.read, nanoseconds: 7_000)
    last.waits.waited(.read, nanoseconds: 50_000_000)
    last.holds.record(.key, nanoseconds: 49_000_000)
    for microseconds in [100, 100, 3000] as [Int64] {
      last.commands.record(.new, .primary, command: 7, nanoseconds: microseconds * 1000, .hit)
    }
    last.commands.recordUnanswered(.new, .primary, command: 7)
    last.commands.record(.legacy, .mirror, command: 7, nanoseconds: 50_000, .miss)
    ledger.record(last, from: time(90), to: time(100))
    var account = AccountRecord(beganAt: time(90), routing: "live 1", position: .init(.live, percent: 12.5))
    account.at = time(100)
    (account.seconds, account.compare.matched, account.compare.diverged) = (10, 1, 2)
    (account.operations, account.failures, account.keys, account.isVerified) = (4, 1, 3, true)
    (account.forced, account.next) = ("forced: why", "ramp 25")
    account.scores = [
      .init(
        signal: "failed", score: 10.3616, bad: 7, total: 9, healthy: 0.01, broken: 0.05, reaction: "rollback"),
      .init(signal: "slow", score: 0, bad: 0, total: 0, healthy: 0.01, broken: 0.05, reaction: "pause"),
    ]
    account.gates = [
      .init(name: "new", now: "up", needed: "up", missing: "", isAgainst: false),
      .init(name: "time", now: "10 s", needed: "600 s", missing: "590 s", isAgainst: false),
      .init(name: "differs", now: "2 open", needed: "0 open", missing: "close them", isAgainst: true),
    ]
    account.known = .init(
      list: [
        .init(question: .max, kind: .value, command: 7, key: Array("user:1".utf8), legacy: 5, new: .max),
        .init(question: 9, kind: .ttl, command: 7, key: [0xff], closed: "meant"),
      ], count: 2)
    account.known.closings = [
      .init(kind: .ttl, keys: Array("price:*".utf8), why: "a day", who: "ana", at: time(99).milliseconds),
      .init(kind: nil, keys: [0x2a, 0xff], why: "old", who: "ben", at: time(100).milliseconds),
    ]
    ledger.record(account)
    ledger.record(
      DecisionRecord(
        who: "guardrail", .rolledBack, step: "live 25 %", signal: "failed", bad: 13, total: 13, limit: 0.01,
        words: "new failed"))
    ledger.close(clean: true)
    try BenchmarkBook(path: scratch.path).add(
      BenchmarkBook.Entry(
        at: time(100), name: "move", phase: .before, subject: "plain redis://h:1", valueBytes: 64, pairs: 100,
        succeeded: 99, total: 2, average: 0.01, minimum: 0.001, maximum: 0.5, median: 0.002, p95: 0.003,
        p99: 0.004, deviation: 0.0001, memoryGrowth: nil))
  }

  @Test func whatDiffersMost() throws {
    #expect(
      try scratch.rows("SELECT * FROM what_differs") == [
        "missing_in_new|GET|3|50.0|2026-03-01 12:00:00|2026-03-01 12:01:00",
        "value|GET|2|33.33|2026-03-01 12:01:00|2026-03-01 12:01:00",
        "ttl|SET|1|16.67|2026-03-01 12:01:00|2026-03-01 12:01:00",
      ])
  }

  @Test func whichKeys() throws {
    #expect(
      try scratch.rows(
        "SELECT pattern, kind, command, count, counted, last_seen, samples, example FROM which_keys")
        == [
          "user:*|value|GET|3|exact|2026-03-01 12:01:05|3|user:1",
          "user:*|missing_in_new|GET|1|exact|2026-03-01 12:00:00|1|user:1",
          "cart:*|value|GET|1|exact|2026-03-01 12:01:05|1|cart:9",
          "plain|value|GET|1|exact|2026-03-01 12:01:05|1|plain",
        ])
  }

  @Test func theLatestDivergences() throws {
    #expect(
      try scratch.rows("SELECT * FROM latest_divergences LIMIT 1") == [
        "2026-03-01 12:01:05|value|GET|plain|plain|0000000000000001|2|0000000000000003|4|-|1|2"
      ])
  }

  @Test func suspectsAndWhatBecameOfThem() throws {
    #expect(
      try scratch.rows("SELECT * FROM suspects_per_minute") == [
        "2026-03-01 12:00:00|new|5|0|0|0|5|1", "2026-03-01 12:01:00|legacy|1|0|1|1|0|1",
        "2026-03-01 12:01:00|new|2|6|1|0|0|1",
      ])
  }

  @Test func betweenWhichServers() throws {
    #expect(
      try scratch.rows("SELECT * FROM which_servers") == [
        "2026-03-01 12:01:00|1|legacy|Redis|6.2.5|9|1", "2026-03-01 12:01:00|1|new|Valkey|9.1.2|80|0",
        "2026-03-01 12:01:36|1|new|||-|1",
      ])
  }

  @Test func whatCannotComeAlong() throws {
    #expect(
      try scratch.rows("SELECT * FROM what_is_not_carried") == [
        "to new|hash|fields with a time|user:9|2026-03-01 12:01:01|2026-03-01 12:01:35",
        "to legacy||too hot|x'FF0A'|2026-03-01 12:01:09|2026-03-01 12:01:09",
      ])
  }

  @Test func howCopiesWent() throws {
    #expect(
      try scratch.rows("SELECT * FROM how_copies_went")
        == ["2|live 25 %|5|0|0|1", "4|live 12.5 %|2|0|0|0"])
  }

  @Test func whatOnlyOneServerHas() throws {
    #expect(
      try scratch.rows("SELECT * FROM what_one_server_lacks")
        == ["SET|new_lacks_it|2|2026-03-01 12:01:09|2026-03-01 12:01:35|||10.0.0.8:5000"])
  }

  @Test func fences() throws {
    #expect(
      try scratch.rows("SELECT * FROM fence_list")
        == ["3|2026-03-01 12:01:20.000|rollback|live 25 %|off 0 %|2|20100|9|new"])
    #expect(
      try scratch.rows("SELECT * FROM fences") == ["3|0|812|7|", "3|1|20100|2|new"])
    #expect(try scratch.rows("SELECT held_us FROM flips WHERE held_us IS NOT NULL") == ["20100"])
  }

  @Test func sinceWhichFlip() throws {
    #expect(
      try scratch.rows("SELECT * FROM since_which_flip") == [
        "missing_in_new|GET|1|2026-03-01 12:00:10|stage|off 0 % -> shadow 0 %|2|3",
        "value|GET|2|2026-03-01 12:00:20|ramp|shadow 0 % -> live 25 %|2|2",
        "ttl|SET|2|2026-03-01 12:00:20|ramp|shadow 0 % -> live 25 %|1|1",
      ])
  }

  @Test func errorRatePerStackAndMinute() throws {
    #expect(
      try scratch.rows("SELECT * FROM error_rate_per_minute") == [
        "2026-03-01 12:00:00|legacy|100|0|0.0|0|0|0|0|0|0",
        "2026-03-01 12:01:00|legacy|51|0|0.0|0|0|0|0|0|0", "2026-03-01 12:01:00|new|14|4|28.571|4|0|1|0|1|2",
      ])
  }

  @Test func latencyPerStack() throws {
    #expect(
      try scratch.rows("SELECT * FROM latency") == [
        "legacy|primary|all|100|51|91|99|103|103", "new|primary|all|2|3|7|7|7|7",
        "legacy|primary|read|100|51|91|99|103|103", "new|primary|read|1|7|7|7|7|7",
        "new|primary|write|1|3|3|3|3|3",
      ])
    #expect(
      try scratch.rows("SELECT * FROM latency_per_minute")
        == ["2026-03-01 12:00:00|legacy|primary|100|51|99|103", "2026-03-01 12:01:00|new|primary|2|3|7|7"])
  }

  @Test func whatEachStackDid() throws {
    #expect(
      try scratch.rows("SELECT * FROM figures_total")
        == [
          "legacy|primary|read|151|75|25|75.0|0|0", "new|primary|read|4|3|1|75.0|0|0",
          "new|primary|write|10|0|0|-|4|3",
        ])
  }

  @Test func whatIsKnownOfThisStep() throws {
    #expect(
      try scratch.rows("SELECT * FROM this_step") == [
        "live 12.5 %|2026-03-01 12:01:30|10|1|0|2|0|2|3|4|1|yes|-|forced: why|ramp 25|2026-03-01 12:01:40"
      ])
    #expect(
      try scratch.rows("SELECT * FROM is_it_safe") == [
        "ramp 25|differs|2 open|0 open|close them|AGAINST IT", "ramp 25|time|10 s|600 s|590 s|missing",
        "ramp 25|new|up|up||met",
      ])
    #expect(
      try scratch.rows("SELECT * FROM guardrails") == [
        "failed|50.0|7|9|77.778|1.0|5.0|rollback", "slow|0.0|0|0|-|1.0|5.0|pause",
      ])
    #expect(
      try scratch.rows("SELECT * FROM known_divergences")
        == ["-1|value|GET|user:1|5|-1|-", "9|ttl|GET|xff|0|0|meant"])
    #expect(
      try scratch.rows("SELECT kind, which, keys, why, since, who FROM what_is_closed") == [
        "any|all like it|x'2AFF'|old|2026-03-01 12:01:40|ben",
        "ttl|all like it|price:*|a day|2026-03-01 12:01:39|ana",
        "ttl|GET|x'FF'|meant|-|-",
      ])
  }

  @Test func howStacksServeClients() throws {
    #expect(
      try scratch.rows("SELECT * FROM latency_now WHERE span = 'this step'")
        == ["this step|read|primary|new|1|7|7"])
    #expect(
      try scratch.rows("SELECT * FROM latency_by_command") == [
        "GET|primary|new|4|100.0|1|1|131|4194", "GET|mirror|legacy|1|0.0|0|0|65|65",
      ])
    #expect(
      try scratch.rows("SELECT * FROM client_waits") == [
        "in all|1|51199|51199|51199", "until its key is back|1|49151|49151|49151",
        "until new answers|1|7|7|7",
      ])
    #expect(
      try scratch.rows("SELECT flip, step, stack, role, hit_percent, other_had_it FROM hit_rate") == [
        "0||legacy|primary|75.0|0", "4|live 12.5 %|new|primary|75.0|0",
      ])
    #expect(
      try scratch.rows("SELECT * FROM clients_hurt") == [
        "2|live 25 %|60|3|3|0|2|1", "3|off 0 %|1|0|0|0|0|0", "4|live 12.5 %|4|0|0|0|0|0",
      ])
  }

  @Test func whatWasDecidedAndSaid() throws {
    #expect(
      try scratch.rows("SELECT who, action, step, signal, bad, total, \"limit\", words FROM why") == [
        "guardrail|rolled back|live 25 %|failed|13|13|0.01|new failed"
      ])
    #expect(
      try scratch.rows("SELECT who, what, step, why FROM last_hour") == [
        "guardrail|rolled back|live 25 %|new failed"
      ])
    #expect(try scratch.rows("SELECT count(*) FROM changes") == ["5"])
    #expect(
      try scratch.rows("SELECT step FROM changes WHERE what = 'rollback'") == ["live 25 % -> rolled back"])
    #expect(
      try scratch.rows("SELECT \"to\" FROM who_flipped WHERE action = 'rollback'") == ["rolled back"])
    #expect(
      try scratch.rows("SELECT who, action, why FROM who_flipped LIMIT 1").first?.hasSuffix("rearm|fixed")
        == true)
    #expect(
      try scratch.rows("SELECT * FROM what_stacks_said")
        == ["new|timeout|GET|no reply in 1 s|1|2026-03-01 12:01:02|2026-03-01 12:01:02"])
  }

  @Test func theNextRunKnowsTheAccount() throws {
    let ledger = try scratch.open()
    defer { ledger.close(clean: true) }
    let account = try #require(ledger.before.account)
    #expect(account.routing == "live 1" && account.seconds == 10 && account.position.percent == 12.5)
    #expect(account.compare.matched == 1 && account.failures == 1 && account.keys == 3 && account.isVerified)
    #expect(account.forced == "forced: why" && account.paused == nil && account.known.count == 2)
    #expect(account.scores.first { $0.signal == "failed" }.map { [$0.bad, $0.total] } == [7, 9])
    #expect(
      ledger.before.known == [
        .init(question: .max, kind: .value, command: "GET", key: Array("user:1".utf8), legacy: 5, new: .max),
        .init(question: 9, kind: .ttl, command: "GET", key: [0xff], legacy: 0, new: 0, closed: "meant"),
      ])
    #expect(account.known.closings.map(\.why) == ["a day", "old"])
    #expect(account.known.closings.last?.keys == [0x2a, 0xff] && account.known.closings.last?.kind == nil)
  }

  @Test func theStoryOfTheCutover() throws {
    #expect(
      try scratch.rows(
        """
        SELECT flip, at, action, "from", "to", reason, legacy_operations, new_operations, matched, diverged, missing,
          timeouts, dropped, verdict FROM cutover_story
        """) == [
          "1|2026-03-01 12:00:10.000|stage|off 0 %|shadow 0 %||0|0|8|2|2|0|0|cold",
          "2|2026-03-01 12:00:20.000|ramp|shadow 0 %|live 25 %|plan|50|10|5|4|1|0|9|differs",
          "3|2026-03-01 12:01:20.000|rollback|live 25 %|rolled back||1|0|0|0|0|0|0|hold",
          "4|2026-03-01 12:01:30.000|rearm|rolled back|live 12.5 %|fixed|0|4|1|0|0|0|0|pass",
        ])
    #expect(try scratch.rows("SELECT seconds FROM cutover_story LIMIT 3") == ["10.0", "60.0", "10.0"])
  }

  /// An answer that never came says something about a stack and nothing about data; a write that the mirror refused is no pass.
  @Test func whatIsNoEvidenceIsNoPass() throws {
    let other = try Scratch()
    let ledger = try other.open()
    for stage in [Stage.shadow, .live, .shadow, .live] {
      ledger.record(flip(.stage, at: 0, from: .init(.off, percent: 0), to: .init(stage, percent: 0)))
      switch stage {
      case .shadow: ledger.record(figures(diverged: [(.timeout, 7)]), from: time(0), to: time(1))
      default: ledger.record(figures(matched: 2, diverged: [(.timeout, 7)]), from: time(0), to: time(1))
      }
    }
    var refused = figures(matched: 1)
    refused.compare.mirrorErrors = 1
    ledger.record(refused, from: time(1), to: time(2))
    ledger.close(clean: true)
    #expect(
      try other.rows("SELECT diverged, timeouts, verdict FROM cutover_story")
        == ["1|1|hold", "1|1|pass", "1|1|hold", "1|1|hold"])
  }

  @Test func whatIsRefused() throws {
    #expect(
      try scratch.rows("SELECT * FROM what_is_refused") == [
        "GET|transaction|3|2026-03-01 12:01:01|2026-03-01 12:01:35|shop-7|redis-py 5.0.8|10.0.0.7:5000",
        "SET|cross_stack|1|2026-03-01 12:01:01|2026-03-01 12:01:01|shop-7|redis-py 5.0.8|10.0.0.7:5000",
      ])
  }

  @Test func theRuns() throws {
    #expect(
      try scratch.rows("SELECT run, \"end\", version, summary, lost_samples FROM run_list")
        == ["1|clean|1.2.3|legacy=memory: new=memory:|0"])
  }
}
