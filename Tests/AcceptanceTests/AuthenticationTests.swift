import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Each door has its own password.
  @Suite struct AuthenticationTests {
    private let stacks: TwoStacks

    init() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 50)
      options.password = "the right one"
      options.controlPassword = "the other one"
      stacks = try TwoStacks(options)
    }

    @Test("clients: none, wrong, right")
    func clients() throws {
      let socket = try SocketClient(port: stacks.sluice.port)
      #expect(try socket.ask("PING\r\n") == "-NOAUTH Authentication required.\r\n")
      #expect(try socket.ask("GET a\r\n") == "-NOAUTH Authentication required.\r\n")
      #expect(try socket.ask("FLUSHALL\r\n") == "-NOAUTH Authentication required.\r\n")
      #expect(try socket.ask("AUTH wrong\r\n").hasPrefix("-WRONGPASS "))
      #expect(try socket.ask("AUTH someone 'the right one'\r\n").hasPrefix("-WRONGPASS "))
      #expect(try socket.ask("GET a\r\n") == "-NOAUTH Authentication required.\r\n")
      #expect(try socket.ask("AUTH 'the right one'\r\n") == "+OK\r\n")
      #expect(try socket.ask("SET a 1\r\n") == "+OK\r\n")
      #expect(try socket.ask("AUTH default 'the right one'\r\n") == "+OK\r\n")
      let other = try SocketClient(port: stacks.sluice.port)
      #expect(try other.ask("GET a\r\n") == "-NOAUTH Authentication required.\r\n")
      #expect(try other.ask("HELLO 2 AUTH default 'the right one'\r\n").hasPrefix("*14\r\n"))
      #expect(try other.ask("GET a\r\n") == "$1\r\n1\r\n")
    }

    @Test("wrong passwords are counted, answered later and later, and hold up nobody else")
    func guessing() throws {
      for (port, right, door) in [
        (stacks.sluice.port, "the right one", "clients"),
        (stacks.sluice.controlPort, "the other one", "control"),
      ] {
        let began = ContinuousClock.now
        let guesser = try SocketClient(port: port)
        try guesser.send((0..<5).map { "AUTH guess\($0)\r\n" }.joined())
        let other = try SocketClient(port: port)
        #expect(try other.ask("AUTH '\(right)'\r\n") == "+OK\r\n")
        #expect(ContinuousClock.now - began < .milliseconds(700), "\(door): held up")
        #expect(try guesser.replies(5).allSatisfy { $0.hasPrefix("-WRONGPASS ") })
        // 50 + 100 + 200 + 400 + 800 ms.
        #expect(ContinuousClock.now - began > .milliseconds(1400), "\(door): not slowed down")
        let status = try stacks.sluice.status()
        #expect(status.number("wrong_passwords.\(door).count") == 5)
        #expect(status.text("wrong_passwords.\(door).last_from") == "127.0.0.1")
      }
      try eventually("the log says so") {
        let lines = stacks.sluice.child.errors.split(separator: "\n").filter { $0.contains("wrong password") }
        return lines.contains { $0.contains("clients' port") }
          && lines.contains { $0.contains("control port") }
          && lines.count == 2
      }
    }

    @Test("pipelined behind a wrong password nothing runs")
    func pipelined() throws {
      let socket = try SocketClient(port: stacks.sluice.port)
      try socket.send("AUTH wrong\r\nSET a stolen\r\nAUTH 'the right one'\r\nGET a\r\n")
      let replies = try socket.replies(4)
      #expect(replies[1...] == ["-NOAUTH Authentication required.\r\n", "+OK\r\n", "$-1\r\n"])
    }

    @Test("operators: none, wrong, right")
    func operators() throws {
      let socket = try SocketClient(port: stacks.sluice.controlPort)
      for order in ["STATUS", "ROLLBACK", "STAGE complete", "WHICH a", "REARM", "RELOAD", "RAMP 100"] {
        #expect(try socket.ask("\(order)\r\n") == "-NOAUTH Authentication required.\r\n", "\(order)")
      }
      #expect(try socket.ask("AUTH wrong\r\n").hasPrefix("-WRONGPASS "))
      // That of clients is none.
      #expect(try socket.ask("AUTH 'the right one'\r\n").hasPrefix("-WRONGPASS "))
      #expect(try socket.ask("ROLLBACK\r\n") == "-NOAUTH Authentication required.\r\n")
      #expect(try socket.ask("AUTH 'the other one'\r\n") == "+OK\r\n")
      #expect(try socket.ask("WHICH a\r\n").hasPrefix("*1\r\n"))
      #expect(try stacks.sluice.status().text("effective_stage") == "live")
    }

    @Test("passwords of both ports are rotated without a restart, by RELOAD and by SIGHUP")
    func rotation() throws {
      let folder = try ScratchFolder()
      let clients = try folder.write("clients", "first\n")
      let operators = try folder.write("operators", "their first\n")
      var options = SluiceProcess.Options(stage: "off")
      options.yaml = "auth: {password_file: \(clients), control_password_file: \(operators)}\n"
      let rotated = try TwoStacks(options)
      let sluice = rotated.sluice
      func opens(_ port: UInt16, _ password: String) throws -> Bool {
        try SocketClient(port: port).ask("AUTH '\(password)'\r\n") == "+OK\r\n"
      }
      let inside = try SocketClient(port: sluice.port)
      #expect(try inside.ask("AUTH first\r\n") == "+OK\r\n")
      let desk = try SocketClient(port: sluice.controlPort)
      #expect(try desk.ask("AUTH 'their first'\r\n") == "+OK\r\n")

      try Data("second\n".utf8).write(to: URL(fileURLWithPath: clients))
      _ = try desk.ask("RELOAD\r\n")
      #expect(try !opens(sluice.port, "first"))
      #expect(try opens(sluice.port, "second"))
      // Who is in stays in, as with Redis.
      #expect(try inside.ask("PING\r\n") == "+PONG\r\n")

      try Data("their second\n".utf8).write(to: URL(fileURLWithPath: operators))
      sluice.child.send(SIGHUP)
      try eventually("SIGHUP reads it") { try opens(sluice.controlPort, "their second") }
      #expect(try !opens(sluice.controlPort, "their first"))

      // One password for both is no better for being written later.
      try Data("second\n".utf8).write(to: URL(fileURLWithPath: operators))
      _ = try desk.ask("RELOAD\r\n")
      #expect(try !opens(sluice.controlPort, "second"))
      #expect(try opens(sluice.controlPort, "their second"))
      #expect(sluice.child.errors.contains("give each port a password of its own"))
      #expect(!sluice.child.errors.contains("their second"))
    }

    @Test("the command line sends the password of SLUICE_CONTROL_PASSWORD, and says so when it is wrong")
    func commandLine() throws {
      let control = ["--control", "127.0.0.1:\(stacks.sluice.controlPort)"]
      let sluice = try SluiceProcess.executable()
      let right = ["SLUICE_CONTROL_PASSWORD": "the other one"]
      let looked = try Child.run(sluice, ["status", "--json"] + control, environment: right)
      #expect(looked.exit == .code(0) && looked.output.contains("\"effective_stage\""), "\(looked.errors)")
      let wrong = [
        [:], ["SLUICE_CONTROL_PASSWORD": "wrong"], ["SLUICE_PASSWORD": "the other one"],
        ["SLUICE_CONTROL_PASSWORD": "the right one"],
      ]
      for environment in wrong {
        let refused = try Child.run(sluice, ["rollback", "why"] + control, environment: environment)
        #expect(refused.exit == .code(77), "\(refused)")
        #expect(refused.errors.contains("SLUICE_CONTROL_PASSWORD"), "\(refused.errors)")
      }
      let back = try Child.run(sluice, ["rollback", "why"] + control, environment: right)
      #expect(back.exit == .code(0) && back.output.contains("rolled back"), "\(back)")
      #expect(try stacks.sluice.status().flag("rolled_back") == true)
      let shown = stacks.sluice.child.output + stacks.sluice.child.errors + "\(try stacks.sluice.status())"
      #expect(!shown.contains("the right one") && !shown.contains("the other one"))
    }
  }
}
