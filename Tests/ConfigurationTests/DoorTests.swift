import Foundation
import Testing

@testable import SluiceConfiguration

/// Who may come in by which password, and from where.
@Suite struct DoorTests {
  private func load(_ yaml: String, _ environment: [String: String] = [:]) throws -> ServeConfiguration {
    try ServeConfiguration.load(yaml: yaml, environment: environment)
  }

  @Test("Other machines are not listened to without a password, unless told")
  func open() throws {
    let error = try #require(throws: ConfigurationError.self) {
      try load("{listen: [0.0.0.0:6400, unix:/run/a, localhost:5], control: [127.0.0.1:6401, '[::]:6402']}")
    }
    #expect(error.problems.map(\.path) == ["listen", "control"])
    #expect(error.problems[0].reason.contains("0.0.0.0:6400"))
    #expect(error.problems[0].reason.contains("--password-file"))
    #expect(error.problems[1].reason.contains("[::]:6402"))
    #expect(error.problems[1].reason.contains("--control-password-file"))
    #expect(error.problems.allSatisfy { $0.reason.contains("--no-auth") })
    let told = try load("{listen: 0.0.0.0:6400, control: 0.0.0.0:6401, auth: {allow_none: true}}")
    #expect(told.warnings.count == 2)
    var options = ServeOptions()
    options.listen = ["0.0.0.0:6400"]
    options.noAuth = true
    #expect(try ServeConfiguration.load(yaml: nil, options: options).warnings.count == 1)
  }

  @Test("Each door has its own password: that of clients opens no control port")
  func own() throws {
    let yaml = "{listen: 0.0.0.0:6400, control: 0.0.0.0:6401}"
    let error = try #require(throws: ConfigurationError.self) { try load(yaml, ["SLUICE_PASSWORD": "a"]) }
    #expect(error.problems.map(\.path) == ["control"])
    let both = try load(yaml, ["SLUICE_PASSWORD": "a", "SLUICE_CONTROL_PASSWORD": "b"])
    #expect(both.password == Secret("a") && both.controlPassword == Secret("b") && both.warnings.isEmpty)
    let same = try #require(throws: ConfigurationError.self) {
      try load(yaml, ["SLUICE_PASSWORD": "hunter2", "SLUICE_CONTROL_PASSWORD": "hunter2"])
    }
    #expect(same.problems.map(\.path) == ["auth.control_password_file"])
    #expect(!same.description.contains("hunter2"))
    let local = try load("{}", ["SLUICE_PASSWORD": "a"])
    #expect(local.warnings.count == 1 && local.warnings[0].contains("control_password_file"))
    #expect(try load("{control: 'unix:/run/c'}", ["SLUICE_PASSWORD": "a"]).warnings.isEmpty)
  }

  @Test(
    "What this machine alone can reach",
    arguments: [
      ("127.0.0.1", true), ("127.8.9.10", true), ("localhost", true), ("::1", true),
      ("::ffff:127.0.0.1", true),
      ("127.example.org", false), ("0.0.0.0", false), ("::", false), ("::ffff:10.0.0.1", false),
      ("10.127.0.1", false),
    ])
  func local(_ host: String, _ isLocal: Bool) {
    #expect(Address.tcp(host: host, port: 1).isLocal == isLocal)
  }

  @Test("What strangers wrote is shown, not obeyed")
  func terminal() {
    #expect(TerminalText.line("a\u{1b}[31mb\u{7}\n\u{9b}c\u{202e}é") == "a\\x1b[31mb\\x07\\x0a\\x9bc\\x202eé")
    #expect(TerminalText.lines("a\n\u{1b}b\r") == "a\n\\x1bb\\x0d")
    #expect(TerminalText.json("{\n\"a\u{7f}\u{9b}\"}") == "{\n\"a\\u007f\\u009b\"}")
    #expect(TerminalText.key(Array("k\u{1b}".utf8)) == "k\\x1b")
    let long = TerminalText.key([UInt8](repeating: 65, count: 2 << 20))
    #expect(long.count < 130 && long.hasSuffix("(2097152 bytes)") && long.contains("A…A"))
  }
}
