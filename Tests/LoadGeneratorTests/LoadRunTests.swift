import SluiceLoadGenerator
import SluiceRedisClient
import Testing

@Suite struct LoadRunTests {
  private let folder: ScratchFolder
  private let server: LocalServer

  init() throws {
    folder = try ScratchFolder()
    server = try LocalServer.redis(in: folder)
  }

  @Test(arguments: WorkloadProfile.builtin.map(\.name))
  func isCleanAgainstARealRedis(_ name: String) throws {
    let profile = try #require(WorkloadProfile.named(name))
    // Making and checking large values is slow in a debug build.
    let (commands, keys) = profile.meanValueSize > 5000 ? (201, 20) : (4001, 300)
    var plan = LoadPlan(
      endpoint: server.endpoint, profile: profile, connections: 50, threads: 2, pipeline: 16,
      limit: .commands(commands), keys: keys, verify: true, seed: 7)
    let filled = LoadRun.run(plan.filling)
    #expect(filled.isClean, "\(filled.errorSamples)")
    #expect(filled.commands == keys)
    #expect(try server.client().command("DBSIZE") == .integer(Int64(keys)))
    let result = LoadRun.run(plan)
    #expect(result.isClean, "\(result.errorSamples)")
    #expect(result.commands == commands)
    #expect(result.reads == result.hits + result.misses)
    #expect(result.latency(percentile: 50) > 0)
    #expect(result.latency(percentile: 50) <= result.longestWait)
    plan.pipeline = 1
    plan.limit = .time(.milliseconds(100))
    let timed = LoadRun.run(plan)
    #expect(timed.isClean && timed.commands > 0 && timed.seconds < 5)
  }

  @Test func findsAValueThatBelongsToAnotherKey() throws {
    let plan = LoadPlan(
      endpoint: server.endpoint, profile: .uniform(readShare: 1), connections: 2, pipeline: 4,
      limit: .commands(400), keys: 2, verify: true, seed: 1)
    #expect(LoadRun.run(plan.filling).isClean)
    let client = try server.client()
    let keys = plan.keySpace
    let first = try #require(try client.command([Array("GET".utf8), keys.key(0)]).bytes)
    #expect(try client.command([Array("SET".utf8), keys.key(1), first]) == .status("OK"))
    let result = LoadRun.run(plan)
    #expect(result.wrong > 100 && result.wrong < 300)
    #expect(result.errors == 0)
  }

  @Test func countsErrorsAndKeepsTheirText() throws {
    let plan = LoadPlan(
      endpoint: server.endpoint, profile: .uniform(readShare: 1), connections: 1, pipeline: 5,
      limit: .commands(50), keys: 1)
    _ = try server.client().command([Array("LPUSH".utf8), plan.keySpace.key(0), [1]])
    let result = LoadRun.run(plan)
    #expect(result.errors == 50)
    #expect(result.errorSamples.count == 1)
    #expect(result.errorSamples.first?.hasPrefix("WRONGTYPE") == true)
  }

  @Test func keepsToItsRateAndStopsWhenTold() throws {
    let plan = LoadPlan(
      endpoint: server.endpoint, profile: .uniform(), connections: 4, pipeline: 1, limit: .time(.seconds(60)),
      keys: 10, rate: 2000)
    let run = LoadRun.start(plan)
    // At 2000 a second the first 400 take 0.2 s; a Redis without a limit would have answered far more by then.
    while run.commandsSoFar < 400 { _ = try server.client().command("PING") }
    run.stop()
    let result = run.finish()
    #expect(result.isClean)
    #expect(result.throughput < 2200)
  }

  @Test func survivesTheEndOfTheServer() throws {
    let plan = LoadPlan(
      endpoint: server.endpoint, profile: .uniform(), connections: 3, limit: .time(.seconds(60)), keys: 10)
    let run = LoadRun.start(plan)
    while run.commandsSoFar < 100 { _ = try server.client().command("PING") }
    server.process.stop()
    let result = run.finish()
    #expect(result.lostConnections == 3)
    #expect(!result.isClean)
  }
}
