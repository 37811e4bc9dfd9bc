import ArgumentParser
import Foundation
import SluiceLoadGenerator
import SluiceRedisClient

/// `sluice-bench copies`.
struct CopiesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "copies",
    abstract:
      "How many writes in 10,000 make the proxy copy a key, for each profile and for loads that ask for it.",
    discussion: """
      Everything runs in stage dualwrite between two servers that were empty, so every write could be repeated. The servers count: a \
      RESTORE or a RENAME that no client has sent is a copy. With --against another sluice does the same beside it.
      """)

  @OptionGroup var servers: ServerOptions

  @Option(help: "The sluice executable; by default the one beside this program.")
  var sluice: String?

  @Option(help: "Another sluice to compare with.")
  var against: String?

  @Option(help: "Writes of each load.")
  var writes = 50_000

  @Option(help: "The seed of the loads.")
  var seed: UInt64 = 1

  func validate() throws {
    guard (1000...100_000_000).contains(writes) else {
      throw ValidationError("--writes is from 1000 to 100000000")
    }
  }

  func run() throws {
    let programs = [try SluiceProcess.path(sluice)] + (try against.map { [try SluiceProcess.path($0)] } ?? [])
    say(
      "servers \(servers.pair); copies in 10,000 writes\(against == nil ? "" : ", and those of \(programs[1])")"
    )
    let profiles = WorkloadProfile.builtin.filter { $0.readShare < 0.995 }
    for profile in profiles {
      try measure(profile.name, programs) { endpoint in
        let share = max(0.005, 1 - profile.readShare)
        let plan = LoadPlan(
          endpoint: endpoint, profile: profile, connections: 16, pipeline: 8,
          limit: .commands(min(4 * writes, Int(Double(writes) / share))), keys: 10_000, seed: seed)
        let result = LoadRun.run(plan)
        return Int(Double(result.commands) * share)
      }
    }
    for kind in TypedLoad.Kind.allCases {
      try measure(kind.rawValue, programs) { endpoint in
        try TypedLoad.start(endpoint, kind, connections: 8, writes: writes, seed: seed).finish()
      }
    }
  }

  private func measure(
    _ name: String, _ programs: [String], _ load: (RedisEndpoint) throws -> Int
  ) throws {
    var shares: [String] = []
    for program in programs {
      try withScratchFolder { folder in
        let (legacy, new) = try servers.start(in: folder)
        let proxy = try SluiceProcess.start(
          program, legacy: legacy.endpoint, new: new.endpoint, in: folder, name: "sluice", comparing: true)
        try proxy.order("STAGE", "dualwrite")
        let count = try load(proxy.server.endpoint)
        // One that cannot copy between these two never comes to rest.
        let isSettled = (try? proxy.settledCounts()) != nil
        let copies = try Self.copies(on: legacy) + Self.copies(on: new)
        let share = fixed(Double(copies) * 10_000 / Double(max(1, count)), 2)
        shares.append(isSettled ? share : "\(share), and keys that it cannot copy")
        withExtendedLifetime((legacy, new, proxy)) {}
      }
    }
    say("  \(name.padding(toLength: 12, withPad: " ", startingAt: 0)) \(shares.joined(separator: "   "))")
  }

  /// No load of ours renames or restores anything.
  private static func copies(on server: LocalServer) throws -> Int {
    let text = try server.client().command("INFO", "commandstats").text ?? ""
    return text.split(whereSeparator: \.isNewline).reduce(0) { sum, line in
      guard ["cmdstat_restore:", "cmdstat_rename:", "cmdstat_renamenx:"].contains(where: line.hasPrefix),
        let calls = line.split(separator: "=").dropFirst().first?.prefix(while: \.isNumber)
      else { return sum }
      return sum + (Int(calls) ?? 0)
    }
  }
}
