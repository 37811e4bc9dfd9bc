import Foundation
import SluiceTestSupport
import Testing

/// A client library of Debian: a package of an ordinary language, with a script that works as its users do.
enum ClientLibrary: String, CaseIterable, Sendable {
  case python, php, ruby, perl

  /// The interpreter that Debian's packages belong to; another one in `PATH` would not find them.
  private var interpreter: String {
    self == .python ? "/usr/bin/python3" : "/usr/bin/\(rawValue)"
  }

  private var suffix: String {
    switch self {
    case .python: "py"
    case .php: "php"
    case .ruby: "rb"
    case .perl: "pl"
    }
  }

  /// Runs the script against a proxy; `scope` is `all`, or `strings` for stacks that know nothing else.
  func work(port: UInt16, scope: String = "all") throws {
    try run("ordinary_work", port: port, scope, expecting: "all well")
  }

  /// Runs the script that has transactions, scripts and SELECTs refused among its work.
  func beRefused(port: UInt16, rounds: Int) throws {
    try run("refused_work", port: port, "\(rounds)", expecting: "all refusals are whole")
  }

  private func run(_ name: String, port: UInt16, _ argument: String, expecting: String) throws {
    guard FileManager.default.isExecutableFile(atPath: interpreter) else {
      throw TestFailure("there is no \(interpreter); run scripts/install-packages")
    }
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Scripts/\(name).\(suffix)").path
    let ran = try Child.run(interpreter, [script, "\(port)", argument], within: .seconds(120))
    #expect(ran.exit == .code(0), "\(ran.output)\(ran.errors)")
    #expect(ran.output == "\(rawValue): \(expecting)\n", "\(ran.errors)")
  }
}

extension Acceptance {
  /// The clients that `apt-get` brings do their ordinary work without noticing.
  @Suite struct ClientLibraryTests {
    @Test("in live, with half of the keys on each stack", arguments: ClientLibrary.allCases)
    func live(_ library: ClientLibrary) throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      try library.work(port: stacks.sluice.port)
      try stacks.expectAgreement()
    }

    @Test("in every other stage", arguments: ["off", "dualwrite", "shadow", "rampdown", "complete"])
    func stages(_ stage: String) throws {
      let stacks = try TwoStacks(stage: stage)
      for library in ClientLibrary.allCases { try library.work(port: stacks.sluice.port) }
      #expect(try stacks.sluice.status().flag("rolled_back") == false)
    }

    @Test("with two threads", arguments: ClientLibrary.allCases)
    func threads(_ library: ClientLibrary) throws {
      let stacks = try TwoStacks(stage: "live", percent: 50, threads: 2)
      try library.work(port: stacks.sluice.port)
      try stacks.expectAgreement()
    }

    @Test("with two embedded stacks and no Redis at all", arguments: ["off", "live"])
    func memory(_ stage: String) throws {
      let sluice = try SluiceProcess(
        legacy: "memory:", new: "memory:", SluiceProcess.Options(stage: stage, percent: 50))
      for library in ClientLibrary.allCases { try library.work(port: sluice.port, scope: "strings") }
      let status = try sluice.status()
      #expect(status.number("compare.diverged") == 0, "\(status)")
    }
  }
}

extension TwoStacks {
  /// Reads were compared, none differed, nothing was dropped and nothing rolled back.
  func expectAgreement() throws {
    try eventually("reads are compared") {
      try sluice.status().number("compare.matched") ?? 0 > 0
    }
    let status = try sluice.status()
    #expect(status.number("compare.diverged") == 0, "\(status)")
    #expect(status.number("compare.dropped") == 0, "\(status)")
    #expect(status.number("mirror.dropped_writes") == 0, "\(status)")
    #expect(status.flag("rolled_back") == false, "\(status)")
  }
}
