import ArgumentParser
import Foundation
import SluiceConfiguration
import Testing

@testable import SluiceCLI

@Suite struct ParsingTests {
  @Test("serve hands its flags to the configuration")
  func serve() throws {
    let arguments = [
      "serve", "--listen", "127.0.0.1:1", "--listen", "unix:/run/a", "--control", "127.0.0.1:2", "--threads",
      "3",
      "--legacy", "redis://old", "--new", "redis://new", "--flags", "f.json", "--ledger", "l.db",
      "--log-level",
      "debug",
    ]
    let serve = try #require(try SluiceCommand.parseAsRoot(arguments) as? Serve)
    let configuration = try serve.resolved(environment: ["SLUICE_PASSWORD": "x"])
    #expect(configuration.listen == [.tcp(host: "127.0.0.1", port: 1), .unix(path: "/run/a")])
    #expect(configuration.control == [.tcp(host: "127.0.0.1", port: 2)])
    #expect(configuration.threads == 3)
    #expect(configuration.stacks.legacy.endpoint.description == "redis://old:6379")
    #expect(configuration.stacks.new.endpoint.description == "redis://new:6379")
    #expect(configuration.flags.path == "f.json" && configuration.ledger.path == "l.db")
    #expect(configuration.logLevel == .debug && configuration.password == Secret("x"))
  }

  @Test("A wrong configuration of serve is exit code 78 with every problem")
  func serveRefused() throws {
    let serve = try #require(
      try SluiceCommand.parseAsRoot(["serve", "--threads", "x", "--new", "redsi://h"]) as? Serve)
    let failure = try #require(throws: Failure.self) { try serve.resolved(environment: [:]) }
    #expect(failure.code == .configuration)
    #expect(failure.message.contains("--threads:") && failure.message.contains("--new: \"redsi://…\""))
  }

  @Test("Every subcommand parses")
  func subcommands() throws {
    let stage = try #require(try SluiceCommand.parseAsRoot(["stage", "Live", "25%"]) as? StageCommand)
    #expect(stage.name == .live && stage.percent?.text == "25")
    let ramp = try #require(try SluiceCommand.parseAsRoot(["ramp", "0.5"]) as? Ramp)
    #expect(ramp.percent.text == "0.5")
    let rollback = try #require(try SluiceCommand.parseAsRoot(["rollback", "too", "slow"]) as? Rollback)
    #expect(rollback.reason == ["too", "slow"])
    #expect(try SluiceCommand.parseAsRoot(["rearm"]) is Rearm)
    #expect(try SluiceCommand.parseAsRoot(["reload", "--control", "unix:/run/c"]) is Reload)
    let which = try #require(try SluiceCommand.parseAsRoot(["which", "a", "b c"]) as? Which)
    #expect(which.keys == ["a", "b c"])
    let status = try #require(
      try SluiceCommand.parseAsRoot(["status", "--json", "--watch"]) as? StatusCommand)
    #expect(status.json && status.watch)
    let report = try #require(
      try SluiceCommand.parseAsRoot([
        "report", "x.db", "--json", "--section", "story", "--section", "what_differs",
      ])
        as? ReportCommand)
    #expect(report.ledger == "x.db" && report.json && report.section == [.story, .differences])
  }

  @Test(
    "Wrong usage is exit code 64",
    arguments: [
      ["nonsense"], ["stage"], ["stage", "half"], ["stage", "shadow", "5"], ["stage", "live", "101"],
      ["ramp"], ["ramp", "nan"], ["ramp", "1e1"], ["ramp", "-1"], ["ramp", "33.333"],
      ["verify", "--sample", "0"], ["verify", "--sample", "0%"], ["bench", "before", "--url", "http://h"],
      ["which"], ["status", "--nope"],
      ["report", "--section", "nope"], ["report", "--limit", "0"], ["serve", "stray"],
    ])
  func usage(_ arguments: [String]) throws {
    let error = try #require(throws: (any Error).self) { try SluiceCommand.parseAsRoot(arguments) }
    #expect(SluiceCommand.exitCode(for: error).rawValue == 64)
  }

  @Test(
    "A control address that cannot be is exit code 64",
    arguments: ["nowhere", "127.0.0.1:0", "unix:relative"])
  func badControl(_ address: String) throws {
    let error = try #require(throws: (any Error).self) {
      try SluiceCommand.parseAsRoot(["rearm", "--control", address])
    }
    #expect(SluiceCommand.exitCode(for: error).rawValue == 64)
    let text = SluiceCommand.fullMessage(for: error)
    #expect(text.contains("--control: ") && text.contains("Usage: sluice rearm"), "\(text)")
    let rearm = try #require(try SluiceCommand.parseAsRoot(["rearm"]) as? Rearm)
    let named = try #require(throws: ValidationError.self) {
      try rearm.options.client(environment: ["SLUICE_CONTROL": address])
    }
    #expect(named.message.hasPrefix("SLUICE_CONTROL: "))
  }

  @Test("The flag wins over the environment, the environment over the default")
  func controlAddress() throws {
    let none = try #require(try SluiceCommand.parseAsRoot(["rearm"]) as? Rearm).options
    for unset in [[:], ["SLUICE_CONTROL": ""]] {
      #expect(try none.client(environment: unset).address.description == "127.0.0.1:6401")
    }
    let environment = [
      "SLUICE_CONTROL": "unix:/run/c", "SLUICE_CONTROL_PASSWORD": "secret", "SLUICE_PASSWORD": "clients'",
    ]
    #expect(try none.client(environment: environment).address == .unix(path: "/run/c"))
    #expect(try none.client(environment: environment).password == Secret("secret"))
    let flag = try #require(try SluiceCommand.parseAsRoot(["rearm", "--control", "[::1]:7"]) as? Rearm)
      .options
    #expect(try flag.client(environment: environment).address == .tcp(host: "::1", port: 7))
  }

  @Test(
    "Every help names the way back or what it reads, with examples",
    arguments: ["serve", "stage", "ramp", "rollback", "rearm", "report", "status", "which"])
  func help(_ name: String) throws {
    let command = try #require(SluiceCommand.configuration.subcommands.first { $0._commandName == name })
    let text = SluiceCommand.helpMessage(for: command)
    #expect(text.contains("sluice \(name)"))
    #expect(text.contains("Example") || text.contains("go back"))
    #expect(SluiceCommand.helpMessage().contains("redis-cli -p 6401 ROLLBACK"))
  }
}
