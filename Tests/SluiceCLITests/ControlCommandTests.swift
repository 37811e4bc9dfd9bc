import ArgumentParser
import Foundation
import SluiceConfiguration
import Testing

@testable import SluiceCLI

@Suite struct ControlCommandTests {
  @Test(
    "Each subcommand sends its control command",
    arguments: [
      (["stage", "live", "25"], ["STAGE", "live", "25"]), (["stage", "off"], ["STAGE", "off"]),
      (["ramp", "50%"], ["RAMP", "50"]), (["rollback"], ["ROLLBACK"]),
      (["rollback", "too", "slow"], ["ROLLBACK", "too slow"]), (["rearm"], ["REARM"]),
      (["rearm", "--resume", "mended it"], ["REARM", "RESUME", "mended it"]),
      (["stage", "live", "25", "--force", "why not"], ["STAGE", "live", "25", "FORCE", "why not"]),
      (["ramp", "50", "--force", "why"], ["RAMP", "50", "FORCE", "why"]),
      (["close", "it", "is known"], ["CLOSE", "it is known"]),
      (
        ["close", "--kind", "ttl", "--keys", "price:*", "meant", "so"],
        ["CLOSE", "KIND=ttl", "KEYS=price:*", "meant so"]
      ),
      (["reopen"], ["REOPEN"]), (["reopen", "no", "more"], ["REOPEN", "no more"]),
      (["reload"], ["RELOAD"]), (["plan", "approve"], ["APPROVE"]),
      (["plan", "pause", "it", "is Friday"], ["PAUSE", "it", "is Friday"]), (["plan", "resume"], ["RESUME"]),
    ])
  func sends(_ arguments: [String], _ command: [String]) throws {
    let control = try FakeControl { _ in "+OK\r\n" }
    defer { control.stop() }
    try run(arguments, control)
    #expect(control.commands == [command])
  }

  @Test(
    "A mistyped command is answered with the one that is near it",
    arguments: [
      (["ROLLBACK", "why"], "did you mean: sluice rollback \"why\""),
      (["rolback"], "did you mean: sluice rollback \"why\""), (["undo"], "did you mean: sluice rollback"),
      (["help", "stauts"], "did you mean: sluice help status"), (["xyzzy"], "sluice --help lists them"),
    ])
  func near(_ arguments: [String], _ advice: String) throws {
    let failure = try #require(NearCommand.failure(arguments))
    #expect(failure.code == .usage && failure.message.contains(advice), "\(failure.message)")
  }

  @Test(
    "A command is no mistake", arguments: [["rollback", "x"], ["--help"], ["help", "status"], ["help"], []])
  func known(_ arguments: [String]) { #expect(NearCommand.failure(arguments) == nil) }

  @Test("status and which understand their replies")
  func reads() async throws {
    let control = try FakeControl { command in
      switch command.first {
      case "STATUS": bulk("{\"stage\":\"shadow\"}")
      case "WHICH":
        "*\(command.count - 1)\r\n"
          + command.dropFirst().map {
            bulk("key=\($0) bucket=0x1 position=1% variant=new primary=new why=fractional")
          }.joined()
      default: nil
      }
    }
    defer { control.stop() }
    try run(["which", "a", "b"], control)
    for flags in [[], ["--json"]] {
      let status = try #require(
        try SluiceCommand.parseAsRoot(["status", "--control", "127.0.0.1:\(control.port)"] + flags)
          as? StatusCommand)
      try await status.run()
    }
    #expect(control.commands == [["WHICH", "a", "b"], ["STATUS"], ["STATUS"]])
  }

  @Test(
    "A refused command ends with its exit code and the sentence",
    arguments: [
      ("-ERR no stage called half\r\n", Failure.Code.data, "no stage called half"),
      ("-NOAUTH Authentication required.\r\n", .permission, "Authentication required"),
      ("-TRYAGAIN a fence is up\r\n", .temporary, "a fence is up"),
      ("-UNAVAILABLE the new stack is down\r\n", .unavailable, "the new stack is down"),
      (
        "-GATE nothing was changed, ramp is ahead of its gates; differs: now 5 open, needed 0 open, missing x\r\n",
        .data, "gate     now     needed  missing\ndiffers  5 open  0 open  x"
      ),
      ("*0\r\n", .software, "is it a Sluice control port"),
      ("nonsense\r\n", .unavailable, "does not speak RESP"),
    ])
  func refused(_ reply: String, _ code: Failure.Code, _ says: String) throws {
    let control = try FakeControl { _ in reply }
    defer { control.stop() }
    let failure = try #require(throws: Failure.self) { try run(["rearm"], control) }
    #expect(failure.code == code)
    #expect(failure.message.contains(says), "\(failure.message)")
  }

