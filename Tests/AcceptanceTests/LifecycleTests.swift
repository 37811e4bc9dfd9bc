import Glibc
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// The end of a process, asked for and not.
  @Suite struct LifecycleTests {
    @Test("SIGTERM: commands in flight are answered, the code is 0, and the run is clean")
    func drains() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      // The servers hang, so that the commands are certainly in flight when the signal comes.
      stacks.legacy.pause()
      stacks.new.pause()
      let socket = try SocketClient(port: stacks.sluice.port)
      for index in 0..<20 { try socket.send("SET key:\(index) value\r\n") }
      try eventually("the commands are in flight") {
        let status = try stacks.sluice.status()
        let legacy = status.number("stacks.legacy.in_flight") ?? 0
        return legacy + (status.number("stacks.new.in_flight") ?? 0) >= 20
      }
      stacks.sluice.child.send(SIGTERM)
      try eventually("it drains") { stacks.sluice.child.errors.contains("draining") }
      #expect(stacks.sluice.child.isRunning)
      stacks.legacy.resume()
      stacks.new.resume()
      #expect(try socket.replies(20) == Array(repeating: "+OK\r\n", count: 20))
      #expect(try socket.untilClosed() == "")
      #expect(
        try stacks.sluice.child.wait(within: .seconds(10)) == .code(0), "\(stacks.sluice.child.lastWords)")
      #expect(try Ledgerbook(stacks.sluice.ledgerPath).rows(.runs).map { $0["end"] } == ["clean"])
    }

    @Test("SIGTERM under load loses no reply")
    func drainsUnderLoad() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50)
      let plan = LoadPlan(
        endpoint: stacks.sluice.endpoint, profile: .uniform(), connections: 20, pipeline: 16,
        limit: .time(.seconds(60)), keys: 1000, verify: true)
      let load = LoadRun.start(plan)
      try eventually("the load runs") { load.commandsSoFar > 2000 }
      #expect(try stacks.sluice.terminate() == .code(0), "\(stacks.sluice.child.lastWords)")
      load.stop()
      let result = load.finish()
      #expect(result.wrong == 0, "\(result.errorSamples)")
      #expect(result.errors == 0, "\(result.errorSamples)")
      #expect(try Ledgerbook(stacks.sluice.ledgerPath).rows(.runs).map { $0["end"] } == ["clean"])
    }

    @Test("with a stack that hangs, SIGTERM still ends within the drain's deadline")
    func drainsDespiteAHang() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 50)
      options.yaml = "drain:\n  deadline: 500ms\ntimeouts:\n  command: 30s\n"
      let stacks = try TwoStacks(options)
      stacks.new.pause()
      stacks.legacy.pause()
      let socket = try SocketClient(port: stacks.sluice.port)
      try socket.send("GET a\r\n")
      try eventually("the command is in flight") {
        try stacks.sluice.status().number("clients.connected") == 1
      }
      #expect(
        try stacks.sluice.terminate(within: .seconds(5)) == .code(0), "\(stacks.sluice.child.lastWords)")
    }

    @Test("kill -9 leaves a ledger that can be read, with the run not clean; the next run is clean")
    func killed() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 50)
      options.yaml = "ledger:\n  figures_interval: 1s\n"
      let stacks = try TwoStacks(options)
      let client = try stacks.sluice.client()
      for index in 0..<100 { _ = try client.command("SET", "key:\(index)", "value") }
      try stacks.sluice.control("RAMP", "60")
      try eventually("the flip is written") {
        try Ledgerbook(stacks.sluice.ledgerPath).rows(.story).count == 2
      }
      try eventually("the figures are written") {
        try !Ledgerbook(stacks.sluice.ledgerPath).rows(.figures).isEmpty
      }
      stacks.sluice.child.kill()
      let ledger = try Ledgerbook(stacks.sluice.ledgerPath)
      #expect(try ledger.rows(.runs).map { $0["end"] } == ["running or killed"])
      #expect(try ledger.rows(.story).map { $0["action"] } == ["start", "ramp"])

      try stacks.sluice.restart()
      #expect(try stacks.sluice.client().command("GET", "key:1") == .string(Array("value".utf8)))
      #expect(try stacks.sluice.terminate() == .code(0))
      #expect(try Ledgerbook(stacks.sluice.ledgerPath).rows(.runs).map { $0["end"] } == ["killed", "clean"])
    }

    @Test("a second proxy takes no unix socket from the one that runs, but that of one that was killed")
    func socketTaken() throws {
      let folder = try ScratchFolder()
      let control = "unix:\(folder.path)/control"
      func serve(_ name: String, listen: String = "127.0.0.1:0", control: String) throws -> Child {
        try Child(
          try SluiceProcess.executable(), ["serve", "--listen", listen, "--control", control], in: folder,
          name: name)
      }
      func answers() throws -> Bool {
        try Child.run(try SluiceProcess.executable(), ["status", "--control", control]).exit == .code(0)
      }
      let first = try serve("first", listen: "unix:\(folder.path)/clients", control: control)
      try eventually("the first one answers") { try answers() }
      let second = try serve("second", control: control)
      let third = try serve("third", listen: "unix:\(folder.path)/clients", control: "127.0.0.1:0")
      for (child, path) in [(second, "control"), (third, "clients")] {
        #expect(try child.wait(within: .seconds(20)) == .code(69), "\(child.errors)")
        #expect(
          child.errors.contains("cannot listen on unix:\(folder.path)/\(path): Address already in use"),
          "\(child.errors)")
      }
      #expect(try answers())
      first.kill()
      let heir = try serve("heir", listen: "unix:\(folder.path)/clients", control: control)
      try eventually("the next one answers") { try answers() }
      #expect(heir.isRunning)
    }

    @Test("a port that is taken is named, with what to do")
    func portTaken() throws {
      let server = try SluiceProcess(legacy: "memory:", new: "memory:")
      let ran = try Child.run(
        try SluiceProcess.executable(),
        ["serve", "--listen", "127.0.0.1:\(server.port)", "--control", "127.0.0.1:0"])
      #expect(ran.exit == .code(69), "\(ran.errors)")
      #expect(ran.errors.contains("cannot listen on 127.0.0.1:\(server.port)"), "\(ran.errors)")
    }

    @Test("two stacks in memory are nothing to be warned of")
    func embedded() throws {
      let server = try SluiceProcess(legacy: "memory:", new: "memory:")
      #expect(try server.client().command("PING") == .status("PONG"))
      #expect(try server.terminate() == .code(0))
      let said = server.child.output + server.child.errors
      #expect(said.contains("memory:") && !said.contains("does not tell"), "\(said)")
    }
  }
}
