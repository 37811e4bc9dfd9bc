import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Clients that ask for much at once, or leave early.
  @Suite struct HeavyClientTests {
    @Test("values of megabytes, in and out, on both stacks", arguments: [1, 2])
    func bigValues(threads: Int) throws {
      let stacks = try TwoStacks(stage: "live", percent: 50, threads: threads)
      let client = try stacks.sluice.client()
      let keys = (0..<8).map { "big:\($0)" }
      // Every byte there is, and no two values alike.
      let values = keys.map { key in
        Array(repeatElement(Array(key.utf8) + Array(0...255), count: 4000).joined())
      }
      for (key, value) in zip(keys, values) {
        #expect(try client.command([Array("SET".utf8), Array(key.utf8), value]) == .status("OK"))
      }
      let all = try client.command((["MGET"] + keys).map { Array($0.utf8) })
      #expect(all == .array(values.map { .string($0) }))
      try stacks.expectAgreement()
    }

    @Test("a pipeline of forty thousand commands in one go", arguments: [1, 2])
    func longPipeline(threads: Int) throws {
      let stacks = try TwoStacks(stage: "live", percent: 50, threads: threads)
      let client = try stacks.sluice.client()
      for index in 0..<20_000 {
        try client.append("SET", "key:\(index % 5000)", "\(index)")
        try client.append("GET", "key:\(index % 5000)")
      }
      var wrong = 0
      for index in 0..<20_000 {
        if try client.reply() != .status("OK") { wrong += 1 }
        if try client.reply().text != "\(index)" { wrong += 1 }
      }
      #expect(wrong == 0)
      try stacks.expectAgreement()
    }

    @Test("a client that has said everything still gets every reply", arguments: [1, 2])
    func halfClosed(threads: Int) throws {
      let stacks = try TwoStacks(stage: "live", percent: 50, threads: threads)
      let socket = try SocketClient(port: stacks.sluice.port)
      for index in 0..<300 { try socket.send("SET key:\(index) \(index)\r\nGET key:\(index)\r\n") }
      try socket.send("QUIT\r\n")
      socket.finishSending()
      let replies = try socket.replies(601)
      #expect(replies.last == "+OK\r\n")
      #expect(replies[599] == "$3\r\n299\r\n")
      #expect(try socket.untilClosed() == "")
    }

    @Test("clients that leave without reading harm nobody")
    func leaveEarly() throws {
      let stacks = try TwoStacks(stage: "live", percent: 50, threads: 2)
      let client = try stacks.sluice.client()
      #expect(try client.command("SET", "big", String(repeating: "x", count: 100_000)) == .status("OK"))
      for _ in 0..<50 {
        let socket = try SocketClient(port: stacks.sluice.port)
        try socket.send(String(repeating: "GET big\r\nINCR n\r\nGET nothing\r\n", count: 20))
      }
      try eventually("they are gone") { try stacks.sluice.status().number("clients.connected") == 1 }
      #expect(try client.command("PING") == .status("PONG"))
      try eventually("nothing is left in flight") {
        let status = try stacks.sluice.status()
        return status.number("stacks.legacy.in_flight") == 0 && status.number("stacks.new.in_flight") == 0
      }
      #expect(stacks.sluice.child.isRunning)
    }
  }
}
