import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// What the machine gives: descriptors and memory.
  @Suite struct MachineLimitTests {
    /// A field of `/proc/PID/…`.
    private func field(_ name: String, _ pid: pid_t) throws -> Int {
      let text = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
      let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
      return Int(line?.split(whereSeparator: \.isWhitespace).dropFirst().first ?? "") ?? 0
    }

    /// Processor time so far, in hundredths of a second.
    private func processorTime(_ pid: pid_t) throws -> Int {
      let fields = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8).split(separator: ")")
        .last?
        .split(separator: " ")
      guard let fields, fields.count > 12 else { return 0 }
      return (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)
    }

    @Test("with every slot taken more clients are told so, and a rollback takes no longer than ever")
    func slots() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 100)
      options.launcher = ["prlimit", "--nofile=300:300"]
      let stacks = try TwoStacks(options)
      let sluice = stacks.sluice
      let room = Int(try #require(try sluice.status().number("clients.max")))
      #expect((64..<236).contains(room))
      let said = "limits.max_clients is 10000, which needs"
      #expect(sluice.child.errors.contains(said) && sluice.child.output.contains("WARNING      " + said))
      let client = try sluice.client()
      #expect(try client.command("SET", "a", "1") == .status("OK"))
      let idle = try (1..<room).map { _ in try SocketClient(port: sluice.port) }
      try eventually("all slots are taken") {
        try sluice.status().number("clients.connected") == Double(room)
      }
      for _ in 0..<50 {
        #expect(
          try SocketClient(port: sluice.port).untilClosed() == "-ERR max number of clients reached\r\n")
      }
      #expect(try sluice.status().number("clients.turned_away") == 50)
      #expect(sluice.child.errors.contains("max number of clients reached"))
      // Whoever sits at the control port keeps nobody out of it.
      let sitting = try (0..<200).map { _ in try SocketClient(port: sluice.controlPort) }
      var took: [UInt64] = []
      for _ in 0..<5 {
        let before = MonotonicClock.now()
        #expect(try sluice.control("ROLLBACK", "drill").text?.contains("rolled back") == true)
        took.append(MonotonicClock.now() - before)
      }
      // The best of them: the machine may be busy with something else.
      #expect(took.min() ?? .max < 100_000_000, "\(took)")
      // A lost connection finds its descriptor.
      _ = try stacks.legacy.client().command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
      try eventually("legacy is reached again") { try client.command("GET", "a") == .string(Array("1".utf8)) }
      #expect(idle.count == room - 1 && sitting.count == 200)
    }

    @Test("where no descriptor is left nothing spins, and who waits is served when there is one")
    func nothingSpins() throws {
      let stacks = try TwoStacks(stage: "off")
      let sluice = stacks.sluice
      let pid = sluice.child.pid
      func limit(to count: Int) throws {
        #expect(try Child.run("prlimit", ["--pid", "\(pid)", "--nofile=\(count):"]).exit == .code(0))
      }
      let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
      let limits = try String(contentsOfFile: "/proc/\(pid)/limits", encoding: .utf8)
      let soft = limits.split(separator: "\n").first { $0.hasPrefix("Max open files") }?
        .split(whereSeparator: \.isWhitespace).dropFirst(3).first
      try limit(to: 3)
      let client = try SocketClient(port: sluice.port)
      try client.send("PING\r\n")
      try eventually("it is said") { sluice.child.errors.contains("a connection waits in the kernel") }
      let spent = try processorTime(pid)
      usleep(500_000)
      #expect(try processorTime(pid) - spent < 15)
      try limit(to: Int(soft ?? "") ?? before + 100)
      #expect(try client.reply() == "+PONG\r\n")
    }

    @Test("too few files for anything are refused with what to do")
    func tooFew() throws {
      let ran = try Child.run(
        "prlimit",
        [
          "--nofile=60:60", try SluiceProcess.executable(), "serve", "--listen", "127.0.0.1:0", "--control",
          "127.0.0.1:0",
        ])
      #expect(ran.exit == .code(69) && ran.errors.contains("raise \"ulimit -n\""), "\(ran)")
    }

    @Test("what clients that read nothing have held is given back when they have gone")
    func memoryIsGivenBack() throws {
      let stacks = try TwoStacks(stage: "off")
      let (sluice, client) = (stacks.sluice, try stacks.sluice.client())
      #expect(try client.command("SET", "v", String(repeating: "x", count: 1_000_000)) == .status("OK"))
      let pid = sluice.child.pid
      let before = try field("VmRSS", pid)
      var greedy: [SocketClient] = []
      for _ in 0..<20 {
        let socket = try SocketClient(port: sluice.port)
        try socket.send(String(repeating: "GET v\r\n", count: 14))
        greedy.append(socket)
        // One after the other, so that the server keeps up.
        #expect(try client.command("GET", "v").text?.utf8.count == 1_000_000)
      }
      try eventually("they hold what they have asked for") {
        try sluice.status().number("clients.memory") ?? 0 > 150_000_000
      }
      let most = try field("VmRSS", pid)
      #expect(most - before > 150_000)
      greedy = []
      try eventually(within: .seconds(10), "it is given back") {
        try field("VmRSS", pid) < before + (most - before) / 4
      }
      #expect(try sluice.status().number("clients.memory") == 0)
    }

    @Test("limits.memory is a bound on all of them together: the greediest goes, the others do not notice")
    func memoryBound() throws {
      var options = SluiceProcess.Options(stage: "off")
      options.yaml = "limits: {memory: 32mb}\n"
      let stacks = try TwoStacks(options)
      let (sluice, client) = (stacks.sluice, try stacks.sluice.client())
      #expect(try client.command("SET", "v", String(repeating: "x", count: 1_000_000)) == .status("OK"))
      let greedy = try (0..<40).map { _ in try SocketClient(port: sluice.port) }
      for _ in 0..<6 {
        for socket in greedy { try? socket.send("GET v\r\n") }
        #expect(try client.command("GET", "v").text?.utf8.count == 1_000_000)
      }
      try eventually("the greediest are closed") {
        try sluice.status().number("clients.cut_off_for_memory") ?? 0 > 0
      }
      try eventually("the bound holds") {
        try sluice.status().number("clients.memory") ?? .infinity <= 32 * 1_048_576
      }
      #expect(
        sluice.child.errors.contains(
          "clients hold more than limits.memory (32mb): closed the greediest, 127.0.0.1:"))
      #expect(try client.command("PING") == .status("PONG"))
    }
  }
}
