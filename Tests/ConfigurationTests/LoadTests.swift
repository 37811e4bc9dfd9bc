import Foundation
import Testing

@testable import SluiceConfiguration

@Suite struct LoadTests {
  @Test("Nothing given means the documented defaults")
  func defaults() throws {
    let configuration = try ServeConfiguration.load(file: nil)
    #expect(configuration == ServeConfiguration())
    #expect(configuration.listen.map(\.description) == ["127.0.0.1:6400"])
    #expect(configuration.control.map(\.description) == ["127.0.0.1:6401"])
    #expect(configuration.stacks.new.endpoint == .memory(maxBytes: 256 << 20))
    #expect(configuration.warnings.isEmpty)
  }

  @Test(
    "An empty file and empty sections mean the defaults",
    arguments: ["", "# nothing", "limits:\nflags: ~\n", "{}"])
  func empty(_ yaml: String) throws {
    #expect(try ServeConfiguration.load(yaml: yaml) == ServeConfiguration())
  }

  @Test("Flags win over the file, the file over the defaults")
  func precedence() throws {
    let yaml = """
      listen: 127.0.0.1:1
      control: [127.0.0.1:2, unix:/run/control]
      threads: 2
      stacks: {legacy: redis://old, new: {url: redis://new, command_timeout: 3s}}
      timeouts: {connect: 2s}
      flags: {path: file.json}
      ledger: {path: file.db}
      log: {level: debug}
      """
    let file = try ServeConfiguration.load(yaml: yaml)
    #expect(file.threads == 2)
    #expect(file.control == [.tcp(host: "127.0.0.1", port: 2), .unix(path: "/run/control")])
    #expect(file.stacks.legacy.connectTimeout == .seconds(2))
    #expect(file.stacks.new.connectTimeout == .seconds(2))
    #expect(file.stacks.new.commandTimeout == .seconds(3))
    #expect(file.logLevel == .debug)

    let flags = options {
      $0.listen = ["127.0.0.1:10", "unix:/run/a"]
      $0.control = ["127.0.0.1:11"]
      $0.threads = "4"
      $0.legacy = "memory:"
      $0.new = "unix:///run/redis"
      $0.flags = "flag.json"
      $0.ledger = "flag.db"
      $0.logLevel = "error"
    }
    let both = try ServeConfiguration.load(yaml: yaml, options: flags)
    #expect(both.listen == [.tcp(host: "127.0.0.1", port: 10), .unix(path: "/run/a")])
    #expect(both.control == [.tcp(host: "127.0.0.1", port: 11)])
    #expect(both.threads == 4)
    #expect(both.stacks.legacy.endpoint == .memory(maxBytes: 256 << 20))
    #expect(both.stacks.new.endpoint == .unix(path: "/run/redis", user: nil, password: nil, database: 0))
    #expect(both.stacks.new.commandTimeout == .seconds(3), "deadlines of the file stay")
    #expect(both.flags.path == "flag.json" && both.ledger.path == "flag.db" && both.logLevel == .error)
  }

  @Test("A wrong flag is named as the flag")
  func badFlags() throws {
    let flags = options {
      $0.listen = ["x"]
      $0.legacy = "redis://h"
      $0.new = "redis://h"
      $0.passwordFile = "/no/such"
    }
    let error = try #require(throws: ConfigurationError.self) {
      try ServeConfiguration.load(yaml: nil, options: flags)
    }
    #expect(error.problems.map(\.path) == ["--listen", "--password-file", "--new"])
  }

  @Test("The password comes from the file or the environment, not from both")
  func passwords() throws {
    let path = try temporaryFile("hunter2\nsecond line\n")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let yaml = """
      auth: {password_file: '\(path)'}
      stacks: {new: {url: 'redis://ann@h', password_file: '\(path)'}}
      """
    let configuration = try ServeConfiguration.load(yaml: yaml)
    #expect(configuration.password == Secret("hunter2"))
    #expect(configuration.stacks.new.endpoint.password == Secret("hunter2"))

    let variable = ["SLUICE_PASSWORD": "swordfish"]
    #expect(try ServeConfiguration.load(yaml: nil, environment: variable).password == Secret("swordfish"))
    #expect(try ServeConfiguration.load(yaml: nil, environment: ["SLUICE_PASSWORD": ""]).password == nil)
    let error = try #require(throws: ConfigurationError.self) {
      try ServeConfiguration.load(yaml: yaml, environment: variable)
    }
    #expect(error.problems.map(\.path) == ["SLUICE_PASSWORD"])
    #expect(!error.description.contains("swordfish"))
  }

  @Test(
    "A password in two places is refused, and one for the memory engine",
    arguments: [("redis://u:p@h", "keep one"), ("memory:", "no password")])
  func passwordFileBesides(_ url: String, _ says: String) throws {
    let path = try temporaryFile("p")
    defer { try? FileManager.default.removeItem(atPath: path) }
    let error = try #require(throws: ConfigurationError.self) {
      try ServeConfiguration.load(yaml: "stacks: {new: {url: '\(url)', password_file: '\(path)'}}")
    }
    #expect(error.problems.map(\.path) == ["stacks.new.password_file"])
    #expect(error.description.contains(says))
  }

  @Test("The redacted form shows everything but passwords, and loads again when there are none")
  func redaction() throws {
    var configuration = ServeConfiguration()
    configuration.flags.path = "a \"quoted\" \\ path\n"
    configuration.listen = [.tcp(host: "::1", port: 6400), .unix(path: "/run/a")]
    configuration.limits.clientIdle = .seconds(90)
    configuration.ledger.previewBytes = 1000
    configuration.stacks.legacy.endpoint = .redis(host: "h", port: 1, user: nil, password: nil, database: 3)
    #expect(try ServeConfiguration.load(yaml: configuration.redacted) == configuration)

    configuration.password = Secret("hunter2")
    configuration.stacks.new.endpoint = .redis(
      host: "h", port: 1, user: "ann", password: Secret("hunter2"), database: 0)
    var dumped = ""
    dump(configuration, to: &dumped)
    for text in [configuration.redacted, "\(configuration)", String(reflecting: configuration), dumped] {
      #expect(!text.contains("hunter2"))
    }
    #expect(configuration.redacted.contains("redis://ann:***@h:1"))
    #expect(configuration.redacted.contains("password_file: \"***\""))
  }

  @Test("An open control port without a password is worth a warning")
  func warning() throws {
    let open = try ServeConfiguration.load(
      yaml: "{control: [0.0.0.0:6401, unix:/run/c, localhost:7], auth: {allow_none: true}}")
    #expect(open.warnings.count == 1)
    #expect(open.warnings.first?.contains("0.0.0.0:6401") == true)
    let locked = try ServeConfiguration.load(
      yaml: "control: 0.0.0.0:6401", environment: ["SLUICE_CONTROL_PASSWORD": "x"])
    #expect(locked.warnings.isEmpty)
  }

  private func temporaryFile(_ text: String) throws -> String {
    let path = NSTemporaryDirectory() + "sluice-\(UUID().uuidString)"
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    return path
  }
}

/// Options with something set.
func options(_ change: (inout ServeOptions) -> Void) -> ServeOptions {
  var options = ServeOptions()
  change(&options)
  return options
}
