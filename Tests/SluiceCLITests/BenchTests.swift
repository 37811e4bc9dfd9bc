import ArgumentParser
import Foundation
import SluiceCache
import SluiceLedger
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

@testable import SluiceCLI

@Suite struct BenchTests {
  private let folder: ScratchFolder
  private var ledger: String { "\(folder.path)/bench.db" }

  init() throws { folder = try ScratchFolder() }

  private func run(_ arguments: [String]) async throws {
    var command = try SluiceCommand.parseAsRoot(["bench"] + arguments + ["--ledger", ledger])
    if var asynchronous = command as? any AsyncParsableCommand {
      try await asynchronous.run()
    } else {
      try command.run()
    }
  }

  /// Keeps a run whose pairs all took so many milliseconds.
  private func keep(
    _ phase: BenchmarkBook.Phase, milliseconds: Double, name: String = "default", subject: String = "given",
    succeeded: Int = 100
  ) throws {
    let result = BenchmarkResult(
      subject: subject, times: [Double](repeating: milliseconds / 1000, count: 100), succeeded: succeeded)
    try BenchmarkBook(path: ledger).add(
      BenchmarkBook.Entry(result, name: name, phase: phase, valueBytes: 64))
  }

  @Test("Both phases are measured on a real Redis, kept, and compared; the Redis is left as it was")
  func walk() async throws {
    let redis = try RedisServer()
    #expect(try redis.client().command("SET", "kept", "1") == .status("OK"))
    for phase in ["before", "after"] {
      try await run([phase, "--url", redis.url, "--pairs", "20", "--warm-up", "2"])
    }
    try await run(["after", "--url", redis.url, "--preset", "web_app", "--pairs", "20"])
    #expect(try redis.client().command("DBSIZE") == .integer(1))
    let book = BenchmarkBook(path: ledger)
    let before = try #require(try book.latest("default", .before))
    #expect(before.pairs == 20 && before.succeeded == 20 && before.total > 0)
    #expect(before.subject == "plain \(redis.url)")
    #expect(try book.latest("default", .after)?.subject == "web_app \(redis.url)")
    #expect(try book.latest("other", .after) == nil)
  }

  @Test("The newest of each phase are compared, and a regression is an exit code")
  func compares() async throws {
    try keep(.before, milliseconds: 50)
    try keep(.before, milliseconds: 10)
    try keep(.after, milliseconds: 10.5)
    try await run(["compare"])
    try keep(.after, milliseconds: 20)
    let failure = await #expect(throws: Failure.self) { try await run(["compare"]) }
    #expect(failure?.code == .data)
    #expect(failure?.message.contains("operations per second") == true)
    try keep(.before, milliseconds: 10, name: "other")
    let missing = await #expect(throws: Failure.self) { try await run(["compare", "--name", "other"]) }
    #expect(missing?.code == .noInput)
  }

  @Test(
    "Where one run went through the proxy and the other did not, its hop is named, and there is no verdict")
  func hop() async throws {
    let (straight, through) = ("plain redis://old", "plain redis://proxy" + BenchRun.throughProxy)
    for (before, after, isHop) in [
      (straight, through, true), (through, straight, true), (straight, straight, false),
      (through, through, false),
    ] {
      let name = "\(before) \(after)"
      try keep(.before, milliseconds: 10, name: name, subject: before)
      try keep(.after, milliseconds: isHop ? 30 : 10, name: name, subject: after)
      let comparison = try
        (SluiceCommand.parseAsRoot(
          ["bench", "compare", "--name", name, "--ledger", ledger]) as? BenchCompare)?.comparison()
      let text = BenchCompare.text(try #require(comparison))
      #expect(text.contains("the proxy's hop is in the difference") == isHop, "\(text)")
      guard isHop else {
        try await run(["compare", "--name", name])
        continue
      }
      let failure = await #expect(throws: Failure.self) { try await run(["compare", "--name", name]) }
      #expect(failure?.code == .data && failure?.message.contains("hop") == true)
    }
  }

  @Test("A run that lost pairs is not kept, and one that an older version has kept is not compared")
  func lost() async throws {
    let redis = try RedisServer()
    let url = redis.url
    let emptier = Task.detached {
      let client = try RedisClient(try RedisEndpoint(url))
      while !Task.isCancelled { _ = try client.command("FLUSHALL") }
    }
    let failure = await #expect(throws: Failure.self) {
      try await run(["before", "--url", url, "--pairs", "1000", "--warm-up", "0"])
    }
    emptier.cancel()
    #expect(
      failure?.code == .data && failure?.message.contains("no baseline") == true,
      "\(String(describing: failure))")
    #expect(!FileManager.default.fileExists(atPath: ledger))
    try keep(.before, milliseconds: 10, succeeded: 50)
    try keep(.after, milliseconds: 10)
    let old = await #expect(throws: Failure.self) { try await run(["compare"]) }
    #expect(old?.code == .data && old?.message.contains("lost 50 of its 100 pairs") == true)
  }

  @Test("The table names the figures and the verdict")
  func table() throws {
    let comparison = BenchmarkComparison(
      before: BenchmarkResult(subject: "redis://old", times: [0.010], succeeded: 1),
      after: BenchmarkResult(subject: "redis://new", times: [0.020], succeeded: 1))
    let text = BenchCompare.text(comparison)
    #expect(text.contains("before  redis://old"))
    #expect(text.contains("operations per second"))
    #expect(text.contains("100.0 % worse"))
    #expect(BenchCompare.change(-5.081) == "508.1 % better" && BenchCompare.change(0.0001) == "none")
    #expect(text.contains("verdict critical; baseline NOT kept"))
  }

  @Test("What cannot be measured is an error that tells what to do, and keeps nothing")
  func troubles() async throws {
    let nobody = "redis://:hidden@127.0.0.1:\(try Ports.free())"
    let unreachable = await #expect(throws: Failure.self) { try await run(["before", "--url", nobody]) }
    #expect(unreachable?.code == .unavailable)
    #expect(unreachable?.message.contains("hidden") == false)
    let noLedger = await #expect(throws: Failure.self) { try await run(["compare"]) }
    #expect(noLedger?.code == .noInput)
    for wrong in [
      ["before", "--pairs", "0"], ["after", "--preset", "none"], ["before", "--value-bytes", "0"],
    ] {
      #expect(throws: (any Error).self) { try SluiceCommand.parseAsRoot(["bench"] + wrong) }
    }
  }
}
