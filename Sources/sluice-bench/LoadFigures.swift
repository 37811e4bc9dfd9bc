import SluiceLoadGenerator

/// The figures of one load as they are printed; times in microseconds.
struct LoadFigures: Codable {
  let commands: Int
  let throughput: Double
  let seconds: Double
  let p50: Double
  let p99: Double
  let p999: Double
  let longestWait: Double
  let reads: Int
  let hits: Int
  let misses: Int
  let errors: Int
  let wrong: Int
  let unanswered: Int
  let lostConnections: Int
  let errorSamples: [String]

  init(_ result: LoadResult) {
    commands = result.commands
    throughput = result.throughput.rounded()
    seconds = result.seconds
    p50 = Double(result.latency(percentile: 50)) / 1000
    p99 = Double(result.latency(percentile: 99)) / 1000
    p999 = Double(result.latency(percentile: 99.9)) / 1000
    longestWait = Double(result.longestWait) / 1000
    reads = result.reads
    hits = result.hits
    misses = result.misses
    errors = result.errors
    wrong = result.wrong
    unanswered = result.unanswered
    lostConnections = result.lostConnections
    errorSamples = result.errorSamples
  }

  var text: String {
    let lines = [
      "commands      \(commands) in \(fixed(seconds, 2)) s: \(fixed(throughput, 0)) per second",
      "wait          p50 \(fixed(p50, 0)) us, p99 \(fixed(p99, 0)) us, p99.9 \(fixed(p999, 0)) us, "
        + "longest \(fixed(longestWait, 0)) us",
      "reads         \(reads): \(hits) hits, \(misses) misses",
      "not right     \(errors) errors, \(wrong) wrong, \(unanswered) unanswered, "
        + "\(lostConnections) connections lost",
    ]
    return (lines + errorSamples.map { "              \($0)" }).joined(separator: "\n")
  }
}
