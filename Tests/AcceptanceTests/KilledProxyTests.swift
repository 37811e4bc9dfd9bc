import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// `kill -9` of the proxy: what nobody knows the end of is a suspect at the next start (law 7).
  @Suite struct KilledProxyTests {
    /// A write that the primary carries out after the proxy is gone never reaches the mirror by itself.
    @Test(arguments: [1, 2]) func aWriteInFlightIsRepairedAfterTheRestart(threads: Int) throws {
      var options = SluiceProcess.Options(stage: "dualwrite", threads: threads)
      // Legacy is to hang for as long as the test takes; a connection that is cut takes its commands along.
      options.yaml = "timeouts:\n  command: 60s\n"
      let stacks = try TwoStacks(options)
      let client = try stacks.sluice.client()
      let keys = (0..<20).map { "key:\($0)" }
      for key in keys { #expect(try client.command("SET", key, "old") == .status("OK")) }
      try eventually("the mirror has the old values") {
        try stacks.new.client().command("GET", keys[19]) == .string(Array("old".utf8))
      }

      stacks.legacy.pause()
      let writers = try keys.map { key in
        let socket = try SocketClient(port: stacks.sluice.port)
        try socket.send("*3\r\n$3\r\nSET\r\n$\(key.utf8.count)\r\n\(key)\r\n$3\r\nnew\r\n")
        return socket
      }
      try eventually("the writes are in flight") {
        try stacks.sluice.status().number("stacks.legacy.in_flight") ?? 0 >= Double(keys.count)
      }
      stacks.sluice.child.send(SIGKILL)
      _ = try stacks.sluice.child.wait(within: .seconds(10))
      stacks.legacy.resume()
      let legacy = try stacks.legacy.client()
      try eventually("legacy has carried out what was sent to it") {
        try keys.allSatisfy { try legacy.command("GET", $0) == .string(Array("new".utf8)) }
      }
      #expect(try stacks.new.client().command("GET", keys[0]) == .string(Array("old".utf8)))

      try stacks.sluice.restart()
      let new = try stacks.new.client()
      try eventually("the mirror is repaired") {
        try keys.allSatisfy { try new.command("GET", $0) == .string(Array("new".utf8)) }
      }
      // Counted when new has said so.
      try eventually("every repair is counted") {
        try stacks.sluice.status().number("stacks.new.suspects_repaired") == Double(keys.count)
      }
      withExtendedLifetime(writers) {}
    }

    /// What memory was told in the place of a layered stack is gone with the process, and so is the list of the keys that the
    /// endpoint must forget: then it must forget all.
    @Test func anOutageOutlivesTheProcess() throws {
      var options = SluiceProcess.Options(stage: "live", percent: 100)
      options.yaml = """
        stacks:
          new: {preset: web_app, command_timeout: 400ms, connect_timeout: 400ms}

        """
      let stacks = try TwoStacks(options)
      let client = try stacks.sluice.client()
      #expect(try client.command("SET", "k", "old") == .status("OK"))
      stacks.new.pause()
      try eventually("memory answers") {
        _ = try client.command("GET", "untouched")
        return try stacks.sluice.status().text("stacks.new.layers.memory_since") != nil
      }
      try eventually("it is told") { try client.command("SET", "k", "new") == .status("OK") }
      #expect(try client.command("GET", "k").text == "new")
      stacks.sluice.child.send(SIGKILL)
      _ = try stacks.sluice.child.wait(within: .seconds(10))
      stacks.new.resume()
      // What new has not read of its sockets while it stood still it carries out now: the old value may have gone with that.
      _ = try stacks.new.client().command("SET", "k", "old")

      try stacks.sluice.restart()
      func ask(_ key: String) throws -> String? {
        var answer: String?
        try eventually("new answers") {
          guard case .error = try stacks.sluice.client().command("GET", key) else {
            answer = try stacks.sluice.client().command("GET", key).text
            return true
          }
          return false
        }
        return answer
      }
      #expect(try ask("k") != "old")
      // On a busy machine memory may stand in for a moment again, and what it is told goes with the process.
      try eventually("new is told") {
        guard try stacks.sluice.client().command("SET", "k", "newer") == .status("OK") else { return false }
        return try stacks.new.client().command("GET", "k").text == "newer"
      }
      // That is settled: the next start believes what it finds.
      stacks.sluice.child.send(SIGKILL)
      _ = try stacks.sluice.child.wait(within: .seconds(10))
      try stacks.sluice.restart()
      #expect(try ask("k") == "newer")
      #expect(try stacks.new.client().command("GET", "k").text == "newer")
    }

    /// Suspects that wait for a mirror which is away outlive a kill as well as an orderly end.
    @Test(arguments: [SIGKILL, SIGTERM]) func suspectsOutliveTheProcess(signal: Int32) throws {
      let stacks = try TwoStacks(stage: "live", percent: 100)
      let client = try stacks.sluice.client()
      #expect(try client.command("SET", "k", "old") == .status("OK"))
      try eventually("the mirror has it") {
        try stacks.legacy.client().command("GET", "k") == .string(Array("old".utf8))
      }
      // Legacy, the mirror of every key, refuses the write: it must not answer for the key before it is repaired.
      _ = try stacks.legacy.client().command("CONFIG", "SET", "min-replicas-to-write", "1")
      #expect(try client.command("SET", "k", "new") == .status("OK"))
      try eventually("the key is a suspect") {
        try stacks.sluice.status().number("stacks.legacy.suspects") == 1
      }
      stacks.sluice.child.send(signal)
      _ = try stacks.sluice.child.wait(within: .seconds(20))
      #expect(try stacks.legacy.client().command("GET", "k") == .string(Array("old".utf8)))

      try stacks.sluice.replaceFlags(FlagText.make(stage: "off"))
      try stacks.sluice.restart()
      _ = try stacks.legacy.client().command("CONFIG", "SET", "min-replicas-to-write", "0")
      // Nothing repairs it in `off`; what legacy holds is older than what was acknowledged, so it may only be forgotten.
      #expect(try stacks.sluice.client().command("GET", "k") == .null)
    }
  }
}