  @Test(
    "A port for clients, or a Redis, is told apart from a control port",
    arguments: [
      "-ERR unknown command 'STATUS', with args beginning with: \r\n",
      "-ERR sluice: ROLLBACK is an order of the control port\r\n",
    ])
  func noControlPort(_ reply: String) throws {
    let redis = try FakeControl { _ in reply }
    defer { redis.stop() }
    let failure = try #require(throws: Failure.self) { try run(["rollback", "why"], redis) }
    #expect(failure.code == .unavailable)
    #expect(
      failure.message.hasPrefix("127.0.0.1:\(redis.port) is not a Sluice control port"), "\(failure.message)")
    #expect(failure.message.contains("the default is 127.0.0.1:6401"))
  }

  @Test("A proxy that is not there, or goes away, is exit code 69")
  func unreachable() throws {
    let control = try FakeControl { _ in nil }
    let closed = try #require(throws: Failure.self) { try run(["rollback"], control) }
    #expect(closed.code == .unavailable && closed.message.contains("closed the connection"))
    control.stop()
    let absent = try #require(throws: Failure.self) {
      try ControlClient(address: .unix(path: "/no/such/socket"), password: nil).text(["ROLLBACK"])
    }
    #expect(absent.code == .unavailable && absent.message.contains("unix:/no/such/socket"))
  }

  @Test("A proxy that does not answer in time is exit code 75")
  func slow() throws {
    let control = try FakeControl { _ in "" }
    defer { control.stop() }
    let client = ControlClient(
      address: .tcp(host: "127.0.0.1", port: control.port), password: nil,
      commandTimeout: .milliseconds(50))
    let failure = try #require(throws: Failure.self) { try client.text(["STATUS"]) }
    #expect(failure.code == .temporary)
  }

  @Test("The password is sent from its file, and a wrong one is exit code 77 that does not show it")
  func password() throws {
    let control = try FakeControl { command in
      command.first == "AUTH" && command.last != "hunter2" ? "-WRONGPASS invalid password\r\n" : "+OK\r\n"
    }
    defer { control.stop() }
    let path = NSTemporaryDirectory() + "sluice-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "hunter2\n".write(toFile: path, atomically: false, encoding: .utf8)
    try run(["rearm", "--control-password-file", path], control)
    #expect(control.commands == [["AUTH", "hunter2"], ["REARM"]])

    try "swordfish\n".write(toFile: path, atomically: false, encoding: .utf8)
    let failure = try #require(throws: Failure.self) { try run(["rearm", "--password-file", path], control) }
    #expect(failure.code == .permission && !failure.message.contains("swordfish"))
    let missing = try #require(throws: Failure.self) {
      try run(["rearm", "--password-file", "/no/such"], control)
    }
    #expect(missing.code == .noInput)
  }

  @Test("A ledger that is not there is exit code 66, what is none 65")
  func noLedger() throws {
    func report(_ path: String) throws { try ReportCommand.parse([path]).run() }
    let absent = try #require(throws: Failure.self) { try report("/no/such.db") }
    #expect(absent.code == .noInput)
    let folder = try #require(throws: Failure.self) { try report(NSTemporaryDirectory()) }
    #expect(folder.code == .noInput && folder.message.contains("is a directory"))
    let path = NSTemporaryDirectory() + "sluice-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try String(repeating: "no database. ", count: 100).write(toFile: path, atomically: false, encoding: .utf8)
    let wrong = try #require(throws: Failure.self) { try report(path) }
    #expect(wrong.code == .data)
  }

  @Test("The codes are those of sysexits.h")
  func codes() {
    let codes: [Failure.Code: Int32] = [
      .data: 65, .noInput: 66, .unavailable: 69, .software: 70, .temporary: 75, .permission: 77,
      .configuration: 78,
    ]
    for (code, number) in codes { #expect(code.rawValue == number) }
  }

  private func run(_ arguments: [String], _ control: FakeControl) throws {
    var command = try SluiceCommand.parseAsRoot(arguments + ["--control", "127.0.0.1:\(control.port)"])
    try command.run()
  }
}
