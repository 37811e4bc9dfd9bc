import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Users of the configuration, by redis-cli and by the socket, and what a reload makes of them.
  @Suite struct UserRulesTests {
    private let stacks: TwoStacks
    private let configuration: String
    private let passwords: ScratchFolder

    init() throws {
      passwords = try ScratchFolder()
      let file = try passwords.write("app.txt", "of a file\n")
      var options = SluiceProcess.Options(stage: "shadow")
      options.yaml = Self.yaml(file, "~app:*", "+@all -get")
      var folder = ""
      options.prepare = { folder = $0 }
      stacks = try TwoStacks(options)
      configuration = "\(folder)/sluice.yaml"
    }

    private static func yaml(_ file: String, _ keys: String, _ commands: String, _ more: String = "")
      -> String
    {
      """
      users:
        - name: app
          # SHA-256 of "pw"
          password: ["#30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4"]
          password_file: \(file)
          commands: \(commands)
          keys: "\(keys)"
        - { name: default, commands: allcommands -debug }
      \(more)
      """
    }

    private func write(_ yaml: String) throws {
      try Data(yaml.utf8).write(to: URL(fileURLWithPath: configuration))
    }

    private var passwordFile: String { "\(passwords.path)/app.txt" }

    private func cli(_ words: String...) throws -> String {
      let child = try Child(
        "redis-cli", ["-p", "\(stacks.sluice.port)", "--no-auth-warning"] + words, in: passwords,
        name: "redis-cli-\(UInt32.random(in: 0...UInt32.max))")
      try eventually("redis-cli ends") { !child.isRunning }
      return child.output
    }

    @Test("redis-cli logs in by either password, in both protocols, and is told what it may not")
    func redisCLI() throws {
      for password in ["pw", "of a file"] {
        let login = ["--user", "app", "--pass", password]
        #expect(try cli(login[0], login[1], login[2], login[3], "ACL", "WHOAMI") == "app\n")
        #expect(
          try cli("-3", login[0], login[1], login[2], login[3], "GET", "app:1").contains(
            "NOPERM this user has no permissions to run the 'get' command"))
        #expect(try cli(login[0], login[1], login[2], login[3], "SET", "app:1", "v") == "OK\n")
      }
      #expect(try cli("ACL", "WHOAMI") == "default\n")
      #expect(try cli("GET", "app:1") == "v\n")
      let status = try stacks.sluice.status()
      #expect(status.description.contains("\"reason\" : \"no_permission\""))
      #expect(status.description.contains("\"app\""))
    }

    @Test("a reload changes all of it or nothing, and says what is wrong")
    func reload() throws {
      let sluice = stacks.sluice
      let desk = try SocketClient(port: sluice.controlPort)
      let app = try SocketClient(port: sluice.port)
      #expect(try app.ask("AUTH app pw\r\n") == "+OK\r\n")
      #expect(try app.ask("SET app:1 v\r\n") == "+OK\r\n")

      // One wrong word, and a limit that would be right.
      try write(Self.yaml(passwordFile, "~*", "+@all -gett", "limits: {clients_per_address: 1}"))
      let answer = try desk.ask("RELOAD\r\n")
      #expect(answer.contains("the users in force stay as they were"))
      #expect(answer.contains("users[0].commands: \"-gett\" is no command"), "\(answer)")
      #expect(answer.contains("(line 6)"), "\(answer)")
      #expect(try sluice.status().text("access.error")?.contains("gett") == true)
      #expect(sluice.child.errors.contains("gett"))
      #expect(try app.ask("GET app:1\r\n").hasPrefix("-NOPERM "))
      #expect(try SocketClient(port: sluice.port).ask("PING\r\n") == "+PONG\r\n")

      try write(Self.yaml(passwordFile, "~app:*", "+@all", "deny_commands: [flushall]"))
      #expect(try !desk.ask("RELOAD\r\n").contains("users in force"))
      #expect(try app.ask("GET app:1\r\n") == "$1\r\nv\r\n")
      #expect(try app.ask("FLUSHALL\r\n").hasPrefix("-NOPERM "))
      #expect(try cli("FLUSHALL").contains("NOPERM"))
      #expect(try sluice.status().text("access.error") == nil)

      // By the signal, and the password of the file with it.
      _ = try passwords.write("app.txt", "another\n")
      sluice.child.send(SIGHUP)
      try eventually("SIGHUP reads it") {
        try SocketClient(port: sluice.port).ask("AUTH app another\r\n") == "+OK\r\n"
      }
      #expect(try SocketClient(port: sluice.port).ask("AUTH app 'of a file'\r\n").hasPrefix("-WRONGPASS "))
      #expect(try app.ask("GET app:1\r\n") == "$1\r\nv\r\n")

      try write("users: [{name: other, nopass: true}]\nlimits: {clients_per_address: 1}\n")
      _ = try desk.ask("RELOAD\r\n")
      #expect(try app.untilClosed() == "")
      var other: SocketClient?
      try eventually("there is room for one") {
        other = try SocketClient(port: sluice.port)
        return try other?.ask("AUTH other x\r\n") == "+OK\r\n"
      }
      let first = try #require(other)
      #expect(try first.ask("PING\r\n").hasPrefix("-NOPERM "))
      #expect(
        try SocketClient(port: sluice.port).untilClosed()
          == "-ERR max number of clients of your address reached\r\n")
      #expect(try sluice.status().number("clients.turned_away_by_address") ?? 0 >= 1)
    }

    @Test("hash-password prints what logs in")
    func hashPassword() throws {
      let child = try Child(
        try SluiceProcess.executable(), ["hash-password"],
        input: try passwords.write("word", "geheim\nnot this\n"), in: passwords,
        name: "hash")
      try eventually("it ends") { !child.isRunning }
      let hash = child.output.trimmingCharacters(in: .whitespacesAndNewlines)
      #expect(hash.hasPrefix("$scrypt$ln=14,r=8,p=1$"), "\(hash) \(child.errors)")
      try write("users: [{name: app, password: \"\(hash)\", commands: +ping}]\n")
      #expect(try !SocketClient(port: stacks.sluice.controlPort).ask("RELOAD\r\n").contains("users in force"))
      let client = try SocketClient(port: stacks.sluice.port)
      #expect(try client.ask("AUTH app geheim\r\n") == "+OK\r\n")
      #expect(try client.ask("PING\r\n") == "+PONG\r\n")
      #expect(try client.ask("AUTH app geheim2\r\n").hasPrefix("-WRONGPASS "))
    }
  }
}
