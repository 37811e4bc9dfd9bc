import ArgumentParser
import Foundation
import SluiceLoadGenerator
import SluiceRedisClient

/// `sluice-bench guardrails`.
struct GuardrailsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "guardrails",
    abstract: "Break the new stack at live 50 and see how long clients pay for it.",
    discussion: """
      First every key of new becomes wrong at once, under 300 reads a second: how long from the first bad answer to the rollback, and how
      many of them clients got. Then new answers 300 ms late: how long until the guardrail pauses. Ends with code 1 if that takes 0.5 s,
      60 answers or 5 s.
      """)

  @Option(help: "The sluice executable; by default the one beside this program.")
  var sluice: String?

  @Option(help: "How often each fault is made.")
  var rounds = 3

  func run() throws {
    try withScratchFolder { _ in
      var isGood = true
      for _ in 1...max(1, rounds) {
        // Each has a folder of its own: a latch file is for all who share one.
        let wrong = try wrongAnswers(in: ScratchFolder())
        say(
          "every key of new wrong   rolled back \(fixed(wrong.seconds * 1000, 0)) ms after the first bad answer, \(wrong.answers) wrong answers"
        )
        let late = try lateAnswers(in: ScratchFolder())
        say("new 300 ms late          paused after \(fixed(late, 2)) s")
        isGood = isGood && wrong.seconds < 0.5 && wrong.answers < 60 && late < 5
      }
      say("verdict                  \(isGood ? "PASS" : "FAIL")")
      if !isGood { throw ExitCode(1) }
    }
  }

  private static let keys = 2000

  private func start(
    in folder: ScratchFolder, late: Bool
  ) throws -> (proxy: SluiceProcess, servers: [LocalServer], new: RedisClient, line: DelayLine?) {
    let legacy = try LocalServer.redis(in: folder, name: "legacy")
    let new = try LocalServer.redis(in: folder, name: "new")
    var place = new.endpoint
    var line: DelayLine?
    if late {
      let delayed = try DelayLine(to: new.port)
      line = delayed
      place = RedisEndpoint(.tcp(host: "127.0.0.1", port: delayed.port))
    }
    let proxy = try SluiceProcess.start(
      SluiceProcess.path(sluice), legacy: legacy.endpoint, new: place, in: folder, name: "sluice",
      comparing: true)
    try proxy.order("STAGE", "dualwrite")
    let client = try RedisClient(proxy.server.endpoint)
    for key in 0..<Self.keys { _ = try client.command("SET", "key:\(key)", "right") }
    _ = try proxy.settledCounts()
    try proxy.order("STAGE", "live", "50")
    return (proxy, [legacy, new], try RedisClient(new.endpoint), line)
  }

  /// At 300 reads a second, each of another key.
  private func wrongAnswers(
    in folder: ScratchFolder
  ) throws -> (seconds: Double, answers: Int) {
    let (proxy, servers, new, _) = try start(in: folder, late: false)
    defer { withExtendedLifetime((servers, proxy, folder)) {} }
    let client = try RedisClient(proxy.server.endpoint)
    let control = try RedisClient(proxy.control)
    var generator = SplitMix64(seed: 7)
    var next = MonotonicClock.now()
    func read() throws -> String? {
      next += 1_000_000_000 / 300
      let now = MonotonicClock.now()
      if next > now { usleep(UInt32((next - now) / 1000)) }
      return try client.command("GET", "key:\(Int.random(in: 0..<Self.keys, using: &generator))").text
    }
    for _ in 0..<300 { _ = try read() }
    for key in 0..<Self.keys { try new.append("SET", "key:\(key)", "wrong") }
    for _ in 0..<Self.keys { _ = try new.reply() }
    next = MonotonicClock.now()
    var (first, answers) = (UInt64?.none, 0)
    let deadline = MonotonicClock.now() + 20_000_000_000
    while MonotonicClock.now() < deadline {
      if try read() == "wrong" {
        answers += 1
        first = first ?? MonotonicClock.now()
      }
      // Asked after each read, so that the answer is no older than that.
      if case .array(let lines) = try control.command("WHICH", "key:0"),
        lines.first?.text?.contains("rolled back") == true
      {
        return (first.map { Double(MonotonicClock.now() - $0) / 1e9 } ?? 0, answers)
      }
    }
    throw BenchError("no rollback within 20 s, after \(answers) wrong answers")
  }

  /// Twenty clients that wait for each answer.
  private func lateAnswers(in folder: ScratchFolder) throws -> Double {
    let (proxy, servers, _, line) = try start(in: folder, late: true)
    defer { withExtendedLifetime((servers, proxy, line, folder)) {} }
    let load = LoadRun.start(
      LoadPlan(
        endpoint: proxy.server.endpoint, profile: .uniform(), connections: 20, pipeline: 1,
        limit: .time(.seconds(60)), keys: Self.keys, seed: 1))
    defer {
      load.stop()
      _ = load.finish()
    }
    usleep(3_000_000)
    if let why = try proxy.paused() { throw BenchError("paused before there was a reason: \(why)") }
    line?.delay(milliseconds: 300)
    let began = MonotonicClock.now()
    while MonotonicClock.now() < began + 30_000_000_000 {
      if try proxy.paused() != nil { return Double(MonotonicClock.now() - began) / 1e9 }
      usleep(10_000)
    }
    throw BenchError("no pause within 30 s")
  }
}
