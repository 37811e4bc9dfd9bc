import ArgumentParser
import Foundation
import SluiceCache
import SluiceLoadGenerator
import SluiceLocks

/// `sluice-bench cache`: the cache library beside redis-py's asyncio and redis-benchmark, at the same Redis.
struct CacheCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache",
    abstract: "Read 100-byte values by RedisCache, redis-py (asyncio) and redis-benchmark in turn.",
    discussion: """
      Every side reads as fast as it can, with one task and with fifty; the cache has no tier in memory, and decodes JSON, which the \
      others do not. CPU is that of the client's process. Progress goes to standard error, the table to standard output. See \
      docs/benchmarks.md.
      """)

  @Option(help: "A Python with redis-py; without one its column is left out.")
  var python = "python3"

  @Option(help: "How often all sides run.")
  var rounds = 5

  @Option(help: "How long each side runs in a round, in seconds.")
  var seconds = 2.0

  @Option(help: "Connections of the cache.")
  var connections = 2

  func validate() throws {
    guard rounds > 0, seconds > 0, seconds < 1000, 1...64 ~= connections else {
      throw ValidationError("counts and times must be above zero, --connections at most 64")
    }
  }

  func run() throws { try withScratchFolder(measure) }

  /// One side in one round.
  private struct Sample {
    var perSecond: Double
    /// Microseconds of processor time per operation; nil where nobody says.
    var cpu: Double?
  }

  private static let keys = 1000
  private static let tasks = [1, 50]

  private func measure(in folder: ScratchFolder) throws {
    let redis = try LocalServer.redis(in: folder, name: "redis")
    try plant(redis.port)
    let script = try folder.write("client.py", Self.script)
    var samples: [String: [[Sample]]] = [:]
    func keep(_ side: String, _ column: Int, _ sample: Sample) {
      samples[side, default: [[], []]][column].append(sample)
      let words = "\(side), \(Self.tasks[column]) tasks: \(fixed(sample.perSecond, 0))/s"
      let cpu = sample.cpu.map { ", \(fixed($0, 2)) µs of CPU" } ?? ""
      FileHandle.standardError.write(Data("\(words)\(cpu)\n".utf8))
    }
    for _ in 0..<rounds {
      for (column, tasks) in Self.tasks.enumerated() {
        keep("RedisCache", column, try cache(redis.port, tasks))
        if let sample = try python(script, redis.port, tasks, in: folder) { keep("redis-py", column, sample) }
        keep("redis-benchmark", column, try benchmark(redis.port, tasks, in: folder))
      }
    }
    say(table(samples))
    withExtendedLifetime(redis) {}
  }

  private func table(_ samples: [String: [[Sample]]]) -> String {
    var lines = [
      "| client | ops/s, 1 task | CPU per op | ops/s, 50 tasks | CPU per op |", "|---|---|---|---|---|",
    ]
    for side in ["RedisCache", "redis-py", "redis-benchmark"] {
      guard let columns = samples[side] else { continue }
      let cells = columns.flatMap { column -> [String] in
        let cpu = column.compactMap(\.cpu)
        return [
          Self.median(column.map(\.perSecond), 0), cpu.isEmpty ? "–" : "\(Self.median(cpu, 2)) µs",
        ]
      }
      lines.append("| \(side) | \(cells.joined(separator: " | ")) |")
    }
    if let ours = samples["RedisCache"], let theirs = samples["redis-py"] {
      let ratios = zip(ours, theirs).map { ours, theirs in
        Self.median(zip(ours, theirs).map { $0.perSecond / max($1.perSecond, 1) }, 2)
      }
      lines.append("")
      lines.append("RedisCache ÷ redis-py, by rounds: \(ratios[0]) with one task, \(ratios[1]) with fifty")
    }
    return lines.joined(separator: "\n")
  }

  private static func median(_ values: [Double], _ decimals: Int) -> String {
    let sorted = values.sorted()
    guard let first = sorted.first, let last = sorted.last else { return "–" }
    return "\(fixed(sorted[sorted.count / 2], decimals)) [\(fixed(first, decimals))–\(fixed(last, decimals))]"
  }

  private func settings(_ port: UInt16) -> RedisCache.Settings {
    var settings = RedisCache.Settings(url: "redis://127.0.0.1:\(port)")
    settings.l1Entries = nil
    settings.connections = connections
    settings.connectTimeout = .seconds(5)
    settings.commandTimeout = .seconds(5)
    return settings
  }

  private func plant(_ port: UInt16) throws {
    let settings = settings(port)
    try Self.blocking {
      let cache = try RedisCache(settings)
      let value = CacheValue.string(String(repeating: "x", count: 93))
      for number in 0..<Self.keys { await cache.set("key:\(number)", to: value, ttl: .seconds(100_000)) }
    }
  }

  private func cache(_ port: UInt16, _ tasks: Int) throws -> Sample {
    let (settings, time) = (settings(port), seconds)
    return try Self.blocking {
      let cache = try RedisCache(settings)
      for number in 0..<100 { _ = await cache.value(for: "key:\(number)") }
      let before = Self.processorTime()
      let start = ContinuousClock.now
      let end = start + .seconds(time)
      let count = await withTaskGroup(of: Int.self) { group in
        for task in 0..<tasks {
          group.addTask {
            var count = 0
            while ContinuousClock.now < end {
              for step in 0..<16 {
                guard await cache.value(for: "key:\((count + step + task) % Self.keys)") != nil else {
                  return 0
                }
              }
              count += 16
            }
            return count
          }
        }
        return await group.reduce(0, +)
      }
      guard count > 0 else { throw BenchError("the cache did not find what was planted") }
      let elapsed = (ContinuousClock.now - start) / .seconds(1)
      return Sample(
        perSecond: Double(count) / elapsed, cpu: (Self.processorTime() - before) * 1e6 / Double(count))
    }
  }

  private func python(
    _ script: String, _ port: UInt16, _ tasks: Int, in folder: ScratchFolder
  ) throws -> Sample? {
    let log = "\(folder.path)/python-\(MonotonicClock.now()).log"
    let process = try ChildProcess(python, [script, "\(port)", "\(tasks)", "\(seconds)"], log: log)
    guard process.end() == 0 else {
      if process.lastWords.contains("No module named") { return nil }
      throw BenchError("redis-py failed: \(process.lastWords)")
    }
    let words = ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").split(
      whereSeparator: \.isWhitespace)
    guard words.count == 3, let count = Double(words[0]), let elapsed = Double(words[1]),
      let cpu = Double(words[2]), count > 0
    else { throw BenchError("redis-py said no figures: \(words.joined(separator: " "))") }
    return Sample(perSecond: count / elapsed, cpu: cpu * 1e6 / count)
  }

  private func benchmark(_ port: UInt16, _ tasks: Int, in folder: ScratchFolder) throws -> Sample {
    let log = "\(folder.path)/benchmark-\(MonotonicClock.now()).log"
    let count = Int(seconds * (tasks == 1 ? 10_000 : 50_000))
    let process = try ChildProcess(
      "redis-benchmark",
      [
        "-p", "\(port)", "-c", "\(tasks)", "-n", "\(count)", "--csv", "-r", "\(Self.keys)", "GET",
        "key:__rand_int__",
      ], log: log)
    guard process.end() == 0 else { throw BenchError("redis-benchmark failed: \(process.lastWords)") }
    let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
    // `"GET key:__rand_int__","58377.12",…` behind a line of names.
    let cells = text.split(separator: "\n").last?.split(separator: ",") ?? []
    guard cells.count > 1, let rate = Double(cells[1].filter { $0 != "\"" }) else {
      throw BenchError("redis-benchmark said no figures: \(text)")
    }
    return Sample(perSecond: rate, cpu: nil)
  }

  /// Seconds of this process.
  private static func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Runs what is asynchronous from a command that is not.
  private static func blocking<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) throws
    -> Value
  {
    let done = DispatchSemaphore(value: 0)
    let result = Box<Value>()
    Task.detached {
      do {
        let value = try await work()
        result.value.withLock { $0 = .success(value) }
      } catch {
        result.value.withLock { $0 = .failure(error) }
      }
      done.signal()
    }
    done.wait()
    guard let result = result.value.withLock({ $0 }) else { throw BenchError("nothing came of it") }
    return try result.get()
  }

  private final class Box<Value: Sendable>: Sendable {
    let value = Mutex<Result<Value, any Error>?>(nil)
  }

  private static let script = """
    import asyncio, sys, time
    import redis.asyncio as redis
    async def main(port, tasks, seconds):
        client = redis.Redis(port=port, max_connections=tasks)
        await asyncio.gather(*(client.get("key:%d" % n) for n in range(tasks)))
        cpu, start = time.process_time(), time.monotonic()
        end = start + seconds
        async def work(first):
            count = 0
            while time.monotonic() < end:
                for step in range(16):
                    assert await client.get("key:%d" % ((count + step + first) % 1000)) is not None
                count += 16
            return count
        counts = await asyncio.gather(*(work(task) for task in range(tasks)))
        print(sum(counts), time.monotonic() - start, time.process_time() - cpu)
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
    """
}
