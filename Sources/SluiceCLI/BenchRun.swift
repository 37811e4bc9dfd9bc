import ArgumentParser
import Foundation
import SluiceCache
import SluiceLedger
import SluiceLinkTLS
import SluiceRedisClient

/// Where results are kept, and which belong together.
struct BenchPlace: ParsableArguments {
  @Option(help: ArgumentHelp("The SQLite file that keeps the results; made if missing.", valueName: "path"))
  var ledger = "sluice.db"

  @Option(help: ArgumentHelp("What belongs together: one name per migration.", valueName: "name"))
  var name = "default"
}

/// What to measure and how.
struct BenchRun: ParsableArguments {
  @OptionGroup var place: BenchPlace

  @Option(
    help: ArgumentHelp(
      "The Redis, or the proxy, to measure; a password in it is not kept.", valueName: "url"))
  var url = "redis://127.0.0.1:6400"

  @Option(
    help: ArgumentHelp("plain, web_app, ai_app, testing or memory (no Redis).", valueName: "preset"))
  var preset = Preset.plain

  @Option(help: ArgumentHelp("Pairs of set and get, 1 to 1000000.", valueName: "count"))
  var pairs = 1000

  @Option(help: ArgumentHelp("Pairs before, which are not measured, 0 to 100000.", valueName: "count"))
  var warmUp = 10

  @Option(help: ArgumentHelp("Bytes of each value, 1 to 16777216.", valueName: "bytes"))
  var valueBytes = 64

  enum Preset: String, ExpressibleByArgument, CaseIterable {
    case plain
    case webApp = "web_app"
    case aiApp = "ai_app"
    case testing, memory
  }

  func validate() throws {
    guard (1...1_000_000).contains(pairs) else { throw ValidationError("--pairs: write 1 to 1000000") }
    guard (0...100_000).contains(warmUp) else { throw ValidationError("--warm-up: write 0 to 100000") }
    guard (1...16_777_216).contains(valueBytes) else {
      throw ValidationError("--value-bytes: write 1 to 16777216")
    }
    if preset != .memory {
      do { _ = try RedisEndpoint(url) } catch { throw ValidationError("--url: \(error.message)") }
    }
  }

  /// Measures, keeps the result and prints it.
  func measure(_ phase: BenchmarkBook.Phase) async throws {
    let (cache, name) = try await cache()
    let subject = name + (try isProxy() ? Self.throughProxy : "")
    let result = await CacheBenchmark(pairs: pairs, warmUp: warmUp, valueBytes: valueBytes).run(
      on: cache, subject: subject)
    await cache.disconnect()
    guard result.succeeded > 0 else {
      throw Failure(
        .unavailable, "\(subject): not one value came back, so nothing was kept; see whether it answers")
    }
    let lost = result.pairs - min(result.pairs, result.succeeded)
    // How fast something failed says nothing of how fast it works.
    guard lost == 0 else {
      throw Failure(
        .data,
        "\(lost) of \(result.pairs) pairs were lost or wrong: this is no \(phase == .before ? "baseline" : "measurement"), "
          + "so nothing was kept; see who else is at \(subject)")
    }
    do {
      try BenchmarkBook(path: place.ledger).add(
        BenchmarkBook.Entry(result, name: place.name, phase: phase, valueBytes: valueBytes))
    } catch {
      throw ReportCommand.failure(error)
    }
    let microseconds = [
      result.averageSeconds, result.medianSeconds, result.p95Seconds, result.p99Seconds,
    ].map { "\(Int(clamping: Int64(($0 * 1e6).rounded())))" }
    Output.line(
      """
      \(phase.rawValue) \(Output.printable(subject)): \(result.succeeded) of \(result.pairs) pairs came back right, \
      \(Int(clamping: Int64(result.operationsPerSecond.rounded()))) operations per second
      a pair took \(microseconds[0]) us on average, p50 \(microseconds[1]), p95 \(microseconds[2]), \
      p99 \(microseconds[3]); kept in \(place.ledger) as "\(Output.printable(place.name))"
      """)
  }

  /// Behind the subject of a run that went through a proxy; it is kept with it, so that `compare` knows the way.
  static let throughProxy = ", through Sluice"

  /// Whether it is a proxy of ours that answers: its list of clients has their lanes, and no Redis has those.
  private func isProxy() throws(Failure) -> Bool {
    guard preset != .memory else { return false }
    do throws(RedisError) {
      let client = try RedisClient(try RedisEndpoint(url))
      guard case .string(let line) = try client.command("CLIENT", "INFO") else { return false }
      return String(decoding: line, as: UTF8.self).contains(" lane=")
    } catch {
      throw Failure(.unavailable, error.message)
    }
  }

  private func cache() async throws -> (any Cache, String) {
    guard preset != .memory else {
      return (MemoryCache(maxEntries: pairs + warmUp), "memory")
    }
    CacheTLS.use(LinkTLSContext.maker)
    do {
      let endpoint = try RedisEndpoint(url)
      let subject = "\(preset.rawValue) \(endpoint)"
      let factory = CacheFactory()
      switch preset {
      case .webApp:
        return (try await factory.forWebApp(redisURL: url, failOnConnectionError: true).cache, subject)
      case .aiApp:
        return (try await factory.forAIApp(redisURL: url, failOnConnectionError: true).cache, subject)
      case .testing:
        return (try await factory.forTesting(redisURL: url, failOnConnectionError: true).cache, subject)
      case .plain, .memory:
        var settings = RedisCache.Settings(url: url)
        settings.l1Entries = nil
        settings.compressionThreshold = nil
        let cache = try RedisCache(settings)
        try await cache.connect()
        return (cache, subject)
      }
    } catch let error as RedisError {
      throw Failure(.unavailable, error.message)
    } catch let error as CacheError {
      throw Failure(error.kind == .infrastructure ? .unavailable : .configuration, error.message)
    }
  }
}

extension BenchmarkBook.Entry {
  init(_ result: BenchmarkResult, name: String, phase: BenchmarkBook.Phase, valueBytes: Int) {
    self.init(
      at: result.at, name: name, phase: phase, subject: result.subject, valueBytes: valueBytes,
      pairs: result.pairs, succeeded: result.succeeded, total: result.totalSeconds,
      average: result.averageSeconds, minimum: result.minimumSeconds, maximum: result.maximumSeconds,
      median: result.medianSeconds, p95: result.p95Seconds, p99: result.p99Seconds,
      deviation: result.deviationSeconds, memoryGrowth: result.memoryGrowthBytes)
  }
}

extension BenchmarkResult {
  init(_ entry: BenchmarkBook.Entry) {
    self.init(subject: entry.subject, at: entry.at, times: [], succeeded: 0)
    pairs = entry.pairs
    succeeded = entry.succeeded
    totalSeconds = entry.total
    averageSeconds = entry.average
    minimumSeconds = entry.minimum
    maximumSeconds = entry.maximum
    medianSeconds = entry.median
    p95Seconds = entry.p95
    p99Seconds = entry.p99
    deviationSeconds = entry.deviation
    memoryGrowthBytes = entry.memoryGrowth
  }
}
