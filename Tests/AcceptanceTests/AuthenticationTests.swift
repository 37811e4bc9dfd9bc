import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// The one password of the proxy, at both doors.
  @Suite struct AuthenticationTests {
    private let stacks: TwoStacks

    init() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 50)
      options.password = "the right one"
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
      #expect(try socket.ask("ROLLBACK\r\n") == "-NOAUTH Authentication required.\r\n")
      #expect(try socket.ask("AUTH 'the right one'\r\n") == "+OK\r\n")
      #expect(try socket.ask("WHICH a\r\n").hasPrefix("*1\r\n"))
      #expect(try stacks.sluice.status().text("effective_stage") == "live")
    }

    @Test("the command line sends the password of SLUICE_PASSWORD, and says so when it is wrong")
    func commandLine() throws {
      let control = ["--control", "127.0.0.1:\(stacks.sluice.controlPort)"]
      let sluice = try SluiceProcess.executable()
      let right = ["SLUICE_PASSWORD": "the right one"]
      let looked = try Child.run(sluice, ["status", "--json"] + control, environment: right)
      #expect(looked.exit == .code(0) && looked.output.contains("\"effective_stage\""), "\(looked.errors)")
      for environment in [[:], ["SLUICE_PASSWORD": "wrong"]] {
        let refused = try Child.run(sluice, ["rollback", "why"] + control, environment: environment)
        #expect(refused.exit == .code(77), "\(refused)")
        #expect(refused.errors.contains("SLUICE_PASSWORD"), "\(refused.errors)")
      }
      let back = try Child.run(sluice, ["rollback", "why"] + control, environment: right)
      #expect(back.exit == .code(0) && back.output.contains("rolled back"), "\(back)")
      #expect(try stacks.sluice.status().flag("rolled_back") == true)
      let shown = stacks.sluice.child.output + stacks.sluice.child.errors + "\(try stacks.sluice.status())"
      #expect(!shown.contains("the right one"))
    }
  }
}
