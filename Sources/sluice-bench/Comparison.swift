import Foundation
import SluiceLoadGenerator
import SluiceRedisClient

/// One workload of the comparison: a profile at a depth of pipelining.
struct Trial {
  let profile: WorkloadProfile
  let pipeline: Int

  var name: String { "\(profile.name), pipeline \(pipeline)" }

  /// What `make bench` shows: 100-byte values at both depths, and two production profiles.
  static let standard: [Trial] = {
    let clusters = ["cluster52", "cluster12"].compactMap { WorkloadProfile.named($0) }
    return [Trial(profile: .uniform(), pipeline: 16), Trial(profile: .uniform(), pipeline: 1)]
      + clusters.map { Trial(profile: $0, pipeline: 16) }
  }()
}

extension Trial {
  /// What layers are measured with: values that fit into L1, and values that are worth compressing.
  static let layered: [Trial] = [100, 4096].map { size in
    var profile = WorkloadProfile.uniform(valueSize: size)
    profile.name = "\(size)-byte values"
    return Trial(profile: profile, pipeline: 16)
  }
}

/// What one side did in one round of one trial.
struct Sample: Codable {
  let throughput: Double
  /// Microseconds.
  let p50: Double
  /// Microseconds.
  let p99: Double
  /// Microseconds of processor time of the proxy per command, all threads; `nil` without a proxy.
  let processor: Double?
  /// Reads compared in this round; `nil` for a side that compares nothing.
  let compared: Int?
  let reads: Int
}

/// Runs every side in turn, round after round, on the same data.
struct Comparison {
  let sides: Sides
  let trials: [Trial]
  let connections: Int
  let rounds: Int
  let seconds: Double
  let keys: Int
  let seed: UInt64

  /// The samples by trial, side and round.
  func run() throws -> [[[Sample]]] {
    var samples = trials.map { _ in sides.all.map { _ in [Sample]() } }
    for (number, trial) in trials.enumerated() {
      for round in 0..<rounds {
        for step in sides.all.indices {
          // Another side begins each round, so that none always has the warmest or the coldest machine.
          let index = (step + round) % sides.all.count
          let side = sides.all[index]
          let sample = try measure(side, trial, round: round)
          samples[number][index].append(sample)
          FileHandle.standardError.write(
            Data("\(trial.name), round \(round + 1): \(side.name) \(fixed(sample.throughput, 0))/s\n".utf8))
        }
      }
    }
    return samples
  }

  private func measure(_ side: Side, _ trial: Trial, round: Int) throws -> Sample {
    var plan = LoadPlan(
      endpoint: sides.legacy.endpoint, profile: trial.profile, connections: connections,
      pipeline: trial.pipeline,
      limit: .time(.seconds(seconds)), keys: keys, seed: seed &+ UInt64(round))
    // Both stacks hold the same before every run; what another side wrote would be a divergence.
    for server in [sides.legacy, sides.new] {
      _ = try server.client().command("FLUSHALL")
      plan.endpoint = server === sides.legacy && side.fillsThrough ? side.target : server.endpoint
      let filled = LoadRun.run(plan.filling)
      guard filled.isClean else { throw BenchError("filling a Redis failed: \(LoadFigures(filled).text)") }
    }
    plan.endpoint = side.target
    let comparedBefore = try side.compared?()
    let before = side.proxy?.processorTime
    let result = LoadRun.run(plan)
    guard result.isClean else { throw BenchError("\(side.name) failed:\n\(LoadFigures(result).text)") }
    // What a proxy still has to do for the mirror belongs to the commands; the others have nothing left to do.
    usleep(200_000)
    let processor = side.proxy.flatMap { proxy in
      before.map {
        Double(proxy.processorTime - min($0, proxy.processorTime)) / 1000 / Double(result.commands)
      }
    }
    let compared = try side.compared?().flatMap { after in comparedBefore.flatMap { $0 }.map { after - $0 } }
    return Sample(
      throughput: result.throughput, p50: Double(result.latency(percentile: 50)) / 1000,
      p99: Double(result.latency(percentile: 99)) / 1000, processor: processor, compared: compared,
      reads: result.reads)
  }
}
