import ArgumentParser

#if canImport(Glibc)
  import Glibc
#endif

/// Plays worlds, one for each seed, and says which law was broken in which.
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sluice-simulate",
    abstract: "Runs the proxy's machines in simulated worlds, one for each seed, and looks for a broken law.")

  @Option(help: "How many seeds.") var seeds = 200
  @Option(help: "The first seed.") var from: UInt64 = 1
  @Option(help: "How many commands the clients of a world ask.") var operations = 3000
  @Option(help: "Stop after so many violated seeds.") var most = 5
  @Option(help: "Begin no seed after so many seconds.") var seconds = 3600.0
  @Flag(help: "Tell what happened in every world.") var story = false

  func run() throws {
    // One seed is one order of events: no dictionary may have an order of its own in each process.
    if getenv("SWIFT_DETERMINISTIC_HASHING") == nil {
      setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
      var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
      execv("/proc/self/exe", &arguments)
    }
    // A killed process keeps nothing, but here its files stay open until somebody notices.
    var files = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
    files.rlim_cur = files.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
    guard let folder = newFolder() else {
      throw ValidationError("No folder can be made in /dev/shm or /tmp for the journals; make room there.")
    }
    defer { removeFolder(folder) }
    var (operations, flips, faults, compared, wrong) = (0, 0, 0, UInt64(0), 0)
    let began = ContinuousClock.now
    var (played, mark) = (0, UInt64(0))
    for seed in from..<from + UInt64(max(0, seeds)) where began.duration(to: .now) < .seconds(seconds) {
      let outcome = SimWorld.play(seed: seed, operations: self.operations, folder: folder, tells: story)
      played += 1
      mark = mark &* 31 &+ outcome.mark
      operations += outcome.operations
      flips += outcome.flips
      faults += outcome.faults
      compared += outcome.compared
      if story { for line in outcome.story { say(line) } }
      guard !outcome.violations.isEmpty else { continue }
      wrong += 1
      say("seed \(seed): \(outcome.plan)")
      for violation in outcome.violations.prefix(6) { say("  \(violation.prefix(1500))") }
      if wrong >= most { break }
    }
    let took = began.duration(to: .now)
    let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
    say(
      "\(played) seeds from \(from): \(operations) operations, \(flips) flips, \(faults) faults, \(compared) comparisons, "
        + "\(wrong) seeds with a violation, mark \(String(mark, radix: 16)); \(Int(Double(operations) / max(seconds, 0.001))) operations a second"
    )
    if wrong > 0 { throw ExitCode(1) }
  }
}

/// At once, for whoever looks through a pipe.
private func say(_ line: String) {
  let bytes = Array((line + "\n").utf8)
  _ = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
}

Simulate.main()
